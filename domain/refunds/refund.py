"""A refund: asked for, decided, and settled by the channel (``features.md``, F1 and F8).

What leaves the escrow is `refund.executed`, in the order's stream (3.3); here stand the
request, the merchant's answer, and the channel's transfer.
``tests/domain/refunds/test_returns.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, event, unchanged, upcaster
from domain.ledger import accounts
from domain.ledger.posting import post
from domain.money import Money
from domain.orders.events import RefundExecuted
from domain.payload import Amount, Basis, Count, Currency, MerchantId, OrderId, Units

REFUND_TABLE: Table = {
    "refund.requested": {NEW: "requested"},
    "refund.approved": {"requested": "approved"},
    # Money that no escrow took goes back without anybody's asking.
    "refund.executed": {NEW: "approved"},
    "refund.declined": {"requested": "declined"},
    "refund.settled": {"approved": "settled", "failed": "settled"},
    "refund.failed": {"approved": "failed", "failed": "failed"},
    "ledger.posted": {"approved": "approved", "settled": "settled"},
}


@event("refund.requested")
class RefundRequested(Event):
    """Somebody asked for an order's money back, or for part of it."""

    order: OrderId
    merchant: MerchantId
    amount: Amount
    currency: Currency
    units: Count
    row: Units | None = None
    """The row of the source file that says so."""

    def _apply(self, refund: "Refund") -> None:
        refund.order, refund.units, refund.merchant = self.order, self.units, self.merchant
        refund.money = Money(self.amount, self.currency)


@event("refund.approved")
class RefundApproved(Event):
    """The merchant agreed."""

    basis: Basis | None = None


@event("refund.declined")
class RefundDeclined(Event):
    """The merchant did not agree; the buyer may open a dispute."""

    reason: str


@event("refund.settled", schema=2)
class RefundSettled(Event):
    """The channel has paid the money out."""

    transfer: str
    sandbox: bool | None = None
    """True where nothing of it is true."""


@event("refund.failed", schema=2)
class RefundFailed(Event):
    """The channel could not pay the money out; it is tried again."""

    reason: str
    sandbox: bool | None = None
    transfer: str | None = None
    """The one that failed, where the channel had begun it."""

    def _apply(self, refund: "Refund") -> None:
        refund.failures += 1
        if self.transfer is not None:
            refund.transfers.add(self.transfer)


for _topic in ("refund.settled", "refund.failed"):
    upcaster(_topic, 1)(unchanged)


class Refund(Aggregate):
    """One refund of one order."""

    TOPIC = "refund"
    PREFIX = "rfd"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": REFUND_TABLE}

    __slots__ = (
        *("failures", "merchant", "money", "order", "payment", "state", "transfers", "units"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.order = self.merchant = ""
        self.money = Money(0, "GBP")
        self.units = 0
        self.payment: str | None = None
        self.failures = 0
        self.transfers: set[str] = set()
        """Those that failed."""

    def request(self, command: Command, requested: RefundRequested) -> None:
        """Record the request."""
        self.happen(command, requested)

    def approve(self, command: Command, basis: Basis | None = None) -> None:
        """Record the merchant's consent."""
        self.happen(command, RefundApproved(*self.follows(command), basis))

    def decline(self, command: Command, reason: str) -> None:
        """Record the merchant's refusal."""
        self.happen(command, RefundDeclined(*self.follows(command), reason))

    def send_back(self, command: Command, payment: str, money: Money) -> None:
        """Pay back what came with *payment* and that no order waited for."""
        follows = self.follows(command)
        self.happen(
            command,
            RefundExecuted(*follows, self.id, money.amount, money.currency, 0, payment),
        )
        source, target = accounts.unmatched(payment), accounts.refund(self.id)
        lines = ((source, -money.amount), (target, money.amount))
        names = {"payment": payment, "refund": self.id}
        post(command, self, "unmatched_returned", money.currency, lines, **names)

    def settle(self, command: Command, transfer: str, *, sandbox: bool | None = None) -> None:
        """Record the channel's transfer."""
        self.happen(command, RefundSettled(*self.follows(command), transfer, sandbox))
        amount, currency = self.money.amount, self.money.currency
        lines = ((accounts.refund(self.id), -amount), (accounts.CHANNEL, amount))
        about = {"merchant": self.merchant or None, "order": self.order or None}
        post(command, self, "refund_settled", currency, lines, refund=self.id, **about)

    def fail(
        self,
        command: Command,
        reason: str,
        transfer: str | None = None,
        *,
        sandbox: bool | None = None,
    ) -> None:
        """Record that the channel's transfer failed."""
        self.happen(command, RefundFailed(*self.follows(command), reason, sandbox, transfer))

    def paid_back(self, executed: RefundExecuted) -> None:
        """Follow the money that was in no escrow."""
        self.payment = executed.payment
        self.money = Money(executed.amount, executed.currency)
