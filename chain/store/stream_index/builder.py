"""Builds the stream index of a log from its entries, in order and in bounded memory.

Every 2^12 entries become a range; four finished ones of a level become one of the level two
above, in steps that go along with the entries that arrive, so that the cover lags behind
the coarsest one and nothing waits. What is finished lies in files; the entries since then
are in memory, and come again from the log after a restart.
``tests/chain/store/stream_index/test_builder.py``.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from chain.store.stream_index.listing import (
    Indexed,
    Listing,
    MemoryListing,
    stream_rows,
    type_rows,
)
from chain.store.stream_index.merging import ALL, Merge
from chain.store.stream_index.range_file import RangeFile, RangeWriter
from chain.stream_index.commitment import Commitment, RangeRoots
from chain.stream_index.ranges import Range, coarsest_cover

BASE_LEVEL: Final = 12
STEP: Final = 2
"""Levels that one merge climbs: 2^2 ranges become one."""
PACE: Final = 4
"""Rows that a merge goes on with for each entry that arrives: done after a quarter of the
time in which the next one on its level comes up."""


class IndexBuilder:
    """The index of one log. A context manager, which closes it.

    Args:
        folder: of its files; what is whole there is taken up, and the rest made again.
        base_level: entries of the smallest range in files, as a power of two.
        durable: see `RangeWriter`.
        held: see `hold`.
        made: told the roots of every range that is put into files.

    Raises:
        VerificationError: files of a range do not fit each other; see `RangeFile`.
    """

    def __init__(
        self,
        folder: Path,
        base_level: int = BASE_LEVEL,
        *,
        durable: bool = True,
        held: Collection[Range] = (),
        made: Callable[[RangeRoots], None] = lambda _: None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._base = base_level
        self._durable = durable
        self._ranges: list[RangeFile] = []
        self._merges: list[Merge] = []
        self._recent: list[Indexed] = []
        self._held = frozenset(held)
        self._made = made
        self._retired: list[RangeFile] = []
        self._take_up()

    def __enter__(self) -> Self:
        """Return the builder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def size(self) -> int:
        """How many entries it has taken; it goes on with the one of this leaf index."""
        return self._filed + len(self._recent)

    def add(self, entries: Iterable[Indexed]) -> None:
        """Take *entries*, which follow those before in the log."""
        for each in entries:
            self._recent.append(each)
            if len(self._recent) == 1 << self._base:
                self._file_base()

    def listings(self) -> list[Listing]:
        """Return the lists of ranges that cover all entries, from left to right."""
        found: list[Listing] = list(self._ranges)
        for part in coarsest_cover(self._filed, self.size):
            first = part.start - self._filed
            entries = self._recent[first : first + part.end - part.start]
            found.append(MemoryListing(part, entries))
        return found

    @property
    def ranges(self) -> Sequence[RangeFile]:
        """The ranges in files, from left to right."""
        return tuple(self._ranges)

    def hold(self, parts: Collection[Range]) -> None:
        """Keep the files of *parts* also once they are merged, until the next call.

        What is committed can so be proved for as long as somebody may ask.
        """
        self._held = frozenset(parts)
        for each in [r for r in self._retired if r.roots.range not in self._held]:
            self._retired.remove(each)
            each.remove()

    def close(self) -> None:
        """Let go of all files; a merge under way is begun again by the next builder."""
        for merge in self._merges:
            merge.abandon()
        self._merges = []

    def settle(self) -> None:
        """Finish every merge that is due."""
        while self._merges:
            self._advance(ALL)

    @property
    def _filed(self) -> int:
        return self._ranges[-1].roots.range.end if self._ranges else 0

    def _file_base(self) -> None:
        part = Range(self._base, self._filed >> self._base)
        writer = RangeWriter(self._folder, part, durable=self._durable)
        writer.add(stream_rows(self._recent))
        # Dying before the range is whole loses nothing: its entries are in the log.
        self._ranges.append(writer.finish(type_rows(part, self._recent)))
        self._made(self._ranges[-1].roots)
        self._recent = []
        self._plan()
        self._advance(PACE << self._base)

    def _plan(self) -> None:
        """Begin every merge that has become possible."""
        busy = {merge.part for merge in self._merges}
        for each in self._ranges:
            part = each.roots.range
            parent = Range(part.level + STEP, part.number >> STEP)
            if parent in busy:
                continue
            parts = [r for r in self._ranges if self._is_below(r.roots.range, parent)]
            if len(parts) == 1 << STEP:
                self._merges.append(Merge(self._folder, parent, parts, durable=self._durable))
                busy.add(parent)

    def _is_below(self, part: Range, parent: Range) -> bool:
        return part.level + STEP == parent.level and part.number >> STEP == parent.number

    def _advance(self, rows: int) -> None:
        """Take each merge *rows* rows further; what is finished replaces its parts."""
        for merge in list(self._merges):
            merge.advance(rows)
            if merge.result is not None:
                self._merges.remove(merge)
                self._replace(merge.part, merge.result)
        self._plan()

    def _replace(self, parent: Range, merged: RangeFile) -> None:
        self._made(merged.roots)
        gone = [r for r in self._ranges if self._is_below(r.roots.range, parent)]
        place = self._ranges.index(gone[0])
        self._ranges[place : place + len(gone)] = [merged]
        # Dying between these leaves parts beside their whole; `_take_up` prefers the whole.
        for each in gone:
            self._retire(each)

    def _retire(self, gone: RangeFile) -> None:
        if gone.roots.range in self._held:
            self._retired.append(gone)
        else:
            gone.remove()

    def _take_up(self) -> None:
        """Go on with the ranges that are there, from 0 on without a hole; drop the others."""
        reached = 0
        for each in RangeFile.all_in(self._folder):
            part = each.roots.range
            if part.start == reached and part.level >= self._base:
                self._ranges.append(each)
                reached = part.end
            else:
                self._retire(each)
        self._plan()


def commitment_of(listings: Sequence[Listing]) -> Commitment:
    """Return what *listings*, which cover the first entries, commit to."""
    roots = tuple(each.roots for each in listings)
    return Commitment(roots[-1].range.end, roots)
