"""Fingerprints: how the same raw key is recognised over all merchants.

``features.md``, section 6, rule 5: HMAC-SHA256 under an index key of its own, over the
normal form (NFKC, spaces and hyphens removed), exact and case-folded. A bare hash of a
raw key stands nowhere. ``tests/domain/keys/test_fingerprint.py``.
"""

import hmac
import re
from typing import NamedTuple
from unicodedata import normalize

from chain.errors import MalformedError

INDEX_KEY_SIZE = 32
"""Bytes of the index key."""

_LEFT_OUT = re.compile(r"[\s\-\u2010-\u2015]+")


class Fingerprint(NamedTuple):
    """Two keyed digests of one raw key, 64 hexadecimal digits each."""

    exact: str
    folded: str


def fingerprint(raw_key: str, index_key: bytes) -> Fingerprint:
    """Return the fingerprint of *raw_key* under *index_key*, 32 bytes.

    Raises:
        MalformedError: the raw key is empty once spaces and hyphens are gone.
    """
    if len(index_key) != INDEX_KEY_SIZE:
        raise MalformedError(f"index key: must be {INDEX_KEY_SIZE} bytes")
    normal = _LEFT_OUT.sub("", normalize("NFKC", raw_key))
    if not normal:
        raise MalformedError("raw key: is empty")

    def digest(text: str) -> str:
        return hmac.digest(index_key, text.encode(), "sha256").hex()

    return Fingerprint(digest(normal), digest(f"folded/{normal.casefold()}"))
