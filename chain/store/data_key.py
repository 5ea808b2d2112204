"""A data key's row, and what binds things together: rows to their keys, tags to their parts.

``formats.md``, section 3: associated data are parts one after another, each behind its
length, so that no two sets of parts are alike. ``tests/chain/store/test_vault.py``.
"""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from chain.errors import MalformedError

MAX_SUBJECT_SIZE = 256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DataKeyRow(NamedTuple):
    """A row of data_keys."""

    id: str
    subject: str
    master_key: str
    wrapped: bytes
    made_at: datetime


def length_prefixed(*parts: bytes) -> bytes:
    """Return *parts* one after another, each behind its length in two bytes."""
    return b"".join(len(part).to_bytes(2) + part for part in parts)


def make_tag(key_id: str, key: bytes, kind: str, parts: Iterable[str]) -> str:
    """Return the keyed digest of *parts* under *key*, behind the key's id."""
    text = length_prefixed(*(part.encode() for part in (kind, *parts)))
    return f"{key_id.removeprefix('dk_')}:{hmac.digest(key, text, 'sha256').hex()}"


def binding_of(key: DataKeyRow) -> bytes:
    """Return what a wrapped data key is bound to: all else in its row."""
    made = (key.made_at - _EPOCH) // datetime.resolution
    return length_prefixed(
        b"data key",
        key.id.encode(),
        key.subject.encode(),
        key.master_key.encode(),
        made.to_bytes(8, signed=True),
    )


def check_subject(subject: str) -> None:
    """Check the id of a data subject.

    Raises:
        MalformedError: it is empty, too long, or not printable ASCII without space.
    """
    printable = subject.isascii() and subject.isprintable() and " " not in subject
    if not 0 < len(subject) <= MAX_SUBJECT_SIZE or not printable:
        raise MalformedError(
            f"subject {subject[:80]!r}: must be 1 to {MAX_SUBJECT_SIZE} bytes of printable ASCII"
        )
