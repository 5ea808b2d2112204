"""Keys as text: verifier keys (vkey), signing keys, and the IDs by which notes name them.

c2sp.org/signed-note. A key ID is ``SHA-256(name ‖ 0A ‖ type ‖ public key)[:4]``; a vkey is
``name+hex8+base64(type ‖ public key)``; a signing key is
``PRIVATE+KEY+name+hex8+base64(type ‖ seed)``, as golang.org/x/mod/sumdb/note writes it for
Ed25519 and as we write it for ML-DSA-44 too (FIPS 204's 32-byte seed). The ID in both is
that of the public key. ``tests/chain/test_vkey.py`` runs ``tests/vectors/vkeys.json``.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from chain.errors import MalformedError

KEY_ID_SIZE = 4
SEED_SIZE = 32
MAX_KEY_NAME_SIZE = 255
"""Bytes of a key name: ML-DSA-44 signs it behind a length of 8 bits."""

_SIGNING_KEY_HEAD = "PRIVATE+KEY+"
_KEY_ID_TEXT = re.compile(r"[0-9a-f]{8}")


class KeyType(IntEnum):
    """What a key signs; the signature type byte of c2sp.org/signed-note."""

    ED25519 = 0x01
    """Ed25519 over the note's text."""

    ED25519_COSIGNATURE = 0x04
    """Ed25519 over ``cosignature/v1``, a time, and the note's text."""

    TREE_HEAD = 0x05
    """RFC 6962 TreeHeadSignature by ECDSA; verified only."""

    ML_DSA_44 = 0x06
    """ML-DSA-44 over ``subtree/v1``: names, a time, the size and the root."""


_PUBLIC_SIZES = {
    KeyType.ED25519: 32,
    KeyType.ED25519_COSIGNATURE: 32,
    KeyType.ML_DSA_44: 1312,
}


@dataclass(frozen=True)
class VerifierKey:
    """A name, the kind of signature, and the public key."""

    name: str
    type: KeyType
    public: bytes
    """Raw bytes of the public key; for `KeyType.TREE_HEAD` its SubjectPublicKeyInfo."""

    def __post_init__(self) -> None:
        check_key_name(self.name)
        size = _PUBLIC_SIZES.get(self.type)
        if size is not None and len(self.public) != size:
            raise MalformedError(
                f"key {self.name}: type {self.type:02x} has {size} bytes, not {len(self.public)}"
            )

    @cached_property
    def id(self) -> bytes:
        """Four bytes that, with the name, pick this key."""
        # RFC 6962 identifies a log by the hash of its key, and so does type 05.
        is_tree_head = self.type is KeyType.TREE_HEAD
        material = sha256(self.public).digest() if is_tree_head else self.public
        named = self.name.encode() + b"\n" + bytes([self.type]) + material
        return sha256(named).digest()[:KEY_ID_SIZE]

    def text(self) -> str:
        """Return the vkey."""
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that the vkey *text* spells.

        Raises:
            MalformedError: *text* is no vkey, its type is unknown, or its ID is not that
                of its key.
        """
        name, key_id, kind, public = _split("vkey", text)
        key = cls(name, kind, public)
        _check_same_id("vkey", key_id, key)
        return key


@dataclass(frozen=True)
class SigningKey:
    """A name, the kind of signature, and the 32-byte seed of the private key."""

    name: str
    type: KeyType
    seed: bytes = field(repr=False)
    """32 random bytes: RFC 8032's private key, FIPS 204's xi."""

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.type not in _PUBLIC_SIZES:
            raise MalformedError(f"signing key {self.name}: type {self.type:02x} is verified only")
        if len(self.seed) != SEED_SIZE:
            raise MalformedError(f"signing key {self.name}: the seed must be {SEED_SIZE} bytes")

    @cached_property
    def verifier_key(self) -> VerifierKey:
        """The key that verifies what this one signs."""
        if self.type is KeyType.ML_DSA_44:
            public = MLDSA44PrivateKey.from_seed_bytes(self.seed).public_key().public_bytes_raw()
        else:
            public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, self.type, public)

    def as_cosigner(self) -> Self:
        """Return the same Ed25519 key for cosignatures; it has another ID.

        Raises:
            MalformedError: the key is not an Ed25519 key.
        """
        if self.type is KeyType.ML_DSA_44:
            raise MalformedError("only an Ed25519 key has a cosigning form of its own")
        return replace(self, type=KeyType.ED25519_COSIGNATURE)

    def text(self) -> str:
        """Return the signing key as it is stored: a secret."""
        key_id = self.verifier_key.id.hex()
        return f"{_SIGNING_KEY_HEAD}{self.name}+{key_id}+{_encode(bytes([self.type]) + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that *text* spells; the errors never repeat the text.

        Raises:
            MalformedError: `text` would not have written *text*.
        """
        if not text.startswith(_SIGNING_KEY_HEAD):
            raise MalformedError(f"signing key: must begin with {_SIGNING_KEY_HEAD}")
        name, key_id, kind, seed = _split("signing key", text.removeprefix(_SIGNING_KEY_HEAD))
        key = cls(name, kind, seed)
        _check_same_id("signing key", key_id, key.verifier_key)
        return key


def check_key_name(name: str) -> None:
    """Check the name of a key, which for a log is its origin.

    Raises:
        MalformedError: *name* is empty, too long, or holds a space, a plus or a control.
    """
    if not name or len(name.encode("utf-8", "surrogatepass")) > MAX_KEY_NAME_SIZE:
        raise MalformedError(f"key name: must have 1 to {MAX_KEY_NAME_SIZE} bytes")
    bad = [c for c in name if c.isspace() or c == "+" or c < " " or "\ud800" <= c <= "\udfff"]
    if bad:
        raise MalformedError(f"key name {name!r}: must not hold {bad[0]!r}")


def decode_base64(what: str, text: str) -> bytes:
    """Return the bytes that *text* spells in the standard alphabet, padded.

    Raises:
        MalformedError: another text would be written for those bytes; *what* names it.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise MalformedError(f"{what}: not base64") from None
    # Stray low bits before the padding decode to the same bytes.
    if _encode(data) != text:
        raise MalformedError(f"{what}: loose base64")
    return data


def _encode(data: bytes) -> str:
    return b64encode(data).decode()


def _split(what: str, text: str) -> tuple[str, bytes, KeyType, bytes]:
    # Twice at most: base64 may hold a plus, a name may not.
    parts = text.split("+", 2)
    if len(parts) != len(("name", "id", "key")):
        raise MalformedError(f"{what}: must be name+id+key")
    name, key_id, encoded = parts
    if not _KEY_ID_TEXT.fullmatch(key_id):
        raise MalformedError(f"{what}: the ID must be 8 lower-case hexadecimal digits")
    typed = decode_base64(what, encoded)
    try:
        kind = KeyType(typed[0])
    except (ValueError, IndexError):
        known = ", ".join(f"{each:02x}" for each in KeyType)
        raise MalformedError(f"{what}: unknown type; this program knows {known}") from None
    return name, bytes.fromhex(key_id), kind, typed[1:]


def _check_same_id(what: str, key_id: bytes, key: VerifierKey) -> None:
    if key.id != key_id:
        raise MalformedError(
            f"{what}: ID {key_id.hex()} is not that of the key, which is {key.id.hex()}"
        )
