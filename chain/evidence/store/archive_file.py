"""A package's archive on disk, read where it is looked at: memory holds its members alone.

With the largest package, 256 MiB, the members in memory are half of what a verifier may take
(``evidence.md``, section 9). Proved by ``tests/chain/evidence/test_archive_file.py``.
"""

from os import SEEK_END
from typing import BinaryIO

from chain.evidence.claims import MAX_PACKAGE
from chain.evidence.digests import PIECE


class ArchiveFile:
    """An open *file* as an `Archive`; at most one byte more than a package may have is seen.

    Raises:
        OSError: by every method: it cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = min(file.seek(0, SEEK_END), MAX_PACKAGE + 1)

    def __len__(self) -> int:
        """Return how many bytes it has."""
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        """Return a part; what is beyond the end is left out."""
        start, stop, step = part.indices(self._size)
        self._file.seek(start)
        return self._file.read(max(stop - start, 0))[::step]

    def rfind(self, mark: bytes, /) -> int:
        """Return the last place of *mark*, -1 if there is none."""
        stop = self._size
        while stop > 0:
            start = max(stop - PIECE, 0)
            # What begins in this piece may end in the next one.
            found = self[start : stop + len(mark) - 1].rfind(mark)
            if found >= 0:
                return start + found
            stop = start
        return -1
