"""An order and its escrow: two machines in one stream (``features.md``, 3.2, 3.3, 3.7).

Whatever moves its money is followed by its posting in the same stream. How order, key,
funds and dispute may stand together is in `domain.orders.joint`. Proved by
``tests/domain/orders/test_order.py`` and the walk of ``tests/domain/joint``.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

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
from domain.ledger import accounts
from domain.ledger.journal import Occasion
from domain.ledger.posting import Lines, post
from domain.money import Money
from domain.orders import events
from domain.payload import Basis

_FUNDED = {state: state for state in ("paid", "delivered", "confirmed")}

ORDER_TABLE: Table = {
    "order.placed": {NEW: "placed"},
    # Both happen in the command that placed it, before any key is held; see `Order.hold`.
    "order.held": {"placed": "under_review"},
    "order.blocked": {"placed": "blocked", "under_review": "blocked"},
    "order.cleared": {"under_review": "placed"},
    "order.paid": {"placed": "paid"},
    "order.delivered": {"paid": "delivered"},
    "order.confirmed": {"delivered": "confirmed"},
    "order.closed": {
        "placed": "closed_unpaid",
        "under_review": "closed_unpaid",
        "confirmed": "closed_completed",
    },
    "order.refunded": dict.fromkeys(_FUNDED, "refunded"),
    "funds.held": {"paid": "paid"},
    "funds.frozen": _FUNDED,
    "funds.unfrozen": _FUNDED,
    "funds.released": {"confirmed": "confirmed"},
    "funds.recalled": {"confirmed": "confirmed"},
    "refund.executed": _FUNDED,
    "ledger.posted": _FUNDED,
}

FUNDS_TABLE: Table = {
    "funds.held": {"none": "held"},
    "funds.frozen": {"held": "frozen"},
    "funds.unfrozen": {"frozen": "held"},
    "funds.released": {"held": "released"},
    "funds.recalled": {"released": "frozen"},
    # A partial refund lowers the amount and leaves the state; see `Order.refund`.
    "refund.executed": {"held": "held", "frozen": "frozen"},
    "order.refunded": {"held": "refunded", "frozen": "refunded"},
}

CAUSES: Mapping[str, frozenset[events.CloseCause]] = {
    "placed": frozenset({"expired", "cancelled", "sold_out", "risk"}),
    "under_review": frozenset({"sold_out"}),
    "confirmed": frozenset({"completed"}),
}
"""By state: why an order may be closed."""


class Bearing(NamedTuple):
    """How an order stands, as far as others depend on it."""

    state: str
    funds: str
    is_disputed: bool
    key: str
    escrow: int


class Sources(NamedTuple):
    """Where recalled money comes from, in minor units."""

    merchant: int
    deposit: int
    guarantee: int
    debt: int


class Order(Aggregate):
    """One product of one merchant for one buyer, with one key and one escrow."""

    TOPIC = "order"
    PREFIX = "ord"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": ORDER_TABLE, "funds": FUNDS_TABLE}

    __slots__ = (
        *("amount", "buyer", "checkout", "confirmed_at", "currency", "delivered_at", "dispute"),
        *("escrow", "funds", "guaranteed", "hold_until", "key", "merchant", "paid_at", "payment"),
        *("product", "released", "released_at", "state", "units", "units_refunded"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state, self.funds = NEW, "none"
        self.checkout = self.buyer = self.merchant = self.product = self.key = ""
        self.payment: str | None = None
        self.dispute: str | None = None
        self.paid_at: str | None = None
        self.delivered_at: str | None = None
        self.hold_until: str | None = None
        self.confirmed_at: str | None = None
        self.released_at: str | None = None
        self.currency = ""
        self.amount = self.escrow = self.units = self.units_refunded = 0
        self.released = self.guaranteed = 0
        """What was released last; what the guarantee account stands in for."""

    @classmethod
    def as_delivered(
        cls,
        order_id: str,
        version: int,
        *,
        escrow: Money,
        units: int,
        refunded: int,
        key: str,
        merchant: str,
    ) -> Self:
        """Return a delivered order as a caller knows it who recorded all of it itself."""
        order = cls(order_id)
        order.version, order.state, order.funds = version, "delivered", "held"
        order.escrow, order.currency = escrow.amount, escrow.currency
        order.units, order.units_refunded, order.key = units, refunded, key
        order.merchant = merchant
        return order

    def bearing(self) -> Bearing:
        """Return how it stands now."""
        return Bearing(self.state, self.funds, self.dispute is not None, self.key, self.escrow)

    def place(self, command: Command, placed: events.OrderPlaced) -> None:
        """Record the order."""
        self.happen(command, placed)

    def hold(self, command: Command, reason: str) -> None:
        """Set the order aside for review, before any key is held for it."""
        self._check_unbound("order.held")
        self.happen(command, events.OrderHeld(*self.follows(command), reason))

    def block(self, command: Command, reason: str) -> None:
        """Refuse the order for good, at once or after its review."""
        self._check_unbound("order.blocked")
        self.happen(command, events.OrderBlocked(*self.follows(command), reason))

    def clear(self, command: Command, key: str, reason: str) -> None:
        """End the review: *key* is held for the order."""
        self.happen(command, events.OrderCleared(*self.follows(command), key, reason))

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
        taken = (accounts.clearing(self.checkout), -self.amount)
        self._post(command, "funds_held", (taken, (accounts.escrow(self.id), self.amount)))

    def deliver(self, command: Command, basis: Basis | None = None) -> None:
        """Record that the buyer was served."""
        self.check_no_dispute("order.delivered")
        self.happen(command, events.OrderDelivered(*self.follows(command), basis))

    def confirm(self, command: Command, cause: events.ConfirmCause) -> None:
        """Record that receipt is confirmed."""
        self.check_no_dispute("order.confirmed")
        self.happen(command, events.OrderConfirmed(*self.follows(command), cause))

    def release_funds(self, command: Command, debt: int = 0) -> None:
        """Give what the escrow still holds to the merchant, who owes *debt* minor units.

        What the guarantee account stood in for, and the debt, are paid first.
        """
        self.check_no_dispute("funds.released")
        held, currency = self.escrow, self.currency
        repaid = min(held, self.guaranteed)
        paid = min(held - repaid, debt)
        follows = self.follows(command)
        released = events.FundsReleased(*follows, held, currency, repaid or None, paid or None)
        self.happen(command, released)
        lines = (
            (accounts.escrow(self.id), -held),
            (accounts.merchant(self.merchant), held - repaid - paid),
            (accounts.GUARANTEE, repaid),
            (accounts.debt(self.merchant), paid),
        )
        self._post(command, "funds_released", lines)

    def recall(self, command: Command, dispute: str, sources: Sources) -> None:
        """Take back what was released, for a late *dispute*.

        Raises:
            AmountMismatchError: *sources* are not together what was released.
        """
        self.check("funds.recalled")
        if sum(sources) != self.released or min(sources) < 0:
            raise AmountMismatchError(f"{self.id}: {sum(sources)} is not the {self.released}")
        follows = self.follows(command)
        recalled = events.FundsRecalled(*follows, dispute, self.released, self.currency, *sources)
        self.happen(command, recalled)
        lines = (
            (accounts.merchant(self.merchant), -sources.merchant),
            (accounts.deposit(self.merchant), -sources.deposit),
            (accounts.GUARANTEE, -sources.guarantee),
            (accounts.debt(self.merchant), -sources.debt),
            (accounts.escrow(self.id), self.released),
        )
        self._post(command, "funds_recalled", lines, dispute=dispute)

    def close(self, command: Command, cause: events.CloseCause) -> None:
        """End the order: unpaid, or completed with its funds released."""
        self.check_no_dispute("order.closed")
        is_open = cause == "completed" and self.funds != "released"
        if cause not in CAUSES.get(self.state, ()) or is_open:
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
        lines = ((accounts.escrow(self.id), -amount), (accounts.refund(refund), amount))
        self._post(command, "refund_executed", lines, refund=refund)
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

    def _check_unbound(self, topic: str) -> None:
        if self.key:
            raise IllegalTransitionError(self.id, topic, f"{self.state}, and {self.key} is held")

    def _post(
        self,
        command: Command,
        occasion: Occasion,
        lines: Lines,
        refund: str | None = None,
        dispute: str | None = None,
    ) -> None:
        """Post *lines* for this order, right behind the event that moved the money."""
        names = {"merchant": self.merchant, "order": self.id, "refund": refund, "dispute": dispute}
        post(command, self, occasion, self.currency, lines, **names)
