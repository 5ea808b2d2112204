"""Tiles and entry bundles: the log as files that never change.

c2sp.org/tlog-tiles. A *tile* at level L is up to 256 consecutive hashes of perfect
subtrees of 256**L leaves; an *entry bundle* holds the up to 256 entries under one tile of
level 0. A tree of size 256 has a full tile at level 0 *and* a tile of width 1 at level 1.
``tests/vectors/tile_paths.json`` and ``tests/vectors/tessera_testlog.json``, run by
``tests/chain/test_tiles.py``, hold another implementation's paths and a whole small log.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chain.entry import MAX_ENTRY_SIZE
from chain.errors import MalformedError
from chain.hashes import HASH_SIZE, TreeHash, node_hash
from chain.merkle import Node, check_hashes, split_hashes

TILE_WIDTH = 256
TILE_HEIGHT = 8
"""Levels of the tree from one tile to the tile above it."""

MAX_TILE_LEVEL = 63
MAX_TILE_NUMBER = 10**18 - 1
"""Six path elements: more tiles than a tree of 2**64 leaves has."""

_LENGTH_SIZE = 2
_PATH = re.compile(
    r"tile/(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class Tile(NamedTuple):
    """Name of a tile: its first hash is that of subtree 256 * number at its level."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return tile_path(self.level, self.number, self.width)


class Bundle(NamedTuple):
    """Name of an entry bundle: its first entry has leaf index 256 * number."""

    number: int
    width: int

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return bundle_path(self.number, self.width)


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile, such as ``tile/0/x001/x234/067.p/89``.

    Raises:
        MalformedError: there is no such tile.
    """
    if not 0 <= level <= MAX_TILE_LEVEL:
        raise MalformedError(f"tile level {level}: must be from 0 to {MAX_TILE_LEVEL}")
    return f"tile/{level}/{_number_path(number, width)}"


def bundle_path(number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle, such as ``tile/entries/000``.

    Raises:
        MalformedError: there is no such bundle.
    """
    return f"tile/entries/{_number_path(number, width)}"


def parse_tile_path(path: str) -> Tile | Bundle:
    """Return the tile or bundle that *path* names.

    Raises:
        MalformedError: `tile_path` and `bundle_path` would not write *path*.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedError(f"{path!r} is not the path of a tile or an entry bundle")
    level, number, width = match.groups()
    where = (int(re.sub(r"[x/]", "", number)), int(width) if width else TILE_WIDTH)
    parsed = Bundle(*where) if level == "entries" else Tile(int(level), *where)
    if parsed.path != path:
        raise MalformedError(f"{path!r}: that tile is written {parsed.path}")
    return parsed


def bundle_of(index: int, size: int) -> Bundle:
    """Return the bundle that holds leaf *index* in a tree of *size* leaves.

    Raises:
        MalformedError: *index* is outside the tree.
    """
    if not 0 <= index < size:
        raise MalformedError(f"leaf index {index} is not in a tree of size {size}")
    number = index // TILE_WIDTH
    return Bundle(number, min(TILE_WIDTH, size - number * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of a tree of *size* leaves, full and partial, level by level."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles that the tree of *new* leaves has and that of *old* has not."""
    _check_growth(old, new)
    level = 0
    while new:
        for number, width in _widths(old, new):
            yield Tile(level, number, width)
        level, old, new = level + 1, old >> TILE_HEIGHT, new >> TILE_HEIGHT


def new_bundles(old: int, new: int) -> Iterator[Bundle]:
    """Yield the bundles that the tree of *new* leaves has and that of *old* has not."""
    _check_growth(old, new)
    for number, width in _widths(old, new):
        yield Bundle(number, width)


def tile_bytes(hashes: Sequence[bytes]) -> bytes:
    """Return the content of a tile with *hashes*.

    Raises:
        MalformedError: there are none or too many, or one has another length.
    """
    if not 0 < len(hashes) <= TILE_WIDTH:
        raise MalformedError(f"tile: must have 1 to {TILE_WIDTH} hashes, not {len(hashes)}")
    check_hashes("tile", hashes)
    return b"".join(hashes)


def parse_tile(data: bytes, width: int) -> list[TreeHash]:
    """Return the hashes of a tile, whose content nobody has verified yet.

    Raises:
        MalformedError: *data* is not *width* hashes.
    """
    if len(data) != width * HASH_SIZE:
        raise MalformedError(f"tile: {len(data)} bytes are not {width} hashes")
    return split_hashes(data)


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """Return the content of the bundle of *entries*.

    Raises:
        MalformedError: there are none or too many, or one does not fit.
    """
    if not 0 < len(entries) <= TILE_WIDTH:
        raise MalformedError(f"bundle: must have 1 to {TILE_WIDTH} entries, not {len(entries)}")
    pieces: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_SIZE:
            raise MalformedError(f"bundle: an entry of {len(entry)} bytes has no 16-bit length")
        pieces += (len(entry).to_bytes(_LENGTH_SIZE), entry)
    return b"".join(pieces)


def parse_bundle(data: bytes, count: int) -> list[bytes]:
    """Return the *count* entries of a bundle, whose content nobody has verified yet.

    Raises:
        MalformedError: *data* ends early or has something left over.
    """
    if not 0 < count <= TILE_WIDTH:
        raise MalformedError(f"bundle: must have 1 to {TILE_WIDTH} entries, not {count}")
    entries: list[bytes] = []
    place = 0
    for _ in range(count):
        start = place + _LENGTH_SIZE
        place = start + int.from_bytes(data[place:start])
        # A length that is itself cut short puts the place beyond the end as well.
        if place > len(data):
            raise MalformedError(f"bundle: ends within entry {len(entries)} of {count}")
        entries.append(data[start:place])
    if place != len(data):
        raise MalformedError(f"bundle: {len(data) - place} bytes after entry {count - 1}")
    return entries


class TileReader:
    """Reads a tree's nodes from its tiles, as `chain.merkle.NodeReader` asks for.

    Checks the lengths and nothing else: whoever uses the hashes verifies them against a
    signed root, by the proof that they make.
    """

    def __init__(self, size: int, fetch: Callable[[str], bytes], *, capacity: int = 64) -> None:
        """Read the tree of *size* leaves.

        Args:
            size: leaves in the tree; its partial tiles are the ones that are read.
            fetch: returns a tile's content by its path.
            capacity: tiles to remember, at 16 KiB to 50 KiB each.
        """
        self._size = size
        self._fetch = fetch
        self._capacity = capacity
        # Per tile, its hashes and the levels above them that somebody has asked for.
        self._levels: OrderedDict[Tile, list[list[TreeHash]]] = OrderedDict()

    def __call__(self, nodes: Sequence[Node], /) -> list[TreeHash]:
        """Return the hash at each of *nodes*.

        Raises:
            MalformedError: a node is not in the tree, or a tile has a wrong length.
        """
        return [self._read(node) for node in nodes]

    def _read(self, node: Node) -> TreeHash:
        level, position = node
        if level < 0 or position < 0 or position + 1 << level > self._size:
            raise MalformedError(f"{node} is not in a tree of size {self._size}")
        tile_level, height = divmod(level, TILE_HEIGHT)
        number = (position << height) // TILE_WIDTH
        wide = (self._size >> TILE_HEIGHT * tile_level) - number * TILE_WIDTH
        levels = self._load(Tile(tile_level, number, min(TILE_WIDTH, wide)))
        while len(levels) <= height:
            below = levels[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            levels.append([node_hash(left, right) for left, right in pairs])
        return levels[height][position - (number * TILE_WIDTH >> height)]

    def _load(self, tile: Tile) -> list[list[TreeHash]]:
        levels = self._levels.get(tile)
        if levels is not None:
            self._levels.move_to_end(tile)
            return levels
        try:
            levels = [parse_tile(self._fetch(tile.path), tile.width)]
        except MalformedError as error:
            raise MalformedError(f"{tile.path}: {error}") from None
        self._levels[tile] = levels
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)
        return levels


def _number_path(number: int, width: int) -> str:
    if not 0 <= number <= MAX_TILE_NUMBER:
        raise MalformedError(f"tile number {number}: must be from 0 to {MAX_TILE_NUMBER}")
    if not 0 < width <= TILE_WIDTH:
        raise MalformedError(f"tile width {width}: must be from 1 to {TILE_WIDTH}")
    text = f"{number % 1000:03}"
    while number := number // 1000:
        text = f"x{number % 1000:03}/{text}"
    return text if width == TILE_WIDTH else f"{text}.p/{width}"


def _widths(old: int, new: int) -> Iterator[tuple[int, int]]:
    """Yield number and width of what *new* hashes need beyond what *old* hashes filled."""
    for number in range(old // TILE_WIDTH, new // TILE_WIDTH):
        yield number, TILE_WIDTH
    if new != old and new % TILE_WIDTH:
        yield new // TILE_WIDTH, new % TILE_WIDTH


def _check_growth(old: int, new: int) -> None:
    if not 0 <= old <= new:
        raise MalformedError(f"sizes: need 0 <= old <= new, not {old} and {new}")
