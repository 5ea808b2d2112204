"""Aligned ranges of the log, and covers of its first N entries.

A range (level m, number k) is the entries [k·2^m, (k+1)·2^m). A cover of [0, N) is
ranges side by side from 0 to N; it need not be the coarsest one, so that nothing has to
wait for a big merge (``docs/stream-index.md``, 1). ``tests/chain/stream_index/test_ranges.py``.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chain.errors import MalformedError

MAX_LEVEL = 48
"""Of a range: 2^48 entries are more than any log will hold."""


class CoverError(MalformedError):
    """Ranges do not cover the first entries, each once; ``code`` is the stable name of why."""

    def __init__(self, code: str, text: str) -> None:
        """Name the *code*, and say it in words."""
        super().__init__(text)
        self.code = code


class Range(NamedTuple):
    """The entries [number · 2^level, (number + 1) · 2^level)."""

    level: int
    number: int

    @property
    def start(self) -> int:
        """Leaf index of its first entry."""
        return self.number << self.level

    @property
    def end(self) -> int:
        """Leaf index after its last entry."""
        return (self.number + 1) << self.level

    @property
    def parent(self) -> "Range":
        """The range twice as large around it."""
        return Range(self.level + 1, self.number >> 1)


def coarsest_cover(start: int, end: int) -> list[Range]:
    """Return the fewest ranges that cover [start, end), from left to right."""
    cover = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        cover.append(Range(level, start >> level))
        start += 1 << level
    return cover


def check_cover(cover: Sequence[Range], size: int) -> None:
    """Check that *cover* is ranges side by side from 0 to *size*.

    Raises:
        CoverError: ``index_hole``: entries are in no range; ``index_overlap``: some are in two.
        MalformedError: a range is none, or they reach beyond *size*.
    """
    reached = 0
    for place, each in enumerate(cover):
        if not 0 <= each.level <= MAX_LEVEL or each.number < 0:
            raise MalformedError(f"range {place}: level must be 0 to {MAX_LEVEL}, number from 0")
        if each.start > reached:
            raise CoverError(
                "index_hole", f"range {place}: entries {reached} to {each.start} are missing"
            )
        if each.start < reached:
            raise CoverError(
                "index_overlap", f"range {place}: overlaps what is covered up to {reached}"
            )
        reached = each.end
    if reached < size:
        raise CoverError("index_hole", f"the ranges cover {reached} entries, not {size}")
    if reached > size:
        raise MalformedError(f"the ranges cover {reached} entries, not {size}")


def place_in(cover: Sequence[Range], index: int) -> int:
    """Return which range of *cover* holds the entry at leaf *index*.

    Raises:
        MalformedError: none does.
    """
    for place, each in enumerate(cover):
        if each.start <= index < each.end:
            return place
    raise MalformedError(f"entry {index} is beyond what the ranges cover")
