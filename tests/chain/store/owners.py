"""Owners of an embedded server that are processes of their own, so that they can be killed."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from chain.store.embedded import EmbeddedPostgres
from chain.store.embedded.layout import Layout
from chain.store.embedded.processes import is_alive, servers_named

REPOSITORY = Path(__file__).resolve().parents[3]

# A test's server is thrown away: what a loss of power would do to it is no
# question. Tests about that start a server of their own.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}

_OWNER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from chain.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[2]), settings=json.loads(sys.argv[3]))
server.start()
print(server.pid, flush=True)
exec(sys.argv[4])
sys.stdin.readline()
server.stop()
"""


class Owner:
    """A process that starts the server on a folder and holds it until it is told or killed."""

    def __init__(self, folder: Path, then: str = "") -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", _OWNER, str(REPOSITORY), str(folder)),
                *(json.dumps(FAST_SETTINGS), then),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def server_pid(self) -> int:
        """Wait until the server is ready."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        """Let the owner stop in an orderly way, and wait for it."""
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send *number* to the owner and all of its group, as a terminal does."""
        os.killpg(self.process.pid, number)
        self.process.communicate(timeout=30)


@contextmanager
def owning(folder: Path, then: str = "") -> Iterator[Owner]:
    """Start an owner that does not survive the test."""
    owner = Owner(folder, then)
    try:
        yield owner
    finally:
        if owner.process.poll() is None:
            owner.kill()
        for pipe in (owner.process.stdin, owner.process.stdout):
            if pipe is not None:
                pipe.close()


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until *holds*, and fail when it takes longer than *seconds*."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{holds} did not come true within {seconds} s"
        time.sleep(0.02)


def ask(server: EmbeddedPostgres, statement: str, **who: str) -> object:
    """Run one statement in a transaction of its own; return its only value, if it has one."""
    with psycopg.connect(server.conninfo(**who)) as connection:
        # The statements are the tests' own literals.
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def answers(server: EmbeddedPostgres) -> bool:
    """Tell whether the server takes a connection now."""
    try:
        return bool(ask(server, "SELECT 1"))
    except psycopg.OperationalError:
        return False


def supervisor_pid(folder: Path) -> int:
    """Return the process id of the supervisor of *folder*, 0 if there is none."""
    recorded = Layout(folder).recorded()
    return recorded[0] if recorded else 0


def is_released(folder: Path) -> bool:
    """Tell whether no supervisor holds *folder*."""
    with Layout(folder).lock.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def leaked(folder: Path) -> list[int]:
    """Return the processes of the server on *folder* that do not end, and end them."""
    layout = Layout(folder)
    if not layout.lock.is_file():
        return []
    recorded = layout.recorded()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if is_released(folder) and not servers_named(layout.token):
            return []
        time.sleep(0.02)
    left = servers_named(layout.token)
    if recorded is not None and is_alive(recorded[0]):
        left.append(recorded[0])
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left
