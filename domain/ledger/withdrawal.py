"""A merchant's withdrawal: asked for, and paid out by the bank (``features.md``, G8).

The money leaves the merchant's balance when it is asked for, so that nothing is spent
twice. ``tests/domain/ledger/test_g8_withdrawal.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, event
from domain.ledger import accounts
from domain.ledger.posting import post
from domain.money import Money
from domain.payload import Currency, MerchantId, Units

WITHDRAWAL_TABLE: Table = {
    "ledger.withdrawal_requested": {NEW: "requested"},
    "ledger.withdrawal_paid": {"requested": "paid"},
    "ledger.posted": {"requested": "requested", "paid": "paid"},
}


@event("ledger.withdrawal_requested")
class WithdrawalRequested(Event):
    """A merchant wants released money out."""

    merchant: MerchantId
    amount: Units
    currency: Currency

    def _apply(self, withdrawal: "Withdrawal") -> None:
        withdrawal.merchant = self.merchant
        withdrawal.money = Money(self.amount, self.currency)


@event("ledger.withdrawal_paid")
class WithdrawalPaid(Event):
    """The bank has paid it out."""

    transfer: str


class Withdrawal(Aggregate):
    """One withdrawal of one merchant."""

    TOPIC = "withdrawal"
    PREFIX = "wdr"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": WITHDRAWAL_TABLE}

    __slots__ = ("merchant", "money", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = ""
        self.money = Money(0, "CNY")

    def request(self, command: Command, merchant: str, wanted: Money) -> None:
        """Take *wanted* out of the merchant's balance."""
        follows = self.follows(command)
        requested = WithdrawalRequested(*follows, merchant, wanted.amount, wanted.currency)
        self.happen(command, requested)
        lines = (
            (accounts.merchant(merchant), -wanted.amount),
            (accounts.payout(self.id), wanted.amount),
        )
        names = {"merchant": merchant, "withdrawal": self.id}
        post(command, self, "withdrawal_requested", wanted.currency, lines, **names)

    def pay(self, command: Command, transfer: str) -> None:
        """Record the bank's transfer."""
        self.happen(command, WithdrawalPaid(*self.follows(command), transfer))
        amount, currency = self.money.amount, self.money.currency
        lines = ((accounts.payout(self.id), -amount), (accounts.CHANNEL, amount))
        names = {"merchant": self.merchant, "withdrawal": self.id}
        post(command, self, "withdrawal_paid", currency, lines, **names)
