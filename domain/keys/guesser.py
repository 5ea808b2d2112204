"""Who types codes: a stream for each account, with what it was refused and why (E4).

A refused attempt belongs to whoever made it: a code that nobody issued has no key whose
history it could stand in, and a stranger must not be able to write into a key's, whose
version decides who gets the key. The stream is named ``redemption/<account>``.
``tests/domain/keys/test_e4_channel.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from domain.aggregate import Aggregate, Table
from domain.command import Command
from domain.event import Event, event
from domain.payload import BuyerId, KeyId, OrderId, Tag

Cause = Literal[
    "malformed",
    "unknown",
    "foreign_buyer",
    "wrong_product",
    "refunded",
    "frozen",
    "expired",
    "revoked",
    "used",
    "locked",
    "unusable",
    "account_limit",
    "device_limit",
    "address_limit",
]


@event("key.activation_refused")
class KeyActivationRefused(Event):
    """Somebody typed a code and it was not accepted; the caller was not told why."""

    account: BuyerId
    cause: Cause
    code: Tag
    """Stands for what was typed."""
    key: KeyId | None = None
    """Of the code, if it is one that was issued."""
    order: OrderId | None = None
    device: Tag | None = None
    address: Tag | None = None


class Guesser(Aggregate):
    """An account's refused attempts; how many count is the register's to know."""

    TOPIC = "redemption"
    PREFIX = "redemption/"
    MACHINES: ClassVar[Mapping[str, Table]] = {
        "state": {"key.activation_refused": {"open": "open"}}
    }

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = "open"

    def refuse(self, command: Command, refused: KeyActivationRefused) -> None:
        """Record a refused attempt."""
        self.happen(command, refused)
