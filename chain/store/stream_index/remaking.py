"""One range made anew from the log's entries, whatever became of its files.

In memory for a few thousand entries; above that by files in a scratch folder, a base range
at a time, each level merged from the one below. So it takes the memory of a merge, and time
in proportion to the range. ``tests/chain/store/stream_index/test_remaking.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chain.errors import VerificationError
from chain.store.stream_index.builder import BASE_LEVEL, STEP
from chain.store.stream_index.listing import Indexed, Listing, MemoryListing, stream_rows, type_rows
from chain.store.stream_index.merging import Merge
from chain.store.stream_index.range_file import RangeFile, RangeWriter
from chain.stream_index.ranges import Range

Read = Callable[[int, int], Iterator[Sequence[Indexed]]]
"""Gives the entries from one leaf index to before another, in order, some at a time."""


def remake(part: Range, read: Read, scratch: Path, base_level: int = BASE_LEVEL) -> Listing:
    """Return the lists of *part*.

    Args:
        part: of the log.
        read: gives its entries.
        scratch: an empty folder that is nobody else's; must be there as long as the lists.
        base_level: of the largest range that is made in memory.

    Raises:
        VerificationError: an entry is missing.
    """
    if part.level <= base_level:
        return MemoryListing(part, entries_of(part, read))
    return _file_of(part, read, scratch, base_level)


def entries_of(part: Range, read: Read) -> list[Indexed]:
    """Return all entries of *part*.

    Raises:
        VerificationError: one is missing.
    """
    entries = [each for some in read(part.start, part.end) for each in some]
    if len(entries) != part.end - part.start:
        raise VerificationError(
            f"entry {part.start + len(entries)} is missing: run xiyou audit to see what else is"
        )
    return entries


def _file_of(part: Range, read: Read, scratch: Path, base_level: int) -> RangeFile:
    if part.level <= base_level:
        entries = entries_of(part, read)
        writer = RangeWriter(scratch, part, durable=False)
        writer.add(stream_rows(entries))
        return writer.finish(type_rows(part, entries))
    climb = min(STEP, part.level - base_level)
    below = [
        Range(part.level - climb, (part.number << climb) + place) for place in range(1 << climb)
    ]
    sources = [_file_of(each, read, scratch, base_level) for each in below]
    made = Merge(scratch, part, sources, durable=False).run()
    for each in sources:
        each.remove()
    return made
