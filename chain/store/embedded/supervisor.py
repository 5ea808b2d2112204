"""The process that keeps one embedded server: up while it has owners, and no longer.

Specification: design/stack.md, "launcher facts".
Tests: tests/chain/store/test_embedded_sharing.py, test_embedded_crashes.py.

Every owner holds a connection to the supervisor, so the kernel says when one
is gone, however it went. When the last one is gone the server is stopped. When
the server dies while it has owners it is started again. When the supervisor
dies the kernel tells the server to stop (`processes.dying_with_parent`).

Words on a connection, each one line of JSON. From the supervisor, once:
``{"ready": pid}``, ``{"busy": pid}`` (another supervisor lives; try that one) or
``{"error": [class, text]}``. From an owner: ``"bye"``; the supervisor answers by
closing, for the last owner only after the server has stopped.
"""

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from chain.store.embedded import processes
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import find_binaries, major_version
from chain.store.embedded.cluster import Cluster
from chain.store.embedded.errors import BinariesMissingError, ServerError, ServerStartError
from chain.store.embedded.layout import Layout, Runtime

GRACE = 0.5  # seconds between a last owner's death and the stop
_TICK = 0.02  # seconds between looks while something is expected
_IDLE = 5.0  # seconds between looks otherwise; a signal or an owner wakes us before
_PATIENCE = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_MOST_DEATHS = 5  # in _DEATHS_WITHIN seconds: then something is wrong that no restart mends
_DEATHS_WITHIN = 60.0
_LONGEST_BACK_OFF = 5.0
_HELD_UP = 15.0  # seconds
_HELD_UP_PAUSE = 0.5
_HELD_UP_WORDS = ('lock file "postmaster.pid" already exists', "is still in use")


class Supervisor:
    """Serves *cluster* to its owners, of which *first* is the one that started us."""

    def __init__(self, cluster: Cluster, runtime: Runtime, first: socket.socket) -> None:
        self._cluster = cluster
        self._runtime = runtime
        self._selector = selectors.DefaultSelector()
        self._owners: set[socket.socket] = set()
        self._told: set[socket.socket] = set()
        self._server: subprocess.Popen[bytes] | None = None
        self._deaths: list[float] = []
        self._lonely_since: float | None = None
        self._stopping = False
        self._born = time.monotonic()
        self._door = self._open_door()
        self._wake = self._wake_on_signals()
        self._welcome(first)

    def run(self) -> None:
        """Keep the server until the last owner is gone."""
        try:
            self._start()
            while not self._stopping:
                self._look()
        finally:
            # Nobody may knock any more: who comes now starts the next supervisor,
            # which waits for the lock that we hold until we end.
            self._selector.close()
            self._door.close()
            self._runtime.control.unlink(missing_ok=True)
            self._stop()

    def _open_door(self) -> socket.socket:
        """Listen for further owners."""
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(str(self._runtime.control))
        self._runtime.control.chmod(0o600)
        door.listen(64)
        self._selector.register(door, selectors.EVENT_READ)
        return door

    def _wake_on_signals(self) -> socket.socket:
        """Let the end of a child, or a request to stop, interrupt the wait."""
        wake, ring = socket.socketpair()
        wake.settimeout(0)
        ring.settimeout(0)
        signal.set_wakeup_fd(ring.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stopping", True))
        self._selector.register(wake, selectors.EVENT_READ)
        return wake

    def _look(self) -> None:
        """Wait for something to happen, and act on it."""
        waiting = self._owners != self._told or self._lonely_since is not None
        for key, _ in self._selector.select(_TICK if waiting else _IDLE):
            if not self._stopping:  # who knocks now is not let in, and comes again
                self._answer(key.fileobj)
        if self._stopping:
            return
        self._reap()
        if self._server is not None and self._server.returncode is not None:
            self._restart()
        self._tell()
        self._mind_loneliness(time.monotonic())

    def _answer(self, ready: object) -> None:
        """Act on the socket that has something for us."""
        if ready is self._door:
            with contextlib.suppress(OSError):
                self._welcome(self._door.accept()[0])
        elif ready is self._wake:
            self._wake.recv(4096)
        elif isinstance(ready, socket.socket):
            self._listen(ready)

    def _mind_loneliness(self, now: float) -> None:
        """Stop when there has been no owner for as long as the grace."""
        if self._owners:
            self._lonely_since = None
        elif self._lonely_since is None:
            self._lonely_since = now
        elif now - self._lonely_since > GRACE:
            self._stopping = True

    def _welcome(self, owner: socket.socket) -> None:
        """Count *owner* in; it is told when the server is ready."""
        owner.settimeout(1.0)
        self._owners.add(owner)
        self._selector.register(owner, selectors.EVENT_READ)

    def _listen(self, owner: socket.socket) -> None:
        """Take leave of *owner*: whatever it does now means that it goes."""
        try:
            said = owner.recv(4096)
        except OSError:
            said = b""
        self._selector.unregister(owner)
        if said and self._owners == {owner}:
            self._stopping = True  # it said so itself, and waits: no grace
            return
        self._owners.discard(owner)
        self._told.discard(owner)
        owner.close()

    def _tell(self) -> None:
        """Tell the owners that wait for it that the server is ready."""
        found = self._cluster.layout.postmaster()
        if self._server is None or found is None:
            return
        pid, status = found
        if pid != self._server.pid or not status.startswith("ready"):
            return
        for owner in self._owners - self._told:
            say(owner, {"ready": pid})
            self._told.add(owner)

    def _start(self) -> None:
        """Start the server when nothing is left of another."""
        self._cluster.clear(self._reap)
        self._runtime.prepare_sockets(self._cluster.account)
        self._server = self._cluster.serve(self._runtime)

    def _restart(self) -> None:
        """Start the server again after it died, later and later, and at last not at all.

        Raises:
            ServerStartError: it died again and again, or before it was ever ready.
        """
        now = time.monotonic()
        if not self._told and self._is_held_up(now):
            time.sleep(_HELD_UP_PAUSE)
            self._start()
            return
        self._deaths = [each for each in self._deaths if now - each < _DEATHS_WITHIN] + [now]
        if not self._told or len(self._deaths) > _MOST_DEATHS:
            raise ServerStartError(
                f"PostgreSQL ended by itself {len(self._deaths)} times; "
                f"see {self._cluster.layout.log}, which ends: {last_words(self._cluster.layout)}"
            )
        note(f"server ended with {self._server and self._server.returncode}; starting it again")
        if len(self._deaths) > 1:
            time.sleep(min(0.05 * 2 ** len(self._deaths), _LONGEST_BACK_OFF))
        self._start()

    def _is_held_up(self, now: float) -> bool:
        """Tell whether what is left of another server may soon let ours start.

        `Cluster.clear` has seen to that; but where other users' processes are
        hidden from us it saw nothing.
        """
        words = last_words(self._cluster.layout)
        return now - self._born < _HELD_UP and any(each in words for each in _HELD_UP_WORDS)

    def _stop(self) -> None:
        """Stop the server, ever more firmly, then let the last owners go."""
        for number, patience in _PATIENCE:
            if self._server is None or self._server.poll() is not None:
                break
            self._server.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(patience)
        with contextlib.suppress(ServerError):
            self._cluster.clear(self._reap)
        self._runtime.remove()
        self._cluster.layout.state.unlink(missing_ok=True)

    def dismiss(self, answer: Mapping[str, object]) -> None:
        """Tell all owners that they will have no server, and why."""
        for owner in self._owners:
            say(owner, answer)

    def _reap(self) -> None:
        """Count the ended children, our own and the adopted."""
        if self._server is not None:
            self._server.poll()
        for pid in processes.ended_children(
            but=None
            if self._server is None or self._server.returncode is not None
            else self._server.pid
        ):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def supervise(plan: Mapping[str, object], first: socket.socket) -> None:
    """Serve the folder of *plan* until its last owner is gone.

    Raises:
        ServerError: there is no serving it; *first* has been told.
    """
    layout = Layout(Path(str(plan["folder"])))
    try:
        with layout.lock.open("a+b") as lock:
            if not _locked(lock):
                last = layout.recorded()
                say(first, {"busy": last[0] if last else 0})
                return
            _serve(layout, plan, first)
    except ServerError as error:
        say(first, {"error": [type(error).__name__, str(error)]})
        raise
    except OSError as error:
        say(first, {"error": ["FolderUnusableError", f"{layout.root}: {error}"]})
        raise


def _serve(layout: Layout, plan: Mapping[str, object], first: socket.socket) -> None:
    """Prepare everything, then keep the server. We hold the folder's lock."""
    layout.rotate_log()
    log = os.open(layout.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    processes.adopt_orphans()
    account = Account.for_data(layout.data)
    binaries = Path(str(plan["binaries"])) if plan["binaries"] else find_binaries(account)
    major = major_version(binaries, account)
    if major is None:
        raise BinariesMissingError(
            f"the PostgreSQL programs in {binaries} cannot be run by user id {account.uid}; "
            f"mend their permissions or name others"
        )
    settings = plan["settings"]
    assert isinstance(settings, dict)  # noqa: S101 — our own plan
    cluster = Cluster(layout, account, binaries, settings)
    if not layout.check_version(major):
        cluster.initialise()
    runtime = layout.runtime(account)
    runtime.prepare(account)
    supervisor = Supervisor(cluster, runtime, first)
    layout.record(runtime)
    try:
        supervisor.run()
    except ServerError as error:
        supervisor.dismiss({"error": [type(error).__name__, str(error)]})
        raise


def _locked(lock: IO[bytes]) -> bool:
    """Take the lock that one supervisor a folder holds; tell whether we got it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def say(listener: socket.socket, word: object) -> None:
    """Send one line of JSON; a listener that has gone does not matter."""
    with contextlib.suppress(OSError):
        listener.sendall(json.dumps(word).encode() + b"\n")


def last_words(layout: Layout) -> str:
    """Return the end of the log."""
    try:
        return layout.log.read_bytes()[-1500:].decode(errors="replace").strip()
    except OSError:
        return ""


def note(text: str) -> None:
    """Write a line to the log."""
    sys.stderr.write(
        f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())} supervisor: {text}\n"
    )
    sys.stderr.flush()


def main(descriptor: int, plan: str) -> None:
    """Detach from the owner that started us, then supervise."""
    if os.fork():
        os._exit(0)
    # Ctrl-C in the terminal is for the owners; we go when they have gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.chdir("/")
    os.umask(0o077)
    with socket.socket(fileno=descriptor) as first:
        try:
            supervise(json.loads(plan), first)
        except (ServerError, OSError) as error:
            note(f"{type(error).__name__}: {error}")
            sys.exit(1)
