"""The load of ``xiyou bench http``: a closed loop over a number of connections.

Each connection sends its next request when it has its answer. The client reads no more of an
answer than its status, its length and its place in the log, so as to leave the processors to
what is measured; what it takes of them itself is reported.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Final, cast

import uvloop

from scripts.bench.http_mix import Call

CONNECTIONS: Final = 64
GLANCE: Final = 0.01
"""Seconds between two looks at the published checkpoint."""
PATIENCE: Final = 20.0
"""Seconds for the last checkpoint."""
LONGEST: Final = 300.0
"""Seconds of a run."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_INDEX: Final = re.compile(rb'"indexes":\[[0-9]+,([0-9]+)\]')
_GOOD: Final = (b"200", b"201")


@dataclass
class Taken:
    """What a run has found, in seconds."""

    seconds: float = 0.0
    """From the first request to the last answer."""
    latency: dict[str, list[float]] = field(default_factory=dict)
    """By operation, of what was accepted."""
    indexes: list[tuple[float, int]] = field(default_factory=list)
    """When an answer came, and its command's last place in the log."""
    refused: dict[str, int] = field(default_factory=dict)
    """By operation and status."""
    checkpoints: list[tuple[float, int]] = field(default_factory=list)
    """When a checkpoint was seen first, and its size."""

    @property
    def accepted(self) -> int:
        """How many were."""
        return sum(len(each) for each in self.latency.values())

    def all_latencies(self) -> list[float]:
        """Return those of every operation."""
        return [each for some in self.latency.values() for each in some]

    def signed_after(self) -> list[float]:
        """Return the seconds from each answer to the first published checkpoint that has it."""
        found, places = [], iter(self.checkpoints)
        seen = next(places, None)
        for at, index in sorted(self.indexes, key=lambda each: each[1]):
            while seen is not None and seen[1] <= index:
                seen = next(places, None)
            if seen is None:
                break
            found.append(max(0.0, seen[0] - at))
        return found


def percentile(figures: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile; 0 of nothing."""
    if not figures:
        return 0.0
    return sorted(figures)[max(0, ceil(len(figures) * share) - 1)]


class _Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, calls: Iterator[Call], taken: Taken, done: asyncio.Future[None]) -> None:
        self._calls, self._taken, self._done = calls, taken, done
        self._answer = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._operation = ""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are of none of asyncio's classes.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._answer, 0, head + 2)
        whole = head + 4 + (int(length[1]) if length else 0)
        if len(self._answer) >= whole:
            self._note(bytes(self._answer[:whole]))
            del self._answer[:whole]
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server hung up"))

    def _send(self) -> None:
        assert self._transport is not None  # noqa: S101 — it is connected
        call = next(self._calls, None)
        if call is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._operation = call.operation
        self._sent = perf_counter()
        self._transport.write(call.request)

    def _note(self, answer: bytes) -> None:
        now, status = perf_counter(), answer[9:12]
        if status not in _GOOD:
            name = f"{self._operation} {status.decode()}"
            self._taken.refused[name] = self._taken.refused.get(name, 0) + 1
            return
        self._taken.latency.setdefault(self._operation, []).append(now - self._sent)
        index = _INDEX.search(answer)
        if index is not None:
            self._taken.indexes.append((now, int(index[1])))


def load(port: int, calls: Sequence[Call], checkpoint: Path | None = None) -> Taken:
    """Send *calls* over 64 connections, and return what came of them.

    Args:
        port: of the server, on this machine.
        calls: that are shared out as connections become free.
        checkpoint: the published file; watched until it holds every command, where given.

    Raises:
        ConnectionError: the server hung up.
        TimeoutError: it, or its publisher, does not come to an end.
    """
    return uvloop.run(_load(port, calls, checkpoint))


async def _load(port: int, calls: Sequence[Call], checkpoint: Path | None) -> Taken:
    taken, loop, shared = Taken(), asyncio.get_running_loop(), iter(calls)
    watching = asyncio.ensure_future(_watch(checkpoint, taken)) if checkpoint else None
    began = perf_counter()
    ends = []
    for _ in range(CONNECTIONS):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        await loop.create_connection(partial(_Asking, shared, taken, done), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*ends), LONGEST)
    taken.seconds = perf_counter() - began
    if watching is not None:
        last = max((index for _, index in taken.indexes), default=-1)
        await asyncio.wait_for(_has(taken, last), PATIENCE)
        watching.cancel()
    return taken


async def _has(taken: Taken, last: int) -> None:
    """Wait until a checkpoint was seen that holds the index *last*."""
    while not taken.checkpoints or taken.checkpoints[-1][1] <= last:  # noqa: ASYNC110 — its writer is another process
        await asyncio.sleep(GLANCE)


async def _watch(checkpoint: Path, taken: Taken) -> None:
    """Note when a new checkpoint can be had."""
    while True:
        size = _size(checkpoint)
        if size and (not taken.checkpoints or taken.checkpoints[-1][1] != size):
            taken.checkpoints.append((perf_counter(), size))
        await asyncio.sleep(GLANCE)


def _size(checkpoint: Path) -> int:
    """Return the size that the published checkpoint says; 0 if there is none yet."""
    try:
        return int(checkpoint.read_bytes().split(b"\n", 2)[1])
    except FileNotFoundError:
        return 0
