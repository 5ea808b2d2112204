"""What the operating system says about processes, and what dies with whom.

Specification: design/stack.md, "launcher facts" (a zombie or a foreign pid in
``postmaster.pid`` is dead).
Tests: tests/chain/store/test_embedded_processes.py.

On Linux ``/proc`` and ``prctl`` answer exactly. Elsewhere a pid that exists is
taken for alive, and orphans are found by PostgreSQL's own checks alone.
"""

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

HAS_PROC = (_PROC / "self" / "cwd").is_symlink()


def is_alive(pid: int) -> bool:
    """Tell whether *pid* runs; a zombie has ended and only waits to be counted."""
    if HAS_PROC:
        return _state(pid) not in {"", "Z", "X"}
    return exists(pid)


def exists(pid: int) -> bool:
    """Tell whether *pid* is taken, be it by a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_postgres_in(pid: int, folder: Path) -> bool:
    """Tell whether *pid* is a PostgreSQL process working in *folder*.

    Where the working folder cannot be read (root without the right to trace,
    as in many containers) any PostgreSQL counts: refusing is the safe error.
    """
    if not is_alive(pid):
        return False
    if not HAS_PROC:
        return True
    if _read(pid, "comm").strip() not in {"postgres", "postmaster"}:
        return False
    try:
        return (_PROC / str(pid) / "cwd").samefile(folder)
    except OSError:
        return is_alive(pid)


def servers_named(token: str) -> list[int]:
    """Return the pids of living PostgreSQL processes whose cluster is called *token*.

    PostgreSQL shows ``cluster_name`` in the title of each of its processes, so
    our own orphans are known even where their folders cannot be read.
    """
    if not HAS_PROC:
        return []
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        is_postgres = _read(pid, "comm").strip() in {"postgres", "postmaster"}
        if is_postgres and token in _read(pid, "cmdline") and is_alive(pid):
            found.append(pid)
    return found


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send *number* to each of *pids* that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def adopt_orphans() -> None:
    """Become the parent of our children's orphans, so that none can escape us."""
    if HAS_PROC:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def dying_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a new child runs to be sent *number* when its parent ends.

    Must run after the child has changed its user, which clears the request.
    """
    prctl = ctypes.CDLL(None).prctl if HAS_PROC else None
    parent = os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask


def ended_children(*, but: int | None) -> list[int]:
    """Return our children that have ended and are not counted yet, except *but*."""
    if not HAS_PROC:
        return []
    try:
        listed = (_PROC / "self" / "task" / str(os.getpid()) / "children").read_text()
    except OSError:
        return []
    return [pid for pid in map(int, listed.split()) if pid != but and _state(pid) == "Z"]


def _state(pid: int) -> str:
    """Return the one-letter state of *pid*, empty if there is no such process."""
    # "pid (name) S ...": the name may hold brackets and spaces, hence the last one.
    return _read(pid, "stat").rpartition(")")[2].strip()[:1]


def _read(pid: int, name: str) -> str:
    """Return a file of ``/proc/<pid>``, empty if the process has gone."""
    try:
        return (_PROC / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""
