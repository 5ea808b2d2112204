"""What can happen to a payment (``features.md``, G3).

Money that came in is ``payment.captured``, as far as an order waited for it, and
``payment.unmatched`` for the rest: the two never count the same money, but for an early
payment, which is unmatched first and captured when it is known what for; both then name one
transaction. ``tests/domain/payments/test_payment.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from domain.event import Event, event, unchanged, upcaster
from domain.money import Money
from domain.payload import (
    Amount,
    Basis,
    CheckoutId,
    Currency,
    OrderId,
    Pattern,
    Reference,
    RefundId,
    Units,
)
from domain.payments.channel import NAME_PATTERN, TRANSACTION_PATTERN, Route

if TYPE_CHECKING:
    from domain.payments.payment import Payment

Name = Annotated[str, Pattern(NAME_PATTERN)]
TransactionId = Annotated[str, Pattern(TRANSACTION_PATTERN)]
Unmatched = Literal["early", "unclaimed", "late", "no_key", "double"]
"""Nothing known of that payment yet; nor later; the order did not wait any more; its key was
gone; the payment was paid before."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A channel's transaction that brought money."""

    id: str
    sandbox: bool | None


@event("payment.initiated", schema=2)
class PaymentInitiated(Event):
    """A checkout asked a channel to collect this much."""

    checkout: CheckoutId
    amount: Amount
    currency: Currency
    channel: Name | None = None
    connection: Name | None = None
    """Whose word alone is taken for it."""
    orders: tuple[OrderId, ...] | None = None
    """What it is to pay."""

    def _apply(self, payment: "Payment") -> None:
        payment.checkout = self.checkout
        payment.due = Money(self.amount, self.currency)
        payment.orders = self.orders or ()
        if self.channel is not None and self.connection is not None:
            payment.route = Route(self.channel, self.connection)


@event("payment.captured", schema=2)
class PaymentCaptured(Event):
    """The channel has the money, for orders that waited for it."""

    checkout: CheckoutId
    amount: Amount
    currency: Currency
    payer: Reference | None = None
    """Who paid, as the channel or the source names that person."""
    basis: Basis | None = None
    transaction: TransactionId | None = None
    """Of the channel."""
    sandbox: bool | None = None
    """True where nothing of it is true."""

    def _apply(self, payment: "Payment") -> None:
        payment.checkout = self.checkout
        if payment.due is None:
            payment.due = Money(self.amount, self.currency)
        if self.transaction is not None:
            payment.transaction = self.transaction
            payment.transactions.add(self.transaction)
            payment.kept.pop(self.transaction, None)
            payment.sandbox = self.sandbox


@event("payment.unmatched")
class PaymentUnmatched(Event):
    """Money came that no order waited for; it moves none, and goes back."""

    amount: Units
    currency: Currency
    cause: Unmatched
    channel: Name
    connection: Name
    transaction: TransactionId
    order: OrderId | None = None
    """That it was for."""
    refund: RefundId | None = None
    """By which it goes back; none where it waits, for it came early."""
    sandbox: bool | None = None

    def _apply(self, payment: "Payment") -> None:
        payment.transactions.add(self.transaction)
        payment.sandbox = self.sandbox
        if self.refund is None:
            money = Money(self.amount, self.currency)
            payment.came_by = Route(self.channel, self.connection)
            payment.kept[self.transaction] = money, payment.came_by
        else:
            payment.kept.pop(self.transaction, None)
            payment.returns[self.refund] = self.transaction


@event("payment.charged_back")
class PaymentChargedBack(Event):
    """The payer's bank took the money back from the channel."""

    amount: Units
    currency: Currency
    transaction: TransactionId
    sandbox: bool | None = None

    def _apply(self, payment: "Payment") -> None:
        payment.charged_back = True


@event("payment.callback_refused", schema=2)
class PaymentCallbackRefused(Event):
    """A message about this payment differed from our own record; nothing moved."""

    reason: str
    verified: bool | None = None
    """False where anybody may have sent it; true where the channel did."""

    def _apply(self, payment: "Payment") -> None:
        if self.verified is False:
            payment.forgeries += 1


for _topic in ("payment.initiated", "payment.captured", "payment.callback_refused"):
    upcaster(_topic, 1)(unchanged)
