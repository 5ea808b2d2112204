"""Recomputes the index of a log beside its entries, and says of a commitment whether it is true.

A commitment is free in how it cuts the log into ranges, and most cut it as our own builder
does, whose ranges' roots are remembered when they are made. Any other range is made from its
entries, which takes as long as it is large. ``tests/chain/store/test_audited_index.py``.
"""

from collections.abc import MutableMapping, Sequence
from pathlib import Path

from chain.store.scratch import Scratch
from chain.store.stream_index.builder import BASE_LEVEL, IndexBuilder
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.remaking import Read, remake
from chain.stream_index.commitment import Commitment, RangeRoots
from chain.stream_index.ranges import Range
from chain.stream_index.shown import IndexUntrueError


class Recomputed:
    """The index of one log as its entries make it.

    Args:
        folder: of its ranges; what is whole there is gone on with.
        read: gives entries that were added.
        known: roots of ranges that were made, to be kept where *folder* is kept.
        base_level: see `IndexBuilder`.
        durable: see `IndexBuilder`.
    """

    def __init__(
        self,
        folder: Path,
        read: Read,
        known: MutableMapping[Range, RangeRoots],
        base_level: int = BASE_LEVEL,
        *,
        durable: bool = False,
    ) -> None:
        self._read = read
        self._known = known
        self._base = base_level
        self._scratch = Scratch("xiyou-index-")
        self._builder = IndexBuilder(folder, base_level, durable=durable, made=self._remember)
        for each in self._builder.ranges:
            self._remember(each.roots)

    @property
    def size(self) -> int:
        """How many entries it has; it goes on with the one of this leaf index."""
        return self._builder.size

    def add(self, entries: Sequence[Indexed]) -> None:
        """Take *entries*, which follow those before."""
        self._builder.add(entries)

    def close(self) -> None:
        """Let all files go."""
        self._builder.close()
        self._scratch.close()

    def check(self, commitment: Commitment, before: int) -> None:
        """Check *commitment* against the entries.

        Args:
            commitment: what is said of them.
            before: leaf index of the entry that says it; all before it were added.

        Raises:
            IndexUntrueError: ``index_lie``: it covers itself or what comes after it, or a
                range has other rows than those it commits to; the first such range is named.
        """
        if commitment.size > before:
            raise IndexUntrueError(
                "index_lie", f"covers {commitment.size} entries, and only {before} are before it"
            )
        for claimed in commitment.ranges:
            fault = _fault(claimed, self.roots(claimed.range))
            if fault is not None:
                part = claimed.range
                raise IndexUntrueError(
                    "index_lie", f"range {part.number} of level {part.level}: {fault}"
                )

    def roots(self, part: Range) -> RangeRoots:
        """Return the roots of *part*, all of whose entries were added."""
        if part not in self._known and part.level > self._base:
            # It may be one of ours whose merge is still under way.
            self._builder.settle()
        if part not in self._known:
            made = remake(part, self._read, self._scratch.folder(), self._base).roots
            self._scratch.close()
            if part.level < self._base:
                return made
            self._remember(made)
        return self._known[part]

    def _remember(self, roots: RangeRoots) -> None:
        self._known[roots.range] = roots


def _fault(claimed: RangeRoots, found: RangeRoots) -> str | None:
    """Say in what *claimed* is not what was *found*, None if it is."""
    for name, said, value in (
        ("streams", claimed.streams, found.streams),
        ("stream_root", claimed.stream_root.hex(), found.stream_root.hex()),
        ("types", claimed.types, found.types),
        ("type_root", claimed.type_root.hex(), found.type_root.hex()),
    ):
        if said != value:
            return f"{name} is {said}, and its entries have {value}"
    return None
