"""An order and its escrow: two machines in one stream (``features.md``, 3.2, 3.3, 3.7).

This slice has no risk decision, no identity and no late claim after release: those states
join the tables when their areas are built. Proved by ``tests/domain/orders/test_order.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import (
    AlreadyDisputedError,
    AmountMismatchError,
    DisputeOpenError,
    IllegalTransitionError,
    RefundTooLargeError,
    WrongPartyError,
)
from domain.money import Money
from domain.orders import events
from domain.payload import Basis

ORDER_TABLE: Table = {
    "order.placed": {NEW: "placed"},
    "order.paid": {"placed": "paid"},
    "order.delivered": {"paid": "delivered"},
    "order.confirmed": {"delivered": "confirmed"},
    "order.closed": {"placed": "closed_unpaid", "confirmed": "closed_completed"},
    "order.refunded": {
        "paid": "refunded",
        "delivered": "refunded",
        "confirmed": "refunded",
    },
    "funds.released": {"confirmed": "confirmed"},
    "refund.executed": {
        "paid": "paid",
        "delivered": "delivered",
        "confirmed": "confirmed",
    },
}

FUNDS_TABLE: Table = {
    "funds.held": {"none": "held"},
    "funds.frozen": {"held": "frozen"},
    "funds.unfrozen": {"frozen": "held"},
    "funds.released": {"held": "released"},
    # A partial refund lowers the amount and leaves the state; see `Order.refund`.
    "refund.executed": {"held": "held", "frozen": "frozen"},
    "order.refunded": {"held": "refunded", "frozen": "refunded"},
}


class Order(Aggregate):
    """One product of one merchant for one buyer, with one key and one escrow."""

    TOPIC = "order"
    PREFIX = "ord"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": ORDER_TABLE, "funds": FUNDS_TABLE}

    __slots__ = (
        *("amount", "buyer", "checkout", "currency", "delivered_at", "dispute", "escrow"),
        *("funds", "hold_until", "key", "merchant", "payment", "product", "state", "units"),
        "units_refunded",
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state, self.funds = NEW, "none"
        self.checkout = self.buyer = self.merchant = self.product = self.key = ""
        self.payment: str | None = None
        self.dispute: str | None = None
        self.delivered_at: str | None = None
        self.hold_until: str | None = None
        self.currency = ""
        self.amount = self.escrow = self.units = self.units_refunded = 0

    @classmethod
    def as_delivered(
        cls, order_id: str, version: int, *, escrow: Money, units: int, refunded: int, key: str
    ) -> Self:
        """Return a delivered order as a caller knows it who recorded all of it itself."""
        order = cls(order_id)
        order.version, order.state, order.funds = version, "delivered", "held"
        order.escrow, order.currency = escrow.amount, escrow.currency
        order.units, order.units_refunded, order.key = units, refunded, key
        return order

    def place(self, command: Command, placed: events.OrderPlaced) -> None:
        """Record the order."""
        self.happen(command, placed)

    def pay(
        self, command: Command, payment: str, received: Money, basis: Basis | None = None
    ) -> None:
        """Take the captured payment and hold the money.

        Raises:
            AmountMismatchError: *received* is not exactly what is due.
        """
        self.check("order.paid")
        due = Money(self.amount, self.currency)
        if received != due:
            raise AmountMismatchError(f"{self.id}: {received} came, {due} is due")
        self.happen(command, events.OrderPaid(*self.follows(command), payment, basis))
        follows = self.follows(command)
        self.happen(command, events.FundsHeld(*follows, self.amount, self.currency))

    def deliver(self, command: Command, basis: Basis | None = None) -> None:
        """Record that the buyer was served."""
        self.check_no_dispute("order.delivered")
        self.happen(command, events.OrderDelivered(*self.follows(command), basis))

    def confirm(self, command: Command, cause: events.ConfirmCause) -> None:
        """Record that receipt is confirmed."""
        self.check_no_dispute("order.confirmed")
        self.happen(command, events.OrderConfirmed(*self.follows(command), cause))

    def release_funds(self, command: Command) -> None:
        """Give what the escrow still holds to the merchant."""
        self.check_no_dispute("funds.released")
        follows = self.follows(command)
        self.happen(command, events.FundsReleased(*follows, self.escrow, self.currency))

    def close(self, command: Command, cause: events.CloseCause) -> None:
        """End the order: unpaid, or completed with its funds released."""
        self.check_no_dispute("order.closed")
        completed = cause == "completed"
        if completed != (self.state == "confirmed") or (completed and self.funds != "released"):
            state = f"{self.state}, funds {self.funds}"
            raise IllegalTransitionError(self.id, f"order.closed ({cause})", state)
        self.happen(command, events.OrderClosed(*self.follows(command), cause))

    def freeze(self, command: Command, dispute: str) -> None:
        """Freeze the escrow for *dispute*.

        Raises:
            AlreadyDisputedError: another dispute is open.
        """
        if self.dispute:
            raise AlreadyDisputedError(f"{self.id} is disputed in {self.dispute}")
        self.happen(command, events.FundsFrozen(*self.follows(command), dispute))

    def unfreeze(self, command: Command, dispute: str) -> None:
        """Unfreeze the escrow: *dispute* ended without a full refund."""
        if self.dispute != dispute:
            raise WrongPartyError(f"{self.id} is not frozen by {dispute}")
        self.happen(command, events.FundsUnfrozen(*self.follows(command), dispute))

    def refund(self, command: Command, refund: str, amount: int, units: int) -> bool:
        """Pay *amount* minor units back out of the escrow, for *units* given back.

        Returns:
            True if nothing is left: the order is then refunded in full.

        Raises:
            RefundTooLargeError: the escrow holds less, or fewer units are left.
        """
        if not 0 < amount <= self.escrow or not 0 <= units <= self.units - self.units_refunded:
            left = f"{Money(self.escrow, self.currency)} and {self.units - self.units_refunded}"
            raise RefundTooLargeError(f"{self.id}: {left} units are left in the escrow")
        follows = self.follows(command)
        self.happen(command, events.RefundExecuted(*follows, refund, amount, self.currency, units))
        if self.escrow:
            return False
        self.happen(command, events.OrderRefunded(*self.follows(command), refund))
        return True

    def paid_back(self, executed: events.RefundExecuted) -> None:
        """Follow the money that left the escrow."""
        self.escrow -= executed.amount
        self.units_refunded += executed.units

    def check_no_dispute(self, topic: str) -> None:
        """Refuse *topic* while a dispute is open.

        Raises:
            DisputeOpenError: one is.
        """
        if self.dispute:
            raise DisputeOpenError(f"{topic} is refused: {self.id} is disputed in {self.dispute}")
