"""The two digests of every file and entry: SHA-256, and SM3 (GB/T 32905) for those who ask.

SM3 comes from the `cryptography` package. Proved by ``tests/chain/evidence/test_parts.py``
with the standard's own examples.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SM3, Hash

PIECE: Final = 2**20
"""Bytes that are taken at a time of what may lie on disk."""


class Sliceable(Protocol):
    """Bytes in memory or on disk."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, part: slice, /) -> bytes:
        """Return a part of them."""
        ...


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of *data* in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def sm3_hex(data: bytes) -> str:
    """Return the SM3 of *data* in lower-case hexadecimal."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


def both_hex(data: Sliceable) -> dict[str, str]:
    """Return both digests of what may lie on disk, piece by piece."""
    return both_of(data[start : start + PIECE] for start in range(0, len(data), PIECE))


def both_of(pieces: Iterable[bytes]) -> dict[str, str]:
    """Return both digests of *pieces*, one behind the other."""
    sha, sm3 = sha256(), Hash(SM3())
    for piece in pieces:
        sha.update(piece)
        sm3.update(piece)
    return {"sha256": sha.hexdigest(), "sm3": sm3.finalize().hex()}


HEX = {"sha256": sha256_hex, "sm3": sm3_hex}
