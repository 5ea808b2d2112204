"""The shape of the log's Merkle tree, and the right edge by which it grows.

The tree is the one of RFC 6962, section 2.1. ``tests/vectors/rfc6962_eight_leaves.json``
holds another implementation's roots, and ``tests/chain/reference.py`` the RFC's own
recursive definitions, which ``tests/chain/test_merkle.py`` compares everything with.

Words: a *size* counts leaves and starts at 0; an *index* starts at 0; ``[start, end)``
is a run of leaves. A *perfect subtree* at (level, position) is the one over the leaves
``[position << level, (position + 1) << level)``: its hash never changes once they exist.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol, Self

from chain.errors import MalformedError
from chain.hashes import (
    EMPTY_ROOT,
    HASH_SIZE,
    NODE_PREFIX,
    LeafHash,
    TreeHash,
    TreeSize,
    node_hash,
)


class Node(NamedTuple):
    """Place of a perfect subtree; level 0 holds the leaf hashes."""

    level: int
    position: int


class NodeReader(Protocol):
    """Hands out hashes of perfect subtrees, from memory, tiles or a database."""

    def __call__(self, nodes: Sequence[Node], /) -> Sequence[TreeHash]:
        """Return the hash at each of *nodes*, in their order, 32 bytes each."""


class RightEdge:
    """The tree's unfinished side: enough to append to it and to know its root.

    Holds the hashes of the perfect subtrees that cover ``[0, size)``, largest (and
    leftmost) first: one for each bit that is set in the size, at most 64 of them.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Sequence[TreeHash] = ()) -> None:
        """Take up the edge of a tree of *size* leaves.

        Raises:
            MalformedError: *hashes* do not fit a tree of that size.
        """
        if size < 0:
            raise MalformedError(f"right edge: size {size} is negative")
        if len(hashes) != size.bit_count():
            raise MalformedError(
                f"right edge: size {size} needs {size.bit_count()} hashes, not {len(hashes)}"
            )
        check_hashes("right edge", hashes)
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> TreeSize:
        """Leaves in the tree."""
        return TreeSize(self._size)

    @property
    def hashes(self) -> tuple[TreeHash, ...]:
        """Hashes of the perfect subtrees, largest first."""
        return tuple(self._hashes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RightEdge):
            return NotImplemented
        return (self._size, self._hashes) == (other._size, other._hashes)

    __hash__ = None  # type: ignore[assignment] # mutable

    def __repr__(self) -> str:
        return f"RightEdge(size={self._size}, root={self.root().hex()})"

    def copy(self) -> Self:
        """Return an edge that grows apart from this one."""
        return type(self)(self._size, self._hashes)

    def append(self, leaf: LeafHash) -> None:
        """Add one leaf: at most log2(size) node hashes, one on the average."""
        carry = TreeHash(leaf)
        size = self._size
        while size & 1:
            carry = node_hash(self._hashes.pop(), carry)
            size >>= 1
        self._hashes.append(carry)
        self._size += 1

    def extend(self, leaves: Sequence[LeafHash]) -> None:
        """Add *leaves* in their order: about one node hash a leaf."""
        level: list[bytes] = list(leaves)
        added: list[TreeHash] = []  # smallest subtree first
        size = self._size
        while level:
            if size & 1:
                level.insert(0, self._hashes.pop())
            if len(level) & 1:
                added.append(TreeHash(level.pop()))
            # Nothing is left over but what the edge already holds above.
            level = [
                sha256(NODE_PREFIX + left + right).digest()
                for left, right in zip(level[::2], level[1::2], strict=True)
            ]
            size >>= 1
        self._hashes += reversed(added)
        self._size += len(leaves)
        assert len(self._hashes) == self._size.bit_count()  # noqa: S101 — our own arithmetic

    def root(self) -> TreeHash:
        """Return the root hash of the whole tree: at most log2(size) node hashes."""
        return fold(self._hashes)

    def to_bytes(self) -> bytes:
        """Return the hashes one after another, largest subtree first."""
        return b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """Return the edge of *size* leaves that `to_bytes` wrote as *data*.

        Raises:
            MalformedError: *data* has not the length that *size* asks for.
        """
        if size < 0 or len(data) != size.bit_count() * HASH_SIZE:
            raise MalformedError(f"right edge: {len(data)} bytes do not fit a tree of size {size}")
        return cls(size, split_hashes(data))


def fold(hashes: Sequence[TreeHash]) -> TreeHash:
    """Return the root over neighbouring perfect subtrees, largest first.

    A tree of any size is a left perfect subtree and the rest, and so on down: hashing
    from the right gives its root.
    """
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def root_of(leaves: Sequence[LeafHash]) -> TreeHash:
    """Return the root hash of the tree over *leaves*."""
    edge = RightEdge()
    edge.extend(leaves)
    return edge.root()


def perfect_subtrees(start: int, end: int) -> Iterator[Node]:
    """Yield the perfect subtrees that cover ``[start, end)``, from left to right.

    Within an RFC 6962 tree every subtree is such a run, with subtrees that shrink from
    left to right, so that `fold` of their hashes is its hash.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield Node(level, start >> level)
        start += 1 << level


def split_point(width: int) -> int:
    """Return the largest power of two below *width* (RFC 6962: k), for width > 1."""
    return 1 << (width - 1).bit_length() - 1


def subtree_hashes(runs: Sequence[tuple[int, int]], read: NodeReader) -> list[TreeHash]:
    """Return the hash of each subtree ``[start, end)`` with one call of *read*.

    Raises:
        MalformedError: *read* answered with too few hashes, or of a wrong length.
    """
    covers = [list(perfect_subtrees(start, end)) for start, end in runs]
    wanted = [node for cover in covers for node in cover]
    found = list(read(wanted)) if wanted else []
    if len(found) != len(wanted):
        raise MalformedError(f"asked for {len(wanted)} hashes of the tree, got {len(found)}")
    check_hashes("tree", found)
    rest = iter(found)
    return [fold([next(rest) for _ in cover]) for cover in covers]


def check_hashes(what: str, hashes: Sequence[bytes]) -> None:
    """Check that every one of *hashes* has the length of a hash.

    Equality alone would accept an empty root for an empty leaf.

    Raises:
        MalformedError: one has not; *what* names the field.
    """
    for each in hashes:
        if len(each) != HASH_SIZE:
            raise MalformedError(f"{what}: a hash must be {HASH_SIZE} bytes, not {len(each)}")


def split_hashes(data: bytes) -> list[TreeHash]:
    """Return the 32-byte hashes that *data* holds one after another.

    Raises:
        MalformedError: *data* ends within a hash.
    """
    if len(data) % HASH_SIZE:
        raise MalformedError(f"{len(data)} bytes are not a whole number of hashes")
    return [TreeHash(data[i : i + HASH_SIZE]) for i in range(0, len(data), HASH_SIZE)]
