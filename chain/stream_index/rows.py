"""The rows of an index: one a stream, one a type, each a line of text.

``docs/stream-index.md``, 2. A stream row is ``<stream> <seq> <leaf hash in hex>`` and a
newline, a type row ``<type> <entries> <node in hex>`` and a newline; no name holds a space,
so a list sorted by its lines is sorted by its names, and no row is ever an entry of the
log. ``tests/chain/stream_index/test_rows.py``.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Self

from chain.entry import MAX_SEQ, check_stream, check_type
from chain.errors import MalformedError
from chain.hashes import LEAF_PREFIX, LeafHash, TreeHash, leaf_hash, node_hash

_ROW = re.compile(rb"([!-~]{1,128}) (0|[1-9][0-9]{0,15}) ([0-9a-f]{64})\n")


class StreamRow(NamedTuple):
    """A stream's last entry within a range."""

    stream: str
    seq: int
    leaf: LeafHash

    def to_bytes(self) -> bytes:
        """Return the row as it is hashed."""
        return b"%b %d %b\n" % (self.stream.encode(), self.seq, self.leaf.hex().encode())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the row that `to_bytes` wrote as *data*.

        Raises:
            MalformedError: it did not.
        """
        stream, seq, leaf = _fields(data)
        check_stream(stream)
        if seq > MAX_SEQ:
            raise MalformedError(f"row of {stream}: seq must be at most 2^53-1")
        return cls(stream, seq, LeafHash(leaf))


class TypeRow(NamedTuple):
    """All entries of one type within a range: how many, and the node over them."""

    type: str
    entries: int
    node: TreeHash

    def to_bytes(self) -> bytes:
        """Return the row as it is hashed."""
        return b"%b %d %b\n" % (self.type.encode(), self.entries, self.node.hex().encode())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the row that `to_bytes` wrote as *data*.

        Raises:
            MalformedError: it did not.
        """
        kind, entries, node = _fields(data)
        check_type(kind)
        if entries < 1:
            raise MalformedError(f"row of {kind}: a type that is listed has an entry")
        return cls(kind, entries, TreeHash(node))


def row_hash(row: bytes) -> LeafHash:
    """Return the leaf hash of *row* in its list's tree."""
    return leaf_hash(row)


def name_of(row: bytes) -> bytes:
    """Return the stream or type that *row* is of."""
    return row[: row.index(b" ")]


def type_leaf(index: int, leaf: bytes) -> TreeHash:
    """Return the node over one entry: its leaf *index* and *leaf* hash."""
    return TreeHash(sha256(b"%b%d %b\n" % (LEAF_PREFIX, index, leaf.hex().encode())).digest())


def type_node(entries: Sequence[tuple[int, bytes]], level: int, number: int) -> TreeHash:
    """Return the node over *entries* of one type within the range (*level*, *number*).

    A range's node is the hash of its halves' nodes; a half without an entry of the type has
    none, and the other's node stands for both. So two halves are merged by one hash.

    Args:
        entries: leaf index and leaf hash of each, rising, at least one.
        level: of the range.
        number: of the range.

    Raises:
        MalformedError: an entry is outside the range, or they do not rise.
    """
    if not entries:
        raise MalformedError("a type without entries has no node")
    if any(at >> level != number for at in (entries[0][0], entries[-1][0])):
        raise MalformedError(f"an entry is outside the range {number} of level {level}")
    # Nodes wait on a stack with the level at which they meet the one before; who meets
    # lower is joined first.
    waiting: list[tuple[int, TreeHash]] = []
    before = -1
    for index, leaf in entries:
        if index <= before:
            raise MalformedError(f"entry {index} does not come after {before}")
        meets = (index ^ before).bit_length()
        while len(waiting) > 1 and waiting[-1][0] < meets:
            _join(waiting)
        waiting.append((meets, type_leaf(index, leaf)))
        before = index
    while len(waiting) > 1:
        _join(waiting)
    return waiting[0][1]


def merge_types(left: Mapping[str, TypeRow], right: Mapping[str, TypeRow]) -> dict[str, TypeRow]:
    """Return the types of a range from those of its two halves."""
    merged = dict(left)
    for kind, row in right.items():
        before = left.get(kind)
        if before is None:
            merged[kind] = row
        else:
            node = node_hash(before.node, row.node)
            merged[kind] = TypeRow(kind, before.entries + row.entries, node)
    return merged


def _join(waiting: list[tuple[int, TreeHash]]) -> None:
    _, right = waiting.pop()
    meets, left = waiting.pop()
    waiting.append((meets, node_hash(left, right)))


def _fields(data: bytes) -> tuple[str, int, bytes]:
    match = _ROW.fullmatch(data)
    if match is None:
        raise MalformedError("index row: must be a name, a number and 64 hex digits in one line")
    return match[1].decode("ascii"), int(match[2]), bytes.fromhex(match[3].decode("ascii"))
