"""Audits many stretches of the log at once, each in a process, and hands them on in order.

Each process reads its own rows, so that a second core halves the time; what it hands back
is a `RangeReport`, whose size does not depend on the entries'.
"""

import gc
import multiprocessing
import multiprocessing.pool
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from psycopg import Connection

from chain.audit import RangeReport, Row, audit_range
from chain.entry import HEADER, unescape_stream
from chain.errors import ChainError
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError, ReadableFiles
from chain.store.reader import STEP
from chain.tiles import TILE_WIDTH, Bundle, bundle_path, parse_bundle

WIDTH = 2**14
"""Entries of a stretch; a power of two, so that its tree is a subtree of the log's."""

ALONE = 2**16
"""A log up to this size is audited before another process would have started."""

AHEAD = 2
"""Stretches a process may be ahead of whoever takes them."""


SELDOM = (200_000, 20, 20)
"""Thresholds of Python's cycle collector: rows are many, and none of them is in a cycle."""


# A column may have lost its NOT NULL; what is missing is read as what is never right.
_ROWS = """
SELECT leaf_index, coalesce(stream, ''), coalesce(seq, -1), coalesce(type, ''),
coalesce(entry, '') FROM entries
WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index
"""


Pending: TypeAlias = "multiprocessing.pool.AsyncResult[RangeReport]"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One piece of work."""

    start: int
    stop: int
    cuts: tuple[int, ...]


class FromDatabase:
    """Audits stretches of the entries that a database holds; can be sent to a process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    def __getstate__(self) -> str:
        return self._url

    def __setstate__(self, url: str) -> None:
        self.__init__(url)  # type: ignore[misc] # a connection does not travel

    def __call__(self, stretch: Stretch) -> RangeReport:
        """Audit *stretch*."""
        if self._connection is None:
            self._connection = Database(self._url).connect()
        rows = stored_rows(self._connection, stretch.start, stretch.stop)
        return audit_range(stretch.start, rows, stretch.cuts)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class FromFiles:
    """Audits stretches of the published entry bundles; can be sent to a process."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size

    def __call__(self, stretch: Stretch) -> RangeReport:
        """Audit *stretch*; it ends early where a bundle is missing or damaged in form."""
        folder = Folder(self._folder)
        rows = bundle_rows(folder, stretch.start, stretch.stop, self._size)
        return audit_range(stretch.start, rows, stretch.cuts, where="bundles")

    def close(self) -> None:
        """Nothing is open."""


def stored_rows(connection: Connection, start: int, stop: int) -> Iterator[list[Row]]:
    """Yield the entries ``[start, stop)`` of a database, some at a time."""
    for low in range(start, stop, STEP):
        yield connection.execute(_ROWS, [low, min(low + STEP, stop)], binary=True).fetchall()


def bundle_rows(files: ReadableFiles, start: int, stop: int, size: int) -> Iterator[list[Row]]:
    """Yield the entries ``[start, stop)`` of the published tree of *size* leaves."""
    for first in range(start - start % TILE_WIDTH, stop, TILE_WIDTH):
        bundle = Bundle(first // TILE_WIDTH, min(TILE_WIDTH, size - first))
        try:
            entries = read_bundle(files, bundle)
        except ChainError:
            return  # whoever judges the files names the fault
        low, high = max(0, start - first), stop - first
        yield [_row(index, entry) for index, entry in enumerate(entries[low:high], first + low)]


def read_bundle(files: ReadableFiles, bundle: Bundle) -> list[bytes]:
    """Return the entries of *bundle*, out of the full one where it is gone.

    Raises:
        MissingFileError: it is not there.
        MalformedError: it is damaged in form.
    """
    try:
        return parse_bundle(files.read(bundle.path), bundle.width)
    except MissingFileError:
        if bundle.width == TILE_WIDTH:
            raise
        try:
            full = parse_bundle(files.read(bundle_path(bundle.number)), TILE_WIDTH)
        except MissingFileError:
            raise MissingFileError(bundle.path) from None
        return full[: bundle.width]


def _row(index: int, entry: bytes) -> Row:
    """Return *entry* as if it were stored; one without a header leads to its finding."""
    match = HEADER.match(entry)
    if match is None:
        return index, "", -1, "", entry
    _, _, seq, stream, kind = match.groups()
    return index, unescape_stream(stream), int(seq), kind.decode(), entry


def stretches(start: int, size: int, cuts: Callable[[int], tuple[int, ...]]) -> Iterator[Stretch]:
    """Yield the stretches of ``[start, size)``; *cuts* gives the wanted sizes up to one."""
    for low in range(start, size, WIDTH):
        stop = min(low + WIDTH, size)
        yield Stretch(low, stop, cuts(stop))


def audit_stretches(
    work: FromDatabase | FromFiles, wanted: Iterable[Stretch], processes: int
) -> Iterator[tuple[Stretch, RangeReport]]:
    """Yield each of *wanted* with its report, in their order.

    Args:
        work: done to each.
        wanted: asked for a few at a time.
        processes: 1 to start none.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield from _audit_stretches(work, wanted, processes)
    finally:
        gc.set_threshold(*usual)
        work.close()


def _audit_stretches(
    work: FromDatabase | FromFiles, wanted: Iterable[Stretch], processes: int
) -> Iterator[tuple[Stretch, RangeReport]]:
    if processes <= 1:
        for stretch in wanted:
            yield stretch, work(stretch)
        return
    # Started afresh, not forked: a fork would share our database connections. This process
    # takes its share while the others are busy, or still starting.
    with multiprocessing.get_context("spawn").Pool(processes - 1, _start, (work,)) as pool:
        waiting: deque[tuple[Stretch, Pending | RangeReport]] = deque()
        for stretch in wanted:
            unready = sum(1 for _, each in waiting if not _is_ready(each))
            if unready < (processes - 1) * AHEAD:
                waiting.append((stretch, pool.apply_async(_work, (stretch,))))
            else:
                waiting.append((stretch, work(stretch)))
            while waiting and (_is_ready(waiting[0][1]) or len(waiting) > processes * 2 * AHEAD):
                done, result = waiting.popleft()
                yield done, _report_of(result)
        for done, result in waiting:
            yield done, _report_of(result)


def _is_ready(result: "Pending | RangeReport") -> bool:
    return isinstance(result, RangeReport) or result.ready()


def _report_of(result: "Pending | RangeReport") -> RangeReport:
    return result if isinstance(result, RangeReport) else result.get()


_here: list[FromDatabase | FromFiles] = []


def _start(work: FromDatabase | FromFiles) -> None:
    # An interruption is the first process's to handle; it ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*SELDOM)
    _here[:] = [work]


def _work(stretch: Stretch) -> RangeReport:
    return _here[0](stretch)
