"""Payment channels: what we ask of one, and by which of our connections it speaks to us.

A channel may be connected more than once (two contracts, two merchants of record); the word
of one connection is never taken for another's payment (T04). `domain.payments.sandbox` plays
channels, and `domain.payments.store.http_channel` asks one over HTTP.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from chain.errors import MalformedError
from domain.money import Money

NAME_PATTERN: Final = "[a-z][a-z0-9-]{0,31}"
"""Of a channel, a connection, a callback key."""
TRANSACTION_PATTERN: Final = "[A-Za-z0-9_-]{8,64}"

COLLECT: Final = "/v1/pay/collect"
REFUND: Final = "/v1/pay/refund"
FIND: Final = "/v1/pay/find"
REFUNDED: Final = "/v1/pay/refunded"
"""Paths of the questions: see `domain.payments.store.http_channel`."""

Algorithm = Literal["hmac-sha256", "ed25519"]
KEY_SIZE: Final = 32
"""Bytes of a callback key, of either algorithm."""


class Route(NamedTuple):
    """A channel and one of our connections to it."""

    channel: str
    connection: str


@dataclass(frozen=True, slots=True)
class CallbackKey:
    """A key that callbacks of a connection verify under: a shared secret, or a public key.

    Raises:
        MalformedError: its size or its id is not a key's.
    """

    id: str
    algorithm: Algorithm
    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.material) != KEY_SIZE or not re.fullmatch(NAME_PATTERN, self.id):
            raise MalformedError(f"callback key {self.id!a:.40}: {KEY_SIZE} bytes under a name")
        if self.algorithm not in ("hmac-sha256", "ed25519"):
            raise MalformedError(f"callback key {self.id}: hmac-sha256 or ed25519")


@dataclass(frozen=True, slots=True)
class Connection:
    """What we know of one connection: never taken from a message."""

    route: Route
    account: str
    """Ours at the channel."""
    keys: tuple[CallbackKey, ...]
    """The pinned ones; two while one takes the other's place."""

    def key(self, key_id: str) -> CallbackKey | None:
        """Return the pinned key with that id."""
        return next((each for each in self.keys if each.id == key_id), None)


Connections = Mapping[Route, Connection]


def connections_of(found: Iterable[Connection]) -> Connections:
    """Return *found* by route.

    Raises:
        MalformedError: a route has two, or a name that none can have.
    """
    made: dict[Route, Connection] = {}
    for each in found:
        if not all(re.fullmatch(NAME_PATTERN, name) for name in each.route):
            raise MalformedError(f"connection {each.route!a:.90}: two names of {NAME_PATTERN}")
        if each.route in made:
            raise MalformedError(f"connection {'/'.join(each.route)}: stands there twice")
        made[each.route] = each
    return made


@dataclass(frozen=True, slots=True)
class Asked:
    """The channel will collect a payment."""

    sandbox: bool
    page: str
    """Where the buyer pays."""


TransferState = Literal["pending", "settled", "failed"]
PaymentState = Literal["unknown", "waiting", "paid"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What became of a transfer to the buyer."""

    sandbox: bool
    transfer: str
    """The channel's own id of it."""
    state: TransferState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What the channel knows of a payment."""

    sandbox: bool
    state: PaymentState
    transaction: str | None = None
    amount: int | None = None
    currency: str | None = None


class Channel(Protocol):
    """One connection to a channel: asks, never decides.

    Every question has an idempotency key: whoever repeats it gets the first answer, so that
    nothing is collected or paid out twice. What gives no answer raises
    `domain.outside.party.PartyError`.
    """

    def ask_payment(self, payment: str, checkout: str, due: Money, key: str) -> Asked:
        """Let the channel collect *due*."""

    def send_refund(self, refund: str, transaction: str, money: Money, key: str) -> Transfer:
        """Let the channel pay *money* back to whoever paid by *transaction*."""

    def find_payment(self, payment: str, key: str) -> Collected:
        """Ask what became of a payment, where no callback said so."""

    def find_refund(self, refund: str, key: str) -> Transfer:
        """Ask what became of the last transfer for a refund."""
