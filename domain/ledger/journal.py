"""A day's journal: double-entry postings (``features.md``, G8), a stream a day.

Streams are named ``ledger/<book>-<day>``, so that each stays short. The lines of a
posting sum to zero. ``tests/domain/ledger/test_journal.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from domain.aggregate import Aggregate, Table
from domain.command import Command
from domain.errors import UnbalancedError
from domain.event import Event, event, unchanged, upcaster
from domain.payload import (
    BuyerId,
    Currency,
    DisputeId,
    MerchantId,
    OrderId,
    PaymentId,
    Reference,
    RefundId,
    Units,
    WithdrawalId,
)

JOURNAL_TABLE: Table = {"ledger.posted": {"open": "open"}}

Occasion = Literal[
    "service_sale",
    "service_refund",
    "bad_debt",
    "refund_without_sale",
    "deposit_topped_up",
    "deposit_returned",
    "deposit_drawn",
    "deposit_forfeited",
    "payment_captured",
    "payment_unmatched",
    "unmatched_returned",
    "funds_held",
    "funds_released",
    "funds_recalled",
    "refund_executed",
    "refund_settled",
    "guarantee_funded",
    "withdrawal_requested",
    "withdrawal_paid",
]


@dataclass(frozen=True)
class Line:
    """What one account gains (positive) or gives (negative), in minor units."""

    account: str
    amount: int


@event("ledger.posted", schema=3)
class LedgerPosted(Event):
    """Money moved between accounts; the lines sum to zero."""

    occasion: Occasion
    currency: Currency
    lines: tuple[Line, ...]
    merchant: MerchantId | None = None
    code: str | None = None
    """The service's code in the source."""
    buyer: BuyerId | None = None
    row: Units | None = None
    """The row of the source file that says so."""
    party: Reference | None = None
    """The person whom the source names beside it."""
    order: OrderId | None = None
    payment: PaymentId | None = None
    refund: RefundId | None = None
    dispute: DisputeId | None = None
    withdrawal: WithdrawalId | None = None


# Version 2 knows more occasions, those of deposits.
upcaster("ledger.posted", 1)(unchanged)


# Version 3 knows an order's money, and names what it is about.
upcaster("ledger.posted", 2)(unchanged)


def check_balanced(posted: LedgerPosted) -> None:
    """Refuse a posting that is none.

    Raises:
        UnbalancedError: its lines do not sum to zero, or there are fewer than two.
    """
    total = sum(line.amount for line in posted.lines)
    if total != 0 or len(posted.lines) < 2:  # noqa: PLR2004 — double entry
        stream = posted.originator_id
        raise UnbalancedError(f"{stream}: the lines of {posted.occasion} do not sum to zero")


class Journal(Aggregate):
    """One day's postings in one book."""

    TOPIC = "journal"
    PREFIX = "ledger/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": JOURNAL_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = "open"

    def post(self, command: Command, posted: LedgerPosted) -> None:
        """Add a posting.

        Raises:
            UnbalancedError: its lines do not sum to zero, or there are fewer than two.
        """
        check_balanced(posted)
        self.happen(command, posted)
