"""The lists of one range, as a prover asks them: in memory for a few entries, else in files.

``tests/chain/store/stream_index/test_listing.py`` holds both to one contract.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from chain.hashes import LeafHash, TreeHash
from chain.merkle import Node, root_of
from chain.stream_index.commitment import RangeRoots
from chain.stream_index.inclusion import prove_run
from chain.stream_index.ranges import Range
from chain.stream_index.rows import StreamRow, TypeRow, name_of, row_hash, type_node
from chain.stream_index.shown import Shown


class Indexed(NamedTuple):
    """What the index takes of one entry."""

    stream: str
    seq: int
    type: str
    leaf: LeafHash


class Listing(Protocol):
    """The two lists of one range."""

    @property
    def roots(self) -> RangeRoots:
        """Sizes and roots, as they are committed."""

    def show(self, stream: str) -> Shown:
        """Return the row of *stream*, or the neighbours between which it would stand."""

    def show_type(self, kind: str) -> Shown:
        """Return the row of the type *kind*, or the neighbours between which it would stand."""


class SortedRows:
    """A sorted list of rows in memory, with its tree."""

    def __init__(self, rows: Sequence[bytes]) -> None:
        self.rows = rows
        self._names = [name_of(each) for each in rows]
        self._levels = [[TreeHash(row_hash(each)) for each in rows]]

    @property
    def root(self) -> TreeHash:
        """Root of the list's tree."""
        return root_of([LeafHash(each) for each in self._levels[0]])

    def show(self, name: str) -> Shown:
        """Return the row of *name*, or its neighbours."""
        wanted = name.encode()
        place = bisect_left(self._names, wanted)
        listed = place < len(self._names) and self._names[place] == wanted
        first, end = bounds_of(place, len(self.rows), listed=listed)
        path = prove_run(first, end, len(self.rows), self._read)
        return Shown(first, tuple(self.rows[first:end]), tuple(path))

    def _read(self, nodes: Sequence[Node]) -> list[TreeHash]:
        leaves = self._levels[0]
        return [
            root_of([LeafHash(x) for x in leaves[node.position << node.level :][: 1 << node.level]])
            for node in nodes
        ]


class MemoryListing:
    """The lists of a range of few entries.

    Args:
        part: of the log.
        entries: all of its entries, in order.
    """

    def __init__(self, part: Range, entries: Sequence[Indexed]) -> None:
        if len(entries) != part.end - part.start:
            raise ValueError(f"{part}: takes all of its entries, not {len(entries)}")
        self._streams = SortedRows(stream_rows(entries))
        self.types = type_rows(part, entries)
        self._types = SortedRows(sorted(each.to_bytes() for each in self.types.values()))
        self.roots = RangeRoots(
            part,
            len(self._streams.rows),
            self._streams.root,
            len(self._types.rows),
            self._types.root,
        )

    @property
    def rows(self) -> Sequence[bytes]:
        """The rows of the streams, sorted."""
        return self._streams.rows

    def show(self, stream: str) -> Shown:
        """See `Listing.show`."""
        return self._streams.show(stream)

    def show_type(self, kind: str) -> Shown:
        """See `Listing.show_type`."""
        return self._types.show(kind)


def bounds_of(place: int, size: int, *, listed: bool) -> tuple[int, int]:
    """Return the run that shows a name which is, or would be, at *place* of *size* rows."""
    if listed:
        return place, place + 1
    return max(place - 1, 0), min(place + 1, size)


def stream_rows(entries: Iterable[Indexed]) -> list[bytes]:
    """Return the sorted rows of the streams of *entries*, each with its last."""
    last = {each.stream: each for each in entries}
    return sorted(StreamRow(name, each.seq, each.leaf).to_bytes() for name, each in last.items())


def type_rows(part: Range, entries: Iterable[Indexed]) -> Mapping[str, TypeRow]:
    """Return the row of each type of *entries*, which are all of *part*, in order."""
    found: dict[str, list[tuple[int, bytes]]] = {}
    for index, each in enumerate(entries, part.start):
        found.setdefault(each.type, []).append((index, each.leaf))
    return {
        kind: TypeRow(kind, len(listed), type_node(listed, part.level, part.number))
        for kind, listed in found.items()
    }
