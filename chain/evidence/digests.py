"""The two digests of every file and entry: SHA-256, and SM3 (GB/T 32905) for those who ask.

SM3 comes from the `cryptography` package. Proved by ``tests/chain/evidence/test_parts.py``
with the standard's own examples.
"""

from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SM3, Hash


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of *data* in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def sm3_hex(data: bytes) -> str:
    """Return the SM3 of *data* in lower-case hexadecimal."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


HEX = {"sha256": sha256_hex, "sm3": sm3_hex}
