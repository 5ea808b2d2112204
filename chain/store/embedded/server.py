"""The owner's side of the embedded PostgreSQL: start it, use it, let it go.

Specification: design/stack.md, "database, embedded default" and "launcher facts".
Tests: tests/chain/store/test_embedded.py and its neighbours test_embedded_*.py.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from chain.store.embedded.cluster import check_settings
from chain.store.embedded.errors import FolderInUseError, ServerError, ServerStartError, error_named
from chain.store.embedded.layout import Layout
from chain.store.embedded.supervisor import last_words, say

PORT = 5432  # the socket's name needs one; nothing listens on TCP

_BUSY = 90.0  # seconds that a supervisor which is stopping its server may take
_HERE = Path(__file__).resolve().parents[3]  # the folder that holds the package "chain"
_PROGRAM = (
    "import json, sys; sys.path += json.loads(sys.argv[1]); "
    "from chain.store.embedded.supervisor import main; main(int(sys.argv[2]), sys.argv[3])"
)

_attached: "weakref.WeakSet[EmbeddedPostgres]" = weakref.WeakSet()


class EmbeddedPostgres:
    """A PostgreSQL of our own in *folder*, shared by all processes that start it.

    It runs as long as one of them holds it, and ends with the last one, however
    that one ends; a server that is killed is started again. It can be reached
    by a Unix socket alone, which only the user it runs as (and root) can open.
    There is a database ``xiyou`` of the role ``xiyou_owner``, a role
    ``xiyou_app`` that may connect to it and nothing else, and the superuser
    ``postgres``.

    *settings* are PostgreSQL's, over the launcher's own; those of the process
    that really starts the server count. *binaries* names a folder of programs
    other than the one that is found.

    Can be started and stopped again and again. A forked child holds nothing:
    it must start for itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        self._settings = dict(settings or {})
        check_settings(self._settings)
        self._layout = Layout(Path(folder).absolute())
        self._binaries = binaries
        self._connection: socket.socket | None = None
        self._lock = threading.RLock()

    def start(self) -> Self:
        """Return when the server answers, started by us or by another process.

        Raises:
            ServerError: it cannot be had; the class and the text say why.
        """
        with self._lock:
            if self._connection is not None and _is_over(self._connection):
                # The supervisor gave up, and our watch has not noticed yet.
                self._connection.close()
                self._connection = None
            if self._connection is None:
                self._layout.create()
                self._connection = self._attach()
                _attached.add(self)
                threading.Thread(
                    target=self._watch, args=(self._connection,), name="postgres-watch", daemon=True
                ).start()
        return self

    def stop(self) -> None:
        """Let the server go; if we were its last owner, return when it has stopped."""
        with self._lock:
            connection, self._connection = self._connection, None
            _attached.discard(self)
        if connection is not None:
            say(connection, "bye")
            with contextlib.suppress(OSError):
                while connection.recv(4096):
                    pass
            connection.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """The folder that everything of this server lies in."""
        return self._layout.root

    @property
    def pid(self) -> int:
        """The postmaster's process id; another one after it was killed.

        Raises:
            ServerError: the server does not run.
        """
        found = self._layout.postmaster()
        if found is None:
            raise ServerError(
                f"no server runs on {self._layout.root} now; call start(), or wait while a "
                f"server that was killed comes back"
            )
        return found[0]

    @property
    def socket_folder(self) -> Path:
        """The folder of the server's socket; the same as long as it has owners.

        Raises:
            ServerError: the server does not run.
        """
        found = self._layout.recorded()
        if found is None:
            raise ServerError(
                f"no server runs on {self._layout.root} now; call start(), or wait while a "
                f"server that was killed comes back"
            )
        return found[1].sockets

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return ``postgresql://user@/database?host=…``."""
        host, user, database = (
            quote(each, safe="") for each in (str(self.socket_folder), user, database)
        )
        return f"postgresql://{user}@/{database}?host={host}&port={PORT}"

    def conninfo(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the same as libpq's ``key='value'`` pairs."""
        values = {
            "host": str(self.socket_folder),
            "port": str(PORT),
            "user": user,
            "dbname": database,
        }
        return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())

    def _attach(self) -> socket.socket:
        """Return a connection to the supervisor of a server that is ready."""
        give_up = time.monotonic() + _BUSY
        while True:
            connection = self._knock()
            ours = connection is None
            connection = connection or self._spawn()
            answer = _hear(connection)
            if "ready" in answer:
                return connection
            connection.close()
            if "error" in answer:
                raise error_named(*answer["error"])
            if ours and "busy" not in answer:
                raise ServerStartError(
                    f"the supervisor of {self._layout.root} ended before the server was ready; "
                    f"{self._layout.log} ends: {last_words(self._layout)}"
                )
            # Another process starts or stops the server at this very moment.
            if time.monotonic() > give_up:
                raise FolderInUseError(
                    f"supervisor {answer.get('busy')} holds {self._layout.root} and does not "
                    f"answer; end that process"
                )
            time.sleep(0.1)

    def _knock(self) -> socket.socket | None:
        """Return a connection to the supervisor that runs already, if one does."""
        found = self._layout.recorded()
        if found is None or not found[1].is_ours():
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(found[1].control))
        except OSError:
            connection.close()
            return None
        return connection

    def _spawn(self) -> socket.socket:
        """Start a supervisor of our own and return our connection to it."""
        plan = json.dumps(
            {
                "folder": str(self._layout.root),
                "settings": self._settings,
                "binaries": str(self._binaries) if self._binaries else None,
            }
        )
        # Isolated from the environment, it finds modules (and the wheel) where we do.
        path = json.dumps([str(_HERE), *(each for each in sys.path if Path(each).is_absolute())])
        ours, theirs = socket.socketpair()
        with theirs, self._layout.log.open("ab") as log:
            descriptor = theirs.fileno()
            try:
                subprocess.run(  # noqa: S603 — ourselves
                    [sys.executable, "-I", "-c", _PROGRAM, path, str(descriptor), plan],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(descriptor,),
                    start_new_session=True,
                )
            except (OSError, subprocess.CalledProcessError) as error:
                ours.close()
                raise ServerStartError(
                    f"the supervisor of {self._layout.root} did not start: {error}; "
                    f"{self._layout.log} ends: {last_words(self._layout)}"
                ) from error
        return ours

    def _watch(self, connection: socket.socket) -> None:
        """Bring the server back if its supervisor is killed while we hold it."""
        dismissed = b""
        with contextlib.suppress(OSError):
            dismissed = connection.recv(1, socket.MSG_PEEK)
        with self._lock:
            if self._connection is connection:
                connection.close()
                self._connection = None
                # A supervisor that gave up says so; only one that was killed says nothing.
                if not dismissed:
                    with contextlib.suppress(ServerError):
                        self.start()


def _hear(connection: socket.socket) -> dict[str, Any]:
    """Return what the supervisor says, nothing if it ends instead."""
    said = b""
    try:
        while b"\n" not in said:
            part = connection.recv(65536)
            if not part:
                return {}
            said += part
    except OSError:
        return {}
    answer = json.loads(said.partition(b"\n")[0])
    assert isinstance(answer, dict)  # noqa: S101 — our own supervisor
    return answer


def _is_over(connection: socket.socket) -> bool:
    """Tell whether the supervisor has said its last word on *connection*, or has gone."""
    try:
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _quoted(value: str) -> str:
    """Return *value* as libpq reads it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _forget_in_child() -> None:
    """Drop a forked child's copies of our connections, which would keep the server up."""
    for each in list(_attached):
        connection, each._connection = each._connection, None  # noqa: SLF001 — the same module
        each._lock = threading.RLock()  # noqa: SLF001 — the parent may have held it
        if connection is not None:
            connection.close()
    _attached.clear()


os.register_at_fork(after_in_child=_forget_in_child)
