"""The keyed digest of a file of raw keys, which says that it is the same file still.

HMAC-SHA256 under the index key, for one batch alone: a bare hash of a file that holds one
short key would be a hash of that key. ``tests/domain/keys/test_content.py``.
"""

import hmac
from typing import BinaryIO, Final, Protocol

from domain.identity.person import IndexKey

PIECE: Final = 1 << 20


class Lines(Protocol):
    """What lines are read from."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line with its end, or at most *size* bytes of it."""


class WatchedFile:
    """A file that is digested while it is read.

    Args:
        file: of raw keys.
        batch: the digest is good for.
        index_key: of the digest.
    """

    def __init__(self, file: BinaryIO, batch: str, index_key: IndexKey) -> None:
        self._file = file
        self._digest = hmac.new(index_key.secret, f"import/{batch}/".encode(), "sha256")

    def readline(self, size: int, /) -> bytes:
        """Return the next line with its end, or at most *size* bytes of it."""
        line = self._file.readline(size)
        self._digest.update(line)
        return line

    def read_all(self) -> None:
        """Read to the end, whatever stands there."""
        while piece := self._file.read(PIECE):
            self._digest.update(piece)

    def digest(self) -> str:
        """Return the digest of what was read, in hexadecimal."""
        return self._digest.hexdigest()


def digest_of(file: BinaryIO, batch: str, index_key: IndexKey) -> str:
    """Return the digest of all of *file*, which is read from its beginning."""
    file.seek(0)
    watched = WatchedFile(file, batch, index_key)
    watched.read_all()
    return watched.digest()
