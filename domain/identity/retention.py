"""How long a person's data must be kept: the duty, and the moment at which it ends (A7).

``evidence.md``, section 1: transaction data at least three years from the completion of the
trade. Nothing but the log says when a trade was completed, and what is not completed yet has
no end; so the duty is looked up anew for every decision that rests on it.
``tests/domain/identity/test_retention.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from domain.disputes.case import Recorded, recorded
from domain.disputes.deadline import seconds_of, spell
from domain.disputes.dispute import DISPUTE_TABLE
from domain.orders.events import OrderPlaced
from domain.orders.order import ORDER_TABLE
from domain.policies.policy import Entries
from domain.refunds.refund import REFUND_TABLE

PAGE: Final = 1_000
YEARS: Final = 3
LAW: Final = "电子商务法第三十一条 / E-commerce Law, art. 31"

_MONEY: Final = frozenset({"ledger.posted"})
TOPICS: Final = sorted((ORDER_TABLE.keys() | REFUND_TABLE.keys() | DISPUTE_TABLE.keys()) - _MONEY)
"""What completes a trade, or shows that it goes on."""
_ENDS: Final = frozenset(
    {"order.closed", "order.blocked", "order.refunded", "refund.settled", "refund.declined"}
)
"""The last event of an order or refund with which nothing is left to be done."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Why a person's data must be kept."""

    basis: str
    """The rule, and what it is about: at most 200 characters."""
    until: str
    """RFC 3339, UTC, seconds: its end, or, while the trade goes on, the earliest there is."""

    def runs(self, now: str) -> bool:
        """Say whether the data must be kept at *now*."""
        return now < self.until


@dataclass(slots=True)
class _Trade:
    """One order with its refunds and disputes."""

    order: str
    is_past: bool
    """It comes from a file of past sales: complete by what the file says."""
    last: str
    open: set[str] = field(default_factory=set)
    """Its order or refund streams that have not ended."""


def duty_of(log: Entries, party: str, size: int, now: str) -> Duty | None:
    """Return the duty that runs longest over the data of *party*; None for none at all.

    One look through the log's orders, refunds and disputes.

    Args:
        log: hands out entries.
        party: a consumer or merchant, by pseudonym.
        size: of the log that is looked at.
        now: RFC 3339, UTC, seconds; a trade that is open is completed no earlier.
    """
    return longest(trades_of(_entries(log, size), party), now)


def trades_of(entries: Iterable[Recorded], party: str) -> list["_Trade"]:
    """Return the trades among *entries* in which *party* buys or sells."""
    trades: dict[str, _Trade] = {}
    owner: dict[str, _Trade] = {}
    for each in entries:
        stream, topic = each.event.originator_id, each.event.TOPIC
        if isinstance(each.event, OrderPlaced) and party in (each.event.buyer, each.event.merchant):
            past = each.event.row is not None
            owner[stream] = trades[stream] = _Trade(stream, past, each.moment)
        elif stream not in owner:
            order = getattr(each.event, "order", None)
            if order not in trades:
                continue
            owner[stream] = trades[order]
        trade = owner[stream]
        trade.last = max(trade.last, each.moment)
        if topic in _ENDS:
            trade.open.discard(stream)
        elif topic in ORDER_TABLE or topic in REFUND_TABLE:
            trade.open.add(stream)
    return list(trades.values())


def longest(trades: Iterable["_Trade"], now: str) -> Duty | None:
    """Return the duty over *trades* that ends last."""
    found: Duty | None = None
    for each in trades:
        is_open = bool(each.open) and not each.is_past
        until = years_after(max(now, each.last) if is_open else each.last)
        if found is None or until > found.until:
            what = "not completed yet" if is_open else f"completed {each.last}"
            found = Duty(f"{LAW}: {YEARS} years from completion; {each.order} {what}", until)
    return found


def years_after(moment: str) -> str:
    """Return the moment three years after *moment*; of 29 February, 1 March."""
    start = seconds_of(moment)
    try:
        return spell(start.replace(year=start.year + YEARS))
    except ValueError:
        return spell(start.replace(year=start.year + YEARS, month=3, day=1))


def _entries(log: Entries, size: int) -> Iterable[Recorded]:
    start = 0
    while True:
        page = log.select_entries(start, PAGE, size, TOPICS)
        for index, entry in page:
            yield recorded(index, entry)
        if len(page) < PAGE:
            return
        start = page[-1][0] + 1
