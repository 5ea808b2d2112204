"""Merging neighbouring ranges into one: sequential, in bounded memory, a step at a time.

Of a stream that is in several of them the last one's row stays. A merge of any size is done
in steps of some thousands of rows, so that nobody waits for it.
``tests/chain/store/stream_index/test_merging.py``.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from chain.errors import VerificationError
from chain.store.stream_index.range_file import RangeFile, RangeWriter
from chain.stream_index.ranges import Range
from chain.stream_index.rows import TypeRow, merge_types

ALL = 1 << 62
"""More rows than any merge has."""


class Source(Protocol):
    """A range to be merged."""

    @property
    def types(self) -> dict[str, TypeRow]:
        """Its type rows by type."""

    def chunks(self) -> Iterator[list[bytes]]:
        """Give its stream rows, sorted, some at a time."""


class Merge:
    """Makes the range *part* of *sources*, its parts from left to right."""

    def __init__(
        self, folder: Path, part: Range, sources: Sequence[Source], *, durable: bool = True
    ) -> None:
        self.part = part
        self.result: RangeFile | None = None
        self._sources = sources
        self._writer = RangeWriter(folder, part, durable=durable)
        self._steps = merged_rows(sources)

    def advance(self, rows: int) -> int:
        """Take about *rows* rows further; return how many it was, 0 at the end."""
        done = 0
        while done < rows:
            step = next(self._steps, None)
            if step is None:
                self._finish()
                break
            self._writer.add(step)
            done += len(step)
        return done

    def run(self) -> RangeFile:
        """Go on to the end, and return the range."""
        while self.result is None:
            self.advance(ALL)
        return self.result

    def abandon(self) -> None:
        """Give up; the parts stay as they are."""
        self._writer.abandon()

    def _finish(self) -> None:
        if self.result is None:
            self.result = self._writer.finish(merged_types(self._sources))


def merged_types(sources: Sequence[Source]) -> dict[str, TypeRow]:
    """Return the types of neighbouring ranges, a power of two of them, as of one."""
    found = [each.types for each in sources]
    while len(found) > 1:
        found = [
            merge_types(left, right) for left, right in zip(found[::2], found[1::2], strict=True)
        ]
    return found[0]


def merged_rows(sources: Sequence[Source]) -> Iterator[list[bytes]]:
    """Give the rows of *sources*, sorted, of each stream only the last source's."""
    feeds = [_Feed(each.chunks()) for each in sources]
    while any(feed.rows for feed in feeds):
        # Up to the smallest last name in hand, nothing can come after.
        bound = min(feed.names[-1] for feed in feeds if feed.rows)
        chosen: dict[bytes, bytes] = {}
        for feed in feeds:
            chosen.update(feed.take(bound))
        yield [chosen[name] for name in sorted(chosen)]


class _Feed:
    """The rows of one source that are in hand."""

    def __init__(self, chunks: Iterator[list[bytes]]) -> None:
        self._chunks = chunks
        self.rows: list[bytes] = []
        self.names: list[bytes] = []
        self._refill()

    def take(self, bound: bytes) -> list[tuple[bytes, bytes]]:
        """Return the rows up to the name *bound*, each behind its name; let go of them."""
        if not self.rows:
            return []
        end = bisect_right(self.names, bound)
        taken = list(zip(self.names[:end], self.rows[:end], strict=True))
        del self.rows[:end], self.names[:end]
        if not self.rows:
            self._refill()
        return taken

    def _refill(self) -> None:
        self.rows = next(self._chunks, [])
        try:
            self.names = [row[: row.index(b" ")] for row in self.rows]
        except ValueError:
            raise VerificationError("a range's rows are damaged: it must be made again") from None
