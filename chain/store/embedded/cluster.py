"""One PostgreSQL data folder: made whole or not at all, cleared, and served.

Specification: design/stack.md, "launcher facts".
Tests: tests/chain/store/test_embedded.py, test_embedded_crashes.py.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.store.embedded import processes
from chain.store.embedded.account import Account
from chain.store.embedded.errors import FolderInUseError, ServerStartError, SettingRefusedError
from chain.store.embedded.layout import Layout, Runtime

# For a ledger on a small machine: nothing acknowledged is ever lost, and the
# checkpoints of a bulk load stay far apart.
SETTINGS: Mapping[str, str] = {
    "autovacuum": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "jit": "off",
    "log_timezone": "UTC",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "wal_level": "replica",
}

RESERVED = frozenset(
    {
        "cluster_name",
        "config_file",
        "data_directory",
        "external_pid_file",
        "hba_file",
        "ident_file",
        "listen_addresses",
        "port",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
    }
)

_DRAFT = "data.new-"
_RETRY = 15.0  # seconds that a server which is going down may take
_STRANGER = 1.0 if processes.HAS_PROC else _RETRY  # the same for one that is not ours
_ORPHANS = 1.0  # seconds for the children of a killed postmaster to notice
_KILL_AFTER = 5.0  # seconds between asking and killing

# Single-user mode ends a statement at an empty line.
_FIRST_STATEMENTS = """\
CREATE ROLE xiyou_owner LOGIN;

CREATE ROLE xiyou_app LOGIN;

CREATE DATABASE xiyou OWNER xiyou_owner;

REVOKE ALL ON DATABASE xiyou FROM PUBLIC;

GRANT CONNECT ON DATABASE xiyou TO xiyou_app;

"""


def check_settings(settings: Mapping[str, str]) -> None:
    """Refuse settings that the launcher chooses itself.

    Raises:
        SettingRefusedError: one of *settings* is such a one, or no setting's name.
    """
    for name in settings:
        if name in RESERVED:
            raise SettingRefusedError(
                f"setting {name} of the embedded PostgreSQL is the launcher's own; leave it out, "
                f"or run a server of your own and name it by XIYOU_DATABASE_URL"
            )
        if not name.replace("_", "").replace(".", "").isalnum():
            raise SettingRefusedError(f"setting {name!r} is not the name of a PostgreSQL setting")


@dataclass(frozen=True)
class Cluster:
    """A data folder, the programs that serve it and the user they run as."""

    layout: Layout
    account: Account
    binaries: Path
    settings: Mapping[str, str]

    def initialise(self) -> None:
        """Make the data folder with its roles and its database.

        Raises:
            ServerStartError: initdb failed.
        """
        for left in self.layout.root.glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self.layout.root))
        self.account.give(draft)
        with self.account.entrance(draft) as (name, inherited):
            self._finish(inherited, ["initdb", "-D", name, *self._initdb_options()])
            alone = ["-c", "exit_on_error=on", "-c", f"fsync={self.settings.get('fsync', 'on')}"]
            self._finish(
                inherited,
                ["postgres", "--single", "-j", "-D", name, *alone, "postgres"],
                text=_FIRST_STATEMENTS,
            )
        # Dying before this line leaves a draft, which the next start removes;
        # after it, a data folder with everything in it.
        draft.rename(self.layout.data)
        _sync_folder(self.layout.root)

    def _initdb_options(self) -> list[str]:
        """Return how every data folder of ours is made."""
        options = [
            *("--username=postgres", "--encoding=UTF8", "--locale=C", "--data-checksums"),
            *("--auth-local=trust", "--auth-host=reject"),
        ]
        return [*options, "--no-sync"] if self.settings.get("fsync") == "off" else options

    def _finish(self, inherited: Sequence[int], command: list[str], *, text: str = "") -> None:
        """Run one of the programs to its end; it dies with us, half done."""
        answer = self.account.run(
            [self.binaries / command[0], *command[1:]],
            pass_fds=inherited,
            input=text,
            preexec_fn=processes.dying_with_parent(signal.SIGKILL),
        )
        if answer.returncode != 0:
            raise ServerStartError(
                f"{command[0]} ended with {answer.returncode} in {self.layout.root}: "
                f"{(answer.stderr or answer.stdout).strip()[-2000:]}"
            )

    def clear(self, reap: Callable[[], None]) -> None:
        """Wait until no server is left on the data folder, and end a dead one's orphans.

        *reap* takes leave of our own ended children, and is called again and again.

        Raises:
            FolderInUseError: a server that is not ours runs on it.
        """
        started = time.monotonic()
        patience = _ORPHANS if self._dead_postmaster() else _RETRY
        while left := processes.servers_named(self.layout.token):
            waited = time.monotonic() - started
            if waited > patience + _KILL_AFTER:
                processes.signal_all(left, signal.SIGKILL)
            elif waited > patience:
                processes.signal_all(left, signal.SIGQUIT)
            time.sleep(0.02)
            reap()
        found = self.layout.postmaster()
        if found is None:
            return
        while processes.is_postgres_in(found[0], self.layout.data):
            if time.monotonic() - started > _STRANGER:
                raise FolderInUseError(
                    f"data folder {self.layout.data} is in use by PostgreSQL process {found[0]}, "
                    f"which is not ours; stop it (pg_ctl stop) or name another folder"
                )
            time.sleep(0.1)
        if processes.exists(found[0]):
            # The pid is a stranger's or a zombie's. PostgreSQL would take it for a
            # server; its check of the shared memory remains without the file.
            (self.layout.data / "postmaster.pid").unlink(missing_ok=True)

    def _dead_postmaster(self) -> bool:
        """Tell whether ``postmaster.pid`` names a process that has ended."""
        found = self.layout.postmaster()
        return found is not None and not processes.is_alive(found[0])

    def serve(self, runtime: Runtime) -> subprocess.Popen[bytes]:
        """Start the server; it ends when this process does, however that ends."""
        folder = str(runtime.sockets).replace('"', '""')
        settings = (
            {"wal_compression": self._wal_compression()}
            | dict(SETTINGS)
            | dict(self.settings)
            | {
                "cluster_name": self.layout.token,
                "listen_addresses": "",
                "port": "5432",
                "unix_socket_directories": f'"{folder}"',
                "unix_socket_permissions": "0700",
            }
        )
        command: list[str] = []
        for setting, value in settings.items():
            command += ["-c", f"{setting}={value}"]
        with (
            self.layout.log.open("ab") as log,
            self.account.entrance(self.layout.data) as (name, inherited),
        ):
            return subprocess.Popen(  # noqa: S603 — our own program
                [self.binaries / "postgres", "-D", name, *command],
                stdout=log,
                stderr=log,
                pass_fds=inherited,
                # Fast shutdown, should we be killed: the server must not outlive us.
                preexec_fn=processes.dying_with_parent(signal.SIGINT),  # noqa: PLW1509 — one thread
                **self.account.process(),
            )

    def _wal_compression(self) -> str:
        """Return the best method that the server was built with: lz4 or none."""
        with self.account.entrance(self.layout.data) as (name, inherited):
            asked = ["-C", "wal_compression", "-c", "wal_compression=lz4"]
            answer = self.account.run(
                [self.binaries / "postgres", "-D", name, *asked], pass_fds=inherited
            )
        return "lz4" if answer.returncode == 0 else "off"


def _sync_folder(folder: Path) -> None:
    """Make a rename in *folder* last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
