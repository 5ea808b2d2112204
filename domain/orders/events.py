"""What can happen to an order and to the money held for it (``features.md``, 3.2 and 3.3).

The escrow's events stand in the order's stream, `refund.executed` among them: the version
of that stream is what keeps money from leaving twice.
"""

from typing import TYPE_CHECKING, Literal

from domain.event import Event, event, unchanged, upcaster
from domain.payload import (
    Amount,
    Basis,
    BuyerId,
    CheckoutId,
    Count,
    Currency,
    DisputeId,
    KeyId,
    MerchantId,
    Moment,
    PaymentId,
    ProductId,
    RefundId,
    Units,
)

if TYPE_CHECKING:
    from domain.orders.order import Order
    from domain.refunds.refund import Refund

ConfirmCause = Literal["consumer", "timer", "import_end"]
CloseCause = Literal["expired", "cancelled", "sold_out", "risk", "completed"]


@event("order.placed", schema=2)
class OrderPlaced(Event):
    """A buyer ordered one product of one merchant."""

    checkout: CheckoutId
    buyer: BuyerId
    merchant: MerchantId
    product: ProductId
    units: Units
    amount: Amount
    currency: Currency
    key: KeyId | None = None
    """The key that is held for it; absent where the order is under review, or blocked."""
    guest: bool | None = None
    """True where the buyer is a guest of this checkout, unverified."""
    row: Units | None = None
    """The row of the source file that says so."""
    hold_until: Moment | None = None
    """The end of the reservation: unpaid by then, the order is closed."""

    def _apply(self, order: "Order") -> None:
        order.hold_until = self.hold_until
        order.checkout, order.buyer, order.merchant = self.checkout, self.buyer, self.merchant
        order.product, order.key, order.units = self.product, self.key or "", self.units
        order.amount, order.currency = self.amount, self.currency


for _topic in ("order.placed", "refund.executed"):
    upcaster(_topic, 1)(unchanged)


@event("order.held")
class OrderHeld(Event):
    """The risk decision is "review": somebody must look at it before a key is held."""

    reason: str


@event("order.cleared")
class OrderCleared(Event):
    """Somebody looked at it; this key is now held for it."""

    key: KeyId
    reason: str

    def _apply(self, order: "Order") -> None:
        order.key = self.key


@event("order.blocked")
class OrderBlocked(Event):
    """The risk decision is "block": nothing more will happen."""

    reason: str


@event("order.paid")
class OrderPaid(Event):
    """The checkout's payment was captured."""

    payment: PaymentId
    basis: Basis | None = None

    def _apply(self, order: "Order") -> None:
        order.payment, order.paid_at = self.payment, self.meta.occurred_at


@event("order.delivered")
class OrderDelivered(Event):
    """The buyer has what opens the goods."""

    basis: Basis | None = None

    def _apply(self, order: "Order") -> None:
        order.delivered_at = self.meta.occurred_at


@event("order.confirmed")
class OrderConfirmed(Event):
    """Receipt was confirmed; the cause says by whom or what."""

    cause: ConfirmCause

    def _apply(self, order: "Order") -> None:
        order.confirmed_at = self.meta.occurred_at


@event("order.closed")
class OrderClosed(Event):
    """Nothing more will happen: never paid, or completed."""

    cause: CloseCause


@event("order.refunded")
class OrderRefunded(Event):
    """All of the order's money went back."""

    refund: RefundId

    def _apply(self, order: "Order") -> None:
        order.dispute = None


@event("funds.held")
class FundsHeld(Event):
    """The escrow holds the order's money."""

    amount: Amount
    currency: Currency

    def _apply(self, order: "Order") -> None:
        order.escrow = self.amount


@event("funds.frozen")
class FundsFrozen(Event):
    """A dispute was opened: the money stays where it is until it ends."""

    dispute: DisputeId

    def _apply(self, order: "Order") -> None:
        order.dispute = self.dispute


@event("funds.unfrozen")
class FundsUnfrozen(Event):
    """The dispute ended without a full refund."""

    dispute: DisputeId

    def _apply(self, order: "Order") -> None:
        order.dispute = None


@event("funds.released", schema=2)
class FundsReleased(Event):
    """What the escrow still held is the merchant's, less what the merchant owes."""

    amount: Amount
    currency: Currency
    guarantee_repaid: Count | None = None
    """The part that went back to the guarantee account, which had stood in for it."""
    debt_paid: Count | None = None
    """The part that paid the merchant's debt."""

    def _apply(self, order: "Order") -> None:
        order.escrow -= self.amount
        order.released, order.released_at = self.amount, self.meta.occurred_at
        order.guaranteed -= self.guarantee_repaid or 0


# In version 1 nobody owed anything.
upcaster("funds.released", 1)(unchanged)


@event("funds.recalled")
class FundsRecalled(Event):
    """A late dispute took back what was released; the parts say from where."""

    dispute: DisputeId
    amount: Amount
    currency: Currency
    from_merchant: Count
    from_deposit: Count
    from_guarantee: Count
    owed: Count
    """What nobody covers: the merchant's debt."""

    def _apply(self, order: "Order") -> None:
        order.dispute, order.escrow = self.dispute, self.amount
        order.guaranteed += self.from_guarantee


@event("refund.executed", schema=2)
class RefundExecuted(Event):
    """Money left the escrow for the buyer; in full or in part."""

    refund: RefundId
    amount: Amount
    currency: Currency
    units: Count
    """Units of a bundle that were given back with it; 0 for a mere reduction."""
    payment: PaymentId | None = None
    """Named where the money was in no escrow: it came for an order that did not wait for it.

    The event then stands in the refund's own stream and moves no order.
    """

    def _apply(self, payer: "Order | Refund") -> None:
        payer.paid_back(self)
