"""A checkout's payment, as the channel reports it (``features.md``, G3).

Proved by ``tests/domain/payments/test_payment.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import AmountMismatchError
from domain.event import Event, event
from domain.ledger import accounts
from domain.ledger.posting import post
from domain.money import Money
from domain.payload import Amount, Basis, CheckoutId, Currency, Reference

PAYMENT_TABLE: Table = {
    "payment.initiated": {NEW: "initiated"},
    "payment.captured": {NEW: "captured", "initiated": "captured"},
    "payment.callback_refused": {"initiated": "initiated", "captured": "captured"},
    "ledger.posted": {"captured": "captured"},
}


@event("payment.initiated")
class PaymentInitiated(Event):
    """A checkout asked a channel to collect this much."""

    checkout: CheckoutId
    amount: Amount
    currency: Currency

    def _apply(self, payment: "Payment") -> None:
        payment.checkout = self.checkout
        payment.due = Money(self.amount, self.currency)


@event("payment.captured")
class PaymentCaptured(Event):
    """The channel has the money."""

    checkout: CheckoutId
    amount: Amount
    currency: Currency
    payer: Reference | None = None
    """Who paid, as the channel or the source names that person."""
    basis: Basis | None = None

    def _apply(self, payment: "Payment") -> None:
        payment.checkout = self.checkout
        payment.due = Money(self.amount, self.currency)


@event("payment.callback_refused")
class PaymentCallbackRefused(Event):
    """A message about this payment differed from our own record; nothing moved."""

    reason: str


class Payment(Aggregate):
    """Money for one checkout."""

    TOPIC = "payment"
    PREFIX = "pay"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": PAYMENT_TABLE}

    __slots__ = ("checkout", "due", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.checkout = ""
        self.due: Money | None = None

    def initiate(self, command: Command, checkout: str, due: Money) -> None:
        """Ask the channel for *due*."""
        follows = self.follows(command)
        self.happen(command, PaymentInitiated(*follows, checkout, due.amount, due.currency))

    def capture(self, command: Command, received: Money, payer: dict[str, str] | None) -> None:
        """Take the channel's word that *received* was captured.

        Raises:
            AmountMismatchError: it is not what was asked for.
        """
        if received != self.due:
            raise AmountMismatchError(f"{self.id}: {received} came, {self.due} was asked for")
        self.happen(
            command,
            PaymentCaptured(
                *self.follows(command), self.checkout, received.amount, received.currency, payer
            ),
        )
        self._post(command, received)

    def assume_captured(
        self, command: Command, checkout: str, paid: Money, payer: dict[str, str] | None
    ) -> None:
        """Record a payment of the past that the source does not mention but implies."""
        self.happen(
            command,
            PaymentCaptured(
                *self.follows(command), checkout, paid.amount, paid.currency, payer, "assumed"
            ),
        )
        self._post(command, paid)

    def refuse_callback(self, command: Command, reason: str) -> None:
        """Record that a callback was not believed, and why."""
        self.happen(command, PaymentCallbackRefused(*self.follows(command), reason))

    def _post(self, command: Command, received: Money) -> None:
        """Post what came in: the checkout's orders will take it."""
        if received.amount:
            lines = (
                (accounts.CHANNEL, -received.amount),
                (accounts.clearing(self.checkout), received.amount),
            )
            post(command, self, "payment_captured", received.currency, lines, payment=self.id)
