"""Sealed values: personal data and secrets, kept outside the log and bound to it.

The entry holds ``{"sealed":"<64 hex>"}``, the SHA-256 of the sealed value; the sealed
value is the canonical JSON ``{"salt":"<base64url of 16 bytes, unpadded>","value":…}``
(formats.md, section 3, after the construction of c2sp.org/tlog-addenda). The salt
keeps a short value, such as a telephone number, from being found by trying.
Proved by ``tests/chain/test_sealed.py``.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from chain.canonical import JSON, parse, to_bytes
from chain.errors import MalformedError, VerificationError
from chain.hashes import HASH_SIZE

SALT_SIZE = 16
"""Bytes of fresh randomness in every sealed value."""

_DIGEST_TEXT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A value with its salt, and the digest by which an entry refers to it."""

    content: bytes
    """Canonical JSON of the members ``salt`` and ``value``: keep it secret."""

    digest: bytes
    """SHA-256 of `content`, 32 bytes: stands in the entry."""

    @property
    def reference(self) -> dict[str, str]:
        """The JSON object that stands in the entry in the value's place."""
        return {"sealed": self.digest.hex()}


def seal(value: object, salt: bytes) -> SealedValue:
    """Bind *value* with *salt*, 16 bytes from a secure random source, used once.

    Raises:
        MalformedError: *salt* has another length, or *value* has no canonical JSON.
    """
    if len(salt) != SALT_SIZE:
        raise MalformedError(f"salt: must be {SALT_SIZE} bytes, not {len(salt)}")
    content = to_bytes({"salt": _salt_text(salt), "value": value})
    return SealedValue(content, sha256(content).digest())


def unseal(content: bytes, digest: bytes) -> JSON:
    """Return the value inside *content*, after comparing it with *digest*.

    Raises:
        MalformedError: *digest* is not 32 bytes, or *content* has the digest and is
            not a sealed value.
        VerificationError: *content* is not what *digest* was made of.
    """
    if len(digest) != HASH_SIZE:
        raise MalformedError(f"digest: must be {HASH_SIZE} bytes, not {len(digest)}")
    if sha256(content).digest() != digest:
        raise VerificationError(f"the sealed value is not the one that {digest.hex()} commits to")
    members = parse(content)
    if not isinstance(members, dict) or members.keys() != {"salt", "value"}:
        raise MalformedError("a sealed value has exactly the members salt and value")
    _check_salt_text(members["salt"])
    return members["value"]


def parse_reference(value: object) -> bytes:
    """Return the digest in *value*, the object that stands in an entry.

    Raises:
        MalformedError: *value* is not ``{"sealed": "<64 hex>"}``.
    """
    if not isinstance(value, dict) or value.keys() != {"sealed"}:
        raise MalformedError("a reference has exactly the member sealed")
    text = value["sealed"]
    if not isinstance(text, str) or not _DIGEST_TEXT.fullmatch(text):
        raise MalformedError("sealed: must be 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def _salt_text(salt: bytes) -> str:
    return urlsafe_b64encode(salt).rstrip(b"=").decode()


def _check_salt_text(text: JSON) -> None:
    fault = f"salt: must be the unpadded base64url of {SALT_SIZE} bytes"
    if not isinstance(text, str) or not text.isascii():
        raise MalformedError(fault)
    try:
        salt = urlsafe_b64decode(text + "==")
    except ValueError:
        raise MalformedError(fault) from None
    # Re-encoding refuses loose spellings: foreign characters, stray low bits.
    if len(salt) != SALT_SIZE or _salt_text(salt) != text:
        raise MalformedError(fault)
