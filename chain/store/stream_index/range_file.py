"""The lists of a big range in files: written in one pass, read a block at a time.

A folder a range, ``<level>-<number>``:

    rows    the stream rows, sorted
    nodes   where each block of 256 rows begins, then the tree above the blocks, level by level
    types   the type rows, sorted
    roots   sizes and roots, canonical JSON
    digest  BLAKE3 of the rows: whoever reads them all, a merge, notices a damaged disk

It is written under another name and renamed: a folder with a range's name is whole. All of
it can be made again from the log. ``tests/chain/store/stream_index/test_range_file.py``.
"""

import mmap
import os
import shutil
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

from blake3 import blake3

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError, VerificationError
from chain.hashes import HASH_SIZE, LEAF_PREFIX, NODE_PREFIX, TreeHash
from chain.merkle import Node
from chain.store.files import sync_folder
from chain.store.stream_index.listing import SortedRows, bounds_of
from chain.stream_index.commitment import RangeRoots
from chain.stream_index.inclusion import prove_run
from chain.stream_index.ranges import Range
from chain.stream_index.rows import TypeRow, name_of, row_hash
from chain.stream_index.shown import Shown

BLOCK_LEVEL = 8
BLOCK = 1 << BLOCK_LEVEL
"""Rows that are read and hashed together for a proof."""
CHUNK = 1 << 20
"""Bytes of rows that a merge reads at once."""

GONE = ".gone"
"""Behind the name of a range that is being removed."""


def folder_name(part: Range) -> str:
    """Return the name of the folder of *part*."""
    return f"{part.level}-{part.number}"


class RangeWriter:
    """Writes the lists of *part* below *folder*; rows come sorted, any number at a time.

    Args:
        folder: that holds the ranges' folders.
        part: which range.
        durable: False leaves it to the system when files reach the disk.
    """

    def __init__(self, folder: Path, part: Range, *, durable: bool = True) -> None:
        self._durable = durable
        self._part = part
        self._final = folder / folder_name(part)
        self._draft = folder / f"{folder_name(part)}.draft"
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)
        self._rows: BinaryIO = (self._draft / "rows").open("wb", buffering=CHUNK)
        self._digest = blake3()
        self._starts = array("Q")
        self._blocks: list[TreeHash] = []
        self._waiting: list[bytes] = []
        self._size = self._written = 0

    def add(self, rows: Sequence[bytes]) -> None:
        """Add *rows*, which follow those before."""
        self._waiting += rows
        whole = len(self._waiting) - len(self._waiting) % BLOCK
        for at in range(0, whole, BLOCK):
            self._add_block(self._waiting[at : at + BLOCK])
        del self._waiting[:whole]

    def finish(self, types: Mapping[str, TypeRow]) -> "RangeFile":
        """Make the range durable, and return it.

        Dying before the rename leaves a draft, which the next writer removes.
        """
        if self._waiting:
            self._add_block(self._waiting)
        levels = [self._blocks]
        while len(levels[-1]) > 1:
            levels.append(_above(levels[-1]))
        type_list = SortedRows(sorted(each.to_bytes() for each in types.values()))
        roots = RangeRoots(
            self._part, self._size, levels[-1][0], len(type_list.rows), type_list.root
        )
        self._sync(self._rows)
        self._rows.close()
        nodes = self._starts.tobytes() + b"".join(b"".join(level) for level in levels)
        for name, content in (
            ("nodes", nodes),
            ("types", b"".join(type_list.rows)),
            ("roots", to_bytes(roots.members())),
            ("digest", self._digest.digest()),
        ):
            with (self._draft / name).open("wb") as file:
                file.write(content)
                self._sync(file)
        if self._durable:
            sync_folder(self._draft)
        _remove(self._final)
        self._draft.rename(self._final)
        if self._durable:
            sync_folder(self._final.parent)
        return RangeFile(self._final.parent, self._part)

    def abandon(self) -> None:
        """Let go of the draft; it stays until the next writer of the range removes it."""
        self._rows.close()

    def _sync(self, file: BinaryIO) -> None:
        if self._durable:
            file.flush()
            os.fsync(file.fileno())

    def _add_block(self, rows: Sequence[bytes]) -> None:
        data = b"".join(rows)
        self._starts.append(self._written)
        self._rows.write(data)
        self._digest.update(data)
        self._written += len(data)
        self._size += len(rows)
        level: list[Any] = [sha256(LEAF_PREFIX + row).digest() for row in rows]
        while len(level) > 1:
            level = _above(level)
        self._blocks.append(level[0])


class RangeFile:
    """The lists of one range in its files.

    Args:
        folder: that holds the ranges' folders.
        part: which range.

    Raises:
        VerificationError: the files do not fit each other; remove the folder, and it is
            made again from the log.
    """

    def __init__(self, folder: Path, part: Range) -> None:
        self.path = folder / folder_name(part)
        self.roots = _read_roots(self.path, part)
        size = self.roots.streams
        self._widths = [-(-size // BLOCK)]
        while self._widths[-1] > 1:
            self._widths.append(-(-self._widths[-1] // 2))
        self._rows = _mapped(self.path / "rows")
        self._nodes = _mapped(self.path / "nodes")
        wanted = 8 * self._widths[0] + HASH_SIZE * sum(self._widths)
        if len(self._nodes) != wanted or self._nodes[-HASH_SIZE:] != self.roots.stream_root:
            raise VerificationError(f"{self.path}: is damaged: remove it, and it is made again")

    @property
    def types(self) -> dict[str, TypeRow]:
        """The type rows by type.

        Raises:
            VerificationError: they are not those that were written.
        """
        rows = (self.path / "types").read_bytes().splitlines(keepends=True)
        if not rows or SortedRows(rows).root != self.roots.type_root:
            raise VerificationError(f"{self.path}: is damaged: remove it, and it is made again")
        return {row.type: row for row in map(TypeRow.parse, rows)}

    def chunks(self) -> Iterator[list[bytes]]:
        """Give all stream rows, some thousands at a time.

        Raises:
            VerificationError: at the end, where they are not those that were written.
        """
        digest = blake3()
        # Read, not mapped: pages that a merge has passed would count as its memory.
        with (self.path / "rows").open("rb", buffering=0) as file:
            rest = b""
            while data := file.read(CHUNK):
                digest.update(data)
                end = data.rfind(b"\n") + 1
                yield (rest + data[:end]).splitlines(keepends=True)
                rest = data[end:]
        if digest.digest() != (self.path / "digest").read_bytes():
            raise VerificationError(f"{self.path}: is damaged: remove it, and it is made again")

    def show(self, stream: str) -> Shown:
        """See `Listing.show`."""
        wanted = stream.encode()
        block = self._block_of(wanted)
        rows = self._block(block)
        within = bisect_left(rows, wanted, key=name_of)
        listed = within < len(rows) and name_of(rows[within]) == wanted
        size = self.roots.streams
        first, end = bounds_of(block * BLOCK + within, size, listed=listed)
        # The neighbour to the right may be the first of the next block.
        near = rows + (self._block(block + 1)[:1] if end > block * BLOCK + len(rows) else [])
        start = first - block * BLOCK
        path = prove_run(first, end, size, self._reader())
        return Shown(first, tuple(near[start : start + end - first]), tuple(path))

    def show_type(self, kind: str) -> Shown:
        """See `Listing.show_type`."""
        return SortedRows((self.path / "types").read_bytes().splitlines(keepends=True)).show(kind)

    def close(self) -> None:
        """Let go of the files."""
        self._rows.close()
        self._nodes.close()

    def remove(self) -> None:
        """Remove the files; who has them open can still read them."""
        _remove(self.path)

    @classmethod
    def is_there(cls, folder: Path, part: Range) -> bool:
        """Say whether *part* is below *folder*, whole."""
        return (folder / folder_name(part)).is_dir()

    @classmethod
    def all_in(cls, folder: Path) -> list[Self]:
        """Return every whole range below *folder*, from left to right, big ones first.

        For the one who writes there: what somebody who died has left half removed goes.
        """
        for path in folder.glob(f"*{GONE}"):
            shutil.rmtree(path)
        parts = []
        for path in folder.glob("*-*"):
            level, _, number = path.name.partition("-")
            if level.isdecimal() and number.isdecimal():
                parts.append(Range(int(level), int(number)))
        return [cls(folder, part) for part in sorted(parts, key=lambda r: (r.start, -r.level))]

    def _block_of(self, name: bytes) -> int:
        """Return the last block whose first row is not after *name*; the first one if none."""
        low, high = 0, self._widths[0]
        while high - low > 1:
            middle = (low + high) // 2
            start = self._start(middle)
            if self._rows[start : self._rows.find(b" ", start)] <= name:
                low = middle
            else:
                high = middle
        return low

    def _block(self, block: int) -> list[bytes]:
        end = self._start(block + 1) if block + 1 < self._widths[0] else len(self._rows)
        return self._rows[self._start(block) : end].splitlines(keepends=True)

    def _start(self, block: int) -> int:
        start: int = struct.unpack_from("=Q", self._nodes, 8 * block)[0]
        return start

    def _reader(self) -> "_Nodes":
        return _Nodes(self)

    def node(self, level: int, position: int) -> TreeHash:
        """Return a node of the tree above the blocks."""
        above = sum(self._widths[: level - BLOCK_LEVEL])
        at = 8 * self._widths[0] + HASH_SIZE * (above + position)
        return TreeHash(self._nodes[at : at + HASH_SIZE])

    def block_leaves(self, block: int) -> list[TreeHash]:
        """Return the leaf hashes of the rows of one block."""
        return [TreeHash(row_hash(row)) for row in self._block(block)]


class _Nodes:
    """Reads nodes for one proof; each block is hashed once."""

    def __init__(self, file: RangeFile) -> None:
        self._file = file
        self._blocks: dict[int, list[list[TreeHash]]] = {}

    def __call__(self, nodes: Sequence[Node]) -> list[TreeHash]:
        return [self._read(*node) for node in nodes]

    def _read(self, level: int, position: int) -> TreeHash:
        if level >= BLOCK_LEVEL:
            return self._file.node(level, position)
        block, within = divmod(position << level, BLOCK)
        levels = self._blocks.get(block)
        if levels is None:
            levels = [self._file.block_leaves(block)]
            while len(levels[-1]) > 1:
                levels.append(_above(levels[-1]))
            self._blocks[block] = levels
        return levels[level][within >> level]


def _above(level: list[TreeHash]) -> list[TreeHash]:
    """Return the level over *level*; a last node without a sibling stands for itself."""
    # A function call a node would double what a merge costs.
    pairs: list[Any] = [
        sha256(NODE_PREFIX + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    return [*pairs, level[-1]] if len(level) & 1 else pairs


def _remove(path: Path) -> None:
    """Remove a range's folder, if it is there; under its own name it is whole or gone."""
    gone = path.with_name(f"{path.name}{GONE}")
    shutil.rmtree(gone, ignore_errors=True)
    with suppress(FileNotFoundError):
        path.rename(gone)
        # Dying here leaves a folder that the next start removes.
        shutil.rmtree(gone)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise VerificationError(f"{path}: is damaged: remove its folder") from error


def _read_roots(path: Path, part: Range) -> RangeRoots:
    try:
        read = RangeRoots.of_members(parse((path / "roots").read_bytes()))
    except (OSError, MalformedError) as error:
        raise VerificationError(f"{path}: is damaged: remove it, and it is made again") from error
    if read.range != part:
        raise VerificationError(f"{path}: holds another range: remove it, and it is made again")
    return read
