"""Fingerprints: how the same raw key is recognised over all merchants.

``features.md``, section 6, rule 5: HMAC-SHA256 under an index key of its own, over the
normal form (NFKC, spaces and hyphens removed), exact and case-folded. A bare hash of a
raw key stands nowhere. While the index key is rotated, the new one and the one before it
are both asked, and a new key stands under both. ``tests/domain/keys/test_fingerprint.py``.
"""

import hmac
import re
from typing import Final, NamedTuple
from unicodedata import normalize

from chain.errors import MalformedError
from domain.identity.person import INDEX_KEY_SIZE, IndexKey

INDEX_KEY_ID_SIZE: Final = 16
"""Hexadecimal digits of the id that a secret gives itself."""

_LEFT_OUT = re.compile(r"[\s\-\u2010-\u2015]+")


class Fingerprint(NamedTuple):
    """Two keyed digests of one raw key, 32 bytes each."""

    exact: bytes
    folded: bytes


class Fingerprints(NamedTuple):
    """One raw key under the index key in use, and under the one before it, if there is one."""

    current: Fingerprint
    former: Fingerprint | None = None


class IndexRing(NamedTuple):
    """The index keys that are asked: the one in use, and the one that it follows."""

    current: IndexKey
    former: IndexKey | None = None

    @property
    def keys(self) -> tuple[IndexKey, ...]:
        """Both keys, or the one that there is."""
        return (self.current,) if self.former is None else (self.current, self.former)

    def fingerprints(self, normal: str) -> Fingerprints:
        """Return the fingerprints of a raw key in its `normal_form`, under all keys."""
        former = None if self.former is None else _digests(normal, self.former)
        return Fingerprints(_digests(normal, self.current), former)

    def find(self, key_id: str) -> IndexKey:
        """Return the key with that id.

        Raises:
            MalformedError: this ring does not hold it.
        """
        for each in self.keys:
            if each.id == key_id:
                return each
        raise MalformedError(f"index key {key_id}: is not on the ring: restore it from backup")


def index_key_of(secret: bytes) -> IndexKey:
    """Return *secret*, 32 bytes, as an index key whose id follows from it and tells nothing.

    Raises:
        MalformedError: it has another size.
    """
    if len(secret) != INDEX_KEY_SIZE:
        raise MalformedError(f"index key: must be {INDEX_KEY_SIZE} bytes")
    name = hmac.digest(secret, b"index key id", "sha256").hex()[:INDEX_KEY_ID_SIZE]
    return IndexKey(name, secret)


def normal_form(raw_key: str) -> str:
    """Return *raw_key* as it is compared: NFKC, without spaces and hyphens.

    Raises:
        MalformedError: nothing is left of it.
    """
    normal = _LEFT_OUT.sub("", normalize("NFKC", raw_key))
    if not normal:
        raise MalformedError("raw key: is empty")
    return normal


def fingerprint(raw_key: str, index_key: IndexKey) -> Fingerprint:
    """Return the fingerprint of *raw_key* under *index_key*.

    Raises:
        MalformedError: the raw key is empty once spaces and hyphens are gone.
    """
    return _digests(normal_form(raw_key), index_key)


def marks_of(raw_key: str, secret: bytes) -> tuple[str, str]:
    """Return the exact and the folded digest of *raw_key* as lists of keys spell them, in hex.

    Raises:
        MalformedError: the raw key is empty, or *secret* is not 32 bytes.
    """
    found = fingerprint(raw_key, index_key_of(secret))
    return found.exact.hex(), found.folded.hex()


def platform_tag(platform_key: str, index_key: IndexKey) -> bytes:
    """Return the keyed digest by which a platform key, in its one spelling, is found."""
    return hmac.digest(index_key.secret, b"platform/" + platform_key.encode(), "sha256")


def _digests(normal: str, index_key: IndexKey) -> Fingerprint:
    secret = index_key.secret
    return Fingerprint(
        hmac.digest(secret, normal.encode(), "sha256"),
        hmac.digest(secret, b"folded/" + normal.casefold().encode(), "sha256"),
    )
