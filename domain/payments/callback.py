"""A channel's callback: signed over its raw body, believed only then read (T04 to T06).

The signature covers, each on a line of its own,

    xiyou-callback-1
    paylink                     the channel
    main                        the connection
    k1                          the id of the key: one of the connection's pinned ones
    hmac-sha256                 the algorithm: the key's own, never the message's choice
    2026-11-22T10:00:00Z        the date; five minutes off is too far
    5f0c…                       the nonce, 32 hexadecimal digits; taken once
    e3b0…                       SHA-256 of the body, byte for byte as it came

and is 64 bytes of Ed25519 or 32 of HMAC-SHA256, in hexadecimal digits. The body is canonical
JSON, a `Notice`: integers and text alone, no member more or less. Proved by
``tests/domain/payments/test_f17_forged.py``; signatures are pinned in
``tests/golden/payments/callbacks.json``.
"""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chain.canonical import parse
from chain.errors import MalformedError, VerificationError
from domain.money import DECIMALS, Money
from domain.payload import (
    CheckoutId,
    Currency,
    Moment,
    Pattern,
    PaymentId,
    RefundId,
    Units,
    payload_fields,
    read_object,
)
from domain.payments.channel import (
    NAME_PATTERN,
    TRANSACTION_PATTERN,
    Algorithm,
    CallbackKey,
    Connection,
)

HEADERS: Final = {
    "connection": "X-Xiyou-Connection",
    "key": "X-Xiyou-Key",
    "algorithm": "X-Xiyou-Algorithm",
    "date": "X-Xiyou-Date",
    "nonce": "X-Xiyou-Nonce",
    "signature": "X-Xiyou-Signature",
}
"""By part of a `Delivery`: its header. The channel is the last part of the receiver's path."""
WINDOW: Final = 300
"""Seconds that a callback's date may be off, either way."""
MAX_BODY: Final = 16_384

_SCHEME: Final = "xiyou-callback-1"
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SHAPES: Final = {
    "channel": re.compile(NAME_PATTERN),
    "connection": re.compile(NAME_PATTERN),
    "key": re.compile(NAME_PATTERN),
    "algorithm": re.compile(NAME_PATTERN),
    "date": _MOMENT,
    "nonce": re.compile(r"[0-9a-f]{32}"),
}

Kind = Literal["payment.paid", "payment.charged_back", "refund.settled", "refund.failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback as it came: nothing of it is believed."""

    channel: str
    connection: str
    key: str
    algorithm: str
    date: str
    nonce: str
    signature: str
    body: bytes

    def text(self) -> bytes:
        """Return what is signed.

        Raises:
            MalformedError: a part has a form that would make two callbacks look alike.
        """
        for name, shape in _SHAPES.items():
            if not shape.fullmatch(getattr(self, name)):
                raise MalformedError(f"{name}: must match {shape.pattern}")
        lines = (_SCHEME, *(getattr(self, name) for name in _SHAPES))
        return "".join(f"{line}\n" for line in (*lines, sha256(self.body).hexdigest())).encode()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a callback says."""

    kind: Kind
    account: Annotated[str, Pattern("[A-Za-z0-9_-]{1,64}")]
    """Ours at the channel."""
    payment: PaymentId
    checkout: CheckoutId
    transaction: Annotated[str, Pattern(TRANSACTION_PATTERN)]
    """The one that brought the money; of a refund, the transfer."""
    amount: Units
    """Minor units; of a refund, what went back."""
    currency: Currency
    at: Moment
    """When it happened at the channel."""
    sandbox: bool
    refund: RefundId | None = None
    reason: Annotated[str, Pattern("[ -~]{1,200}")] | None = None

    @property
    def money(self) -> Money:
        """What came, or went back."""
        return Money(self.amount, self.currency)


_FIELDS: Final = payload_fields(Notice)


def read_notice(body: bytes) -> Notice:
    """Return what a verified *body* says.

    Raises:
        MalformedError: it is no notice, spelt as only a notice is.
    """
    if len(body) > MAX_BODY:
        raise MalformedError(f"body: longer than {MAX_BODY} bytes")
    members: dict[str, Any] = read_object(_FIELDS, parse(body))
    notice = Notice(**members)
    if notice.kind.startswith("refund.") != (notice.refund is not None):
        raise MalformedError("refund: named by what is about a refund, and by that alone")
    if notice.currency not in DECIMALS:
        raise MalformedError(f"currency: {notice.currency} is not one of {', '.join(DECIMALS)}")
    return notice


def verify(delivery: Delivery, connection: Connection, now: str) -> None:
    """Check that *connection* sent this, byte for byte, within five minutes of *now*.

    Raises:
        VerificationError: somebody else did, or at another time, or it was changed.
    """
    if (delivery.channel, delivery.connection) != tuple(connection.route):
        raise VerificationError("the callback is another connection's")
    key = connection.key(delivery.key)
    if key is None or delivery.algorithm != key.algorithm:
        raise VerificationError("the callback names no pinned key, or another algorithm than its")
    try:
        text, signature = delivery.text(), bytes.fromhex(_hex(delivery.signature))
    except (MalformedError, ValueError):
        raise VerificationError("the callback is not signed in the one way there is") from None
    _verify_signature(key, signature, text)
    # Only a date that is signed says anything.
    if abs(_seconds(delivery.date) - _seconds(now)) > WINDOW:
        raise VerificationError(f"the callback is more than {WINDOW} s off")


def sign(delivery: Delivery, algorithm: Algorithm, secret: bytes) -> Delivery:
    """Return *delivery* signed with a *secret*: what a channel does, and a sandbox."""
    unsigned = replace(delivery, algorithm=algorithm)
    if algorithm == "ed25519":
        signature = Ed25519PrivateKey.from_private_bytes(secret).sign(unsigned.text())
    else:
        signature = hmac.digest(secret, unsigned.text(), "sha256")
    return replace(unsigned, signature=signature.hex())


def public_key(algorithm: Algorithm, secret: bytes) -> bytes:
    """Return what whoever verifies needs: of a shared secret, the secret."""
    if algorithm == "ed25519":
        return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return secret


def _verify_signature(key: CallbackKey, signature: bytes, text: bytes) -> None:
    if key.algorithm == "ed25519":
        try:
            Ed25519PublicKey.from_public_bytes(key.material).verify(signature, text)
        except InvalidSignature:
            raise VerificationError("the callback's signature is not its key's") from None
    elif not hmac.compare_digest(hmac.digest(key.material, text, "sha256"), signature):
        raise VerificationError("the callback's signature is not its key's")


def _hex(text: str) -> str:
    """Return *text* if it is hexadecimal digits in their one spelling.

    Raises:
        MalformedError: it is not.
    """
    if not re.fullmatch(r"([0-9a-f]{2}){32,64}", text):
        raise MalformedError("signature: 64 to 128 hexadecimal digits")
    return text


def _seconds(moment: str) -> float:
    try:
        return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise VerificationError("the callback's date is no moment") from None
