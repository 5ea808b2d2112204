"""Signers and verifiers of every kind of note signature that we know.

Type 01 is c2sp.org/signed-note's Ed25519 over the text. Types 04 and 06 are those of
c2sp.org/tlog-cosignature: u64 BE POSIX seconds ‖ a signature, by Ed25519 over
``cosignature/v1``, the time and the text, or by ML-DSA-44 over ``subtree/v1``, which
commits to both names, the time, the size and the root, and to no extension line. A log
signs with type 06 in just the way that a witness cosigns. Type 05 is `chain.tree_head`.

``tests/chain/test_cosignature.py`` and ``tests/chain/test_note.py`` run
``tests/vectors/signed_notes.json`` and ``tests/vectors/mldsa44_checkpoint.json``.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from chain.checkpoint import Checkpoint
from chain.errors import MalformedError, SignatureFailedError
from chain.note import Signature, Signer, Verifier
from chain.tree_head import TreeHeadVerifier
from chain.vkey import KeyType, SigningKey, VerifierKey

TIME_SIZE = 8
"""Bytes of the time before a timestamped signature."""

MAX_SECONDS = 2**63 - 1

_ED25519_SIGNATURE_SIZE = 64
_ML_DSA_44_SIGNATURE_SIZE = 2420
_SUBTREE_LABEL = b"subtree/v1\n\x00"


def signer_of(key: SigningKey) -> Signer:
    """Return what signs notes with *key*."""
    if key.type is KeyType.ED25519:
        return _Ed25519Signer(key)
    if key.type is KeyType.ED25519_COSIGNATURE:
        return _Ed25519Cosigner(key)
    return _MlDsaSigner(key)


def verifier_of(key: VerifierKey) -> Verifier:
    """Return what verifies the signatures of *key*.

    Raises:
        MalformedError: the public key is not one of its kind.
    """
    if key.type is KeyType.ED25519:
        return _Ed25519Verifier(key)
    if key.type is KeyType.ED25519_COSIGNATURE:
        return _Ed25519CosignatureVerifier(key)
    if key.type is KeyType.TREE_HEAD:
        return TreeHeadVerifier(key)
    return _MlDsaVerifier(key)


def cosigned_at(signature: Signature) -> int:
    """Return the POSIX seconds of a timestamped *signature* (types 04 and 06).

    Raises:
        MalformedError: *signature* is too short to be one.
    """
    if len(signature.data) <= TIME_SIZE:
        raise MalformedError(f"signature by {signature.name}: no room for a time")
    return int.from_bytes(signature.data[:TIME_SIZE])


class _Ed25519Signer:
    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self._private = Ed25519PrivateKey.from_private_bytes(key.seed)

    def sign(self, text: str, seconds: int) -> bytes:  # noqa: ARG002 — this kind carries no time
        return self._private.sign(text.encode())


class _Ed25519Cosigner:
    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self._private = Ed25519PrivateKey.from_private_bytes(key.seed)

    def sign(self, text: str, seconds: int) -> bytes:
        _check_seconds(seconds)
        # A cosignature is a statement about a log: other texts get none.
        Checkpoint.parse(text, extensions=True)
        return seconds.to_bytes(TIME_SIZE) + self._private.sign(_cosigned_text(text, seconds))


class _MlDsaSigner:
    """Hedged, as FIPS 204 recommends: two signatures over one message differ."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self._private = MLDSA44PrivateKey.from_seed_bytes(key.seed)

    def sign(self, text: str, seconds: int) -> bytes:
        _check_seconds(seconds)
        message = _subtree_message(self.key.name, text, seconds)
        return seconds.to_bytes(TIME_SIZE) + self._private.sign(message)


class _Ed25519Verifier:
    def __init__(self, key: VerifierKey) -> None:
        self.key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def verify(self, text: str, signature: bytes) -> None:
        try:
            self._public.verify(signature, text.encode())
        except InvalidSignature:
            raise _false(self.key) from None


class _Ed25519CosignatureVerifier:
    def __init__(self, key: VerifierKey) -> None:
        self.key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def verify(self, text: str, signature: bytes) -> None:
        seconds, rest = _split_time(self.key, signature, _ED25519_SIGNATURE_SIZE)
        try:
            Checkpoint.parse(text, extensions=True)
            self._public.verify(rest, _cosigned_text(text, seconds))
        except (InvalidSignature, MalformedError):
            raise _false(self.key) from None


class _MlDsaVerifier:
    def __init__(self, key: VerifierKey) -> None:
        self.key = key
        self._public = MLDSA44PublicKey.from_public_bytes(key.public)

    def verify(self, text: str, signature: bytes) -> None:
        seconds, rest = _split_time(self.key, signature, _ML_DSA_44_SIGNATURE_SIZE)
        try:
            self._public.verify(rest, _subtree_message(self.key.name, text, seconds))
        except (InvalidSignature, MalformedError):
            raise _false(self.key) from None


def _cosigned_text(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _subtree_message(name: str, text: str, seconds: int) -> bytes:
    checkpoint = Checkpoint.parse(text, extensions=True)
    return b"".join(
        (
            _SUBTREE_LABEL,
            _counted(name),
            seconds.to_bytes(8),
            _counted(checkpoint.origin),
            (0).to_bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def _counted(text: str) -> bytes:
    data = text.encode()
    if len(data) > 0xFF:  # noqa: PLR2004 — the largest length of 8 bits
        raise MalformedError(f"{text[:80]!r}: ML-DSA-44 signs names of at most 255 bytes")
    return bytes([len(data)]) + data


def _check_seconds(seconds: int) -> None:
    if not 0 <= seconds <= MAX_SECONDS:
        raise MalformedError(f"time {seconds}: must be POSIX seconds from 0 to 2^63-1")


def _split_time(key: VerifierKey, signature: bytes, size: int) -> tuple[int, bytes]:
    seconds = int.from_bytes(signature[:TIME_SIZE])
    if len(signature) != TIME_SIZE + size or seconds > MAX_SECONDS:
        raise _false(key)
    return seconds, signature[TIME_SIZE:]


def _false(key: VerifierKey) -> SignatureFailedError:
    return SignatureFailedError(
        f"the signature by {key.name}, key ID {key.id.hex()}, is false: it is not by that key"
        " over this text"
    )
