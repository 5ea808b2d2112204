"""The unfinished tiles at the tree's right edge, and the tiles that come of its growth.

c2sp.org/tlog-tiles. The hashes in the last, partial tile of every level are all that
growing a tiled tree needs: at most 255 hashes a level. Pure; the publisher writes what
this yields. ``tests/chain/test_tile_edge.py`` compares it with `chain.tiles.tiles_of` and
the reference tree at every size up to a few tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Self

from chain.hashes import LeafHash, TreeHash
from chain.merkle import RightEdge, root_of
from chain.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, parse_tile, tile_bytes


class TileEdge:
    """Grows a tree of tiles from its right edge.

    Args:
        size: leaves in the tree.
        levels: per tile level the hashes of its partial tile, empty where it is full.
    """

    def __init__(self, size: int = 0, levels: Sequence[Sequence[TreeHash]] = ()) -> None:
        self.size = size
        self._levels = [list(level) for level in levels]

    @classmethod
    def read(cls, size: int, fetch: Callable[[str], bytes]) -> Self:
        """Return the edge of the tree of *size* leaves from its partial tiles.

        Nothing is verified: compare `root` with a signed one.

        Args:
            size: leaves in the tree.
            fetch: returns a tile's content by its path.

        Raises:
            MalformedError: a tile has not the length that *size* asks for.
        """
        levels: list[list[TreeHash]] = []
        level, count = 0, size
        while count:
            number, width = divmod(count, TILE_WIDTH)
            tile = Tile(level, number, width)
            levels.append(parse_tile(fetch(tile.path), width) if width else [])
            level, count = level + 1, number
        return cls(size, levels)

    def copy(self) -> Self:
        """Return an edge that grows apart from this one."""
        return type(self)(self.size, self._levels)

    @property
    def leaves(self) -> tuple[LeafHash, ...]:
        """Leaf hashes of the partial tile at level 0."""
        return tuple(LeafHash(each) for each in self._levels[0]) if self._levels else ()

    def extend(self, leaves: Sequence[LeafHash]) -> Iterator[tuple[str, bytes]]:
        """Add *leaves*, yielding path and content of every tile that becomes full."""
        rest = [TreeHash(leaf) for leaf in leaves]
        while rest:
            room = TILE_WIDTH - self.size % TILE_WIDTH
            now, rest = rest[:room], rest[room:]
            if not self._levels:
                self._levels.append([])
            self._levels[0] += now
            self.size += len(now)
            if len(now) == room:
                yield from self._close_full(0)

    def partial_tiles(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of the partial tiles, level by level."""
        for level, hashes in enumerate(self._levels):
            if hashes:
                number = self.size >> TILE_HEIGHT * (level + 1)
                yield Tile(level, number, len(hashes)).path, tile_bytes(hashes)

    def edge(self) -> RightEdge:
        """Return the tree's right edge."""
        hashes: list[TreeHash] = []
        for level in reversed(self._levels):
            part = RightEdge()
            part.extend([LeafHash(each) for each in level])
            hashes += part.hashes
        return RightEdge(self.size, hashes)

    def root(self) -> TreeHash:
        """Return the root hash of the whole tree."""
        return self.edge().root()

    def _close_full(self, level: int) -> Iterator[tuple[str, bytes]]:
        """Yield the full tile at *level*, and those above that its root makes full."""
        hashes = self._levels[level]
        number = (self.size >> TILE_HEIGHT * (level + 1)) - 1
        yield Tile(level, number, TILE_WIDTH).path, tile_bytes(hashes)
        root = root_of([LeafHash(each) for each in hashes])
        hashes.clear()
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._levels[level + 1].append(root)
        if len(self._levels[level + 1]) == TILE_WIDTH:
            yield from self._close_full(level + 1)


def superseded_folders(old: int, new: int) -> Iterator[str]:
    """Yield the folders of partial tiles and bundles that are full in the tree of *new*.

    They are those that were partial at *old*, an earlier checkpoint's size.
    """
    level, before, after = 0, old, new
    while before:
        number, width = divmod(before, TILE_WIDTH)
        if width and after // TILE_WIDTH > number:
            path = Tile(level, number, TILE_WIDTH).path
            yield f"{path}.p"
            if not level:
                yield f"{path.replace('tile/0/', 'tile/entries/', 1)}.p"
        level, before, after = level + 1, before >> TILE_HEIGHT, after >> TILE_HEIGHT


def superseded_between(sizes: Sequence[int], shown: int) -> tuple[list[str], list[str]]:
    """Return the superseded folders of checkpoints of *sizes*, each to the next.

    First those up to the checkpoint of size *shown*, then those of larger ones.
    """
    before: list[str] = []
    since: list[str] = []
    for old, new in pairwise(sizes):
        (before if new <= shown else since).extend(superseded_folders(old, new))
    return before, since
