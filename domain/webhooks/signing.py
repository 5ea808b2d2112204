"""Signatures of webhooks, after Standard Webhooks: over ``id.timestamp.body``.

Ed25519 (``v1a``; keys ``whsk_`` and ``whpk_``) is preferred: the receiver keeps no secret.
HMAC-SHA256 (``v1``; ``whsec_``) is for those who know no other. During a rotation there are
signatures by the old keys and the new; a receiver needs one that it knows. The specification's
own vectors are in ``tests/domain/webhooks/test_signing.py``.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chain.errors import MalformedError, SignatureFailedError

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE: Final = 300
"""Seconds by which a receiver's clock and ours may differ."""


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A secret that both sides keep: 24 to 64 bytes."""

    secret: bytes

    def sign(self, message: bytes) -> str:
        """Return the signature, with its version."""
        return f"v1,{b64encode(hmac.digest(self.secret, message, 'sha256')).decode()}"

    def verify(self, message: bytes, signature: str) -> bool:
        """Say whether *signature*, with its version, is this key's."""
        return hmac.compare_digest(self.sign(message).encode(), signature.encode())

    def spelt(self) -> str:
        """Return the key as the receiver keeps it: ``whsec_…``."""
        return f"whsec_{b64encode(self.secret).decode()}"

    def __repr__(self) -> str:
        return "HmacKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is neither copied nor pickled: hand on the object")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key: its seed is ours alone."""

    seed: bytes

    def sign(self, message: bytes) -> str:
        """Return the signature, with its version."""
        made = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return f"v1a,{b64encode(made).decode()}"

    def spelt(self) -> str:
        """Return the public key as the receiver keeps it: ``whpk_…``."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"whpk_{b64encode(raw).decode()}"

    def __repr__(self) -> str:
        return "SigningKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is neither copied nor pickled: hand on the object")


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half of a `SigningKey`."""

    public: bytes

    def verify(self, message: bytes, signature: str) -> bool:
        """Say whether *signature*, with its version, is this key's."""
        version, _, made = signature.partition(",")
        try:
            if version == "v1a":
                key = Ed25519PublicKey.from_public_bytes(self.public)
                key.verify(b64decode(made, validate=True), message)
                return True
        except (InvalidSignature, ValueError):
            pass
        return False


def parse_key(text: str) -> HmacKey | SigningKey | VerifyingKey:
    """Return the key that *text* spells: ``whsec_``, ``whsk_`` or ``whpk_``.

    Raises:
        MalformedError: it is none; the message does not repeat it.
    """
    prefix, _, rest = text.partition("_")
    try:
        raw = b64decode(rest, validate=True)
    except ValueError:
        raise MalformedError("webhook key: not base64 behind its prefix") from None
    if prefix == "whsec" and 24 <= len(raw) <= 64:  # noqa: PLR2004 — the specification's bounds
        return HmacKey(raw)
    if prefix in ("whsk", "whpk") and len(raw) == 32:  # noqa: PLR2004 — of an Ed25519 key
        return SigningKey(raw) if prefix == "whsk" else VerifyingKey(raw)
    raise MalformedError("webhook key: write whsec_ and 24 to 64 bytes, or whsk_ or whpk_ and 32")


def headers_of(
    keys: Iterable[HmacKey | SigningKey], message_id: str, seconds: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a message, signed by each of *keys*, the newest first."""
    message = _message(message_id, seconds, body)
    return {
        ID: message_id,
        TIMESTAMP: str(seconds),
        SIGNATURE: " ".join(key.sign(message) for key in keys),
    }


def verify(
    keys: Sequence[HmacKey | VerifyingKey], headers: dict[str, str], body: bytes, now: int
) -> None:
    """Check a message as a receiver does.

    Raises:
        SignatureFailedError: no known key has signed it, or it is too old or from the future.
    """
    message_id, stamp, signatures = (headers.get(each, "") for each in (ID, TIMESTAMP, SIGNATURE))
    if not message_id or not (stamp.isascii() and stamp.isdecimal()):
        raise SignatureFailedError("webhook: a header is missing")
    if abs(int(stamp) - now) > TOLERANCE:
        raise SignatureFailedError("webhook: the time stamp is too far off")
    message = _message(message_id, int(stamp), body)
    if not any(key.verify(message, each) for key in keys for each in signatures.split(" ")):
        raise SignatureFailedError("webhook: no known key has signed it")


def derived(master: bytes, name: str, version: int) -> tuple[SigningKey, HmacKey]:
    """Return the keys of endpoint *name*, which are kept nowhere but in *master*."""
    made = [
        hmac.digest(master, f"{kind}/{name}/{version}".encode(), sha256)
        for kind in ("whsk", "whsec")
    ]
    return SigningKey(made[0]), HmacKey(made[1])


def _message(message_id: str, seconds: int, body: bytes) -> bytes:
    if "." in message_id:
        raise MalformedError("webhook: an id holds no full stop")
    return b"%b.%d.%b" % (message_id.encode(), seconds, body)
