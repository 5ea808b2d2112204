"""What the signer has signed: every size and root, outside the database, never rolled back.

One line a checkpoint, ``<size> <root in hex>``, appended and synced before the signature
is handed out (formats.md, section 5). The last line is the high-water mark below which
nothing is ever signed; the lines before it let an audit find a checkpoint that somebody
has removed from the database. Guarded and backed up like the key
(``reliability.md`` 4.5). Proved by ``tests/chain/store/test_signer.py``.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chain.errors import MalformedError
from chain.hashes import TreeHash, TreeSize
from chain.store.files import MissingFileError, write_private, write_whole

_LINE = re.compile(rb"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})\n")
_LONGEST_LINE = 19 + 1 + 64 + 1


class SignedTree(NamedTuple):
    """A tree whose checkpoint was signed."""

    size: TreeSize
    root: TreeHash


class SignedHistory:
    """The signer's own file of what it has signed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Begin an empty history.

        Raises:
            FileExistsError: there is one: it is never begun anew.
        """
        write_private(self.path, b"")

    def last(self) -> SignedTree | None:
        """Return the high-water mark, None if nothing was ever signed.

        Raises:
            MissingFileError: the history is lost.
            MalformedError: its last whole line is not one that `append` writes.
        """
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - 2 * _LONGEST_LINE))
                tail = file.read()
        except FileNotFoundError:
            raise MissingFileError(str(self.path)) from None
        lines = tail.splitlines(keepends=True)
        # A line without its newline was never synced, so its signature never left us.
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        return self._parse(lines[-1]) if lines else None

    def append(self, tree: SignedTree) -> None:
        """Make *tree* the mark, durably. Only under the signer's lock."""
        line = b"%d %s\n" % (tree.size, tree.root.hex().encode())
        descriptor = os.open(self.path, os.O_RDWR)
        try:
            end = self._whole_end(descriptor)
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            write_whole(descriptor, line)
            # A crash before this line: no signature was handed out, and `last` skips what
            # is torn. After it: the same tree may be signed again, and no other.
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def __iter__(self) -> Iterator[SignedTree]:
        """Yield every tree that was signed, in order, in constant memory.

        Raises:
            MissingFileError: the history is lost.
            MalformedError: a line is not one that `append` writes.
        """
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield self._parse(line)
        except FileNotFoundError:
            raise MissingFileError(str(self.path)) from None

    def _parse(self, line: bytes) -> SignedTree:
        match = _LINE.fullmatch(line)
        if match is None:
            raise MalformedError(
                f"{self.path}: {line[:100]!r} is not a size and a root: restore the file from"
                " its own backup, never an older one"
            )
        return SignedTree(TreeSize(int(match[1])), TreeHash(bytes.fromhex(match[2].decode())))

    @staticmethod
    def _whole_end(descriptor: int) -> int:
        """Return where the last whole line ends."""
        end = os.fstat(descriptor).st_size
        start = max(0, end - _LONGEST_LINE)
        tail = os.pread(descriptor, end - start, start)
        return start + tail.rfind(b"\n") + 1
