"""The view of daily statistics: a merchant's trade, a row a UTC day and currency (G7).

Every number on a chart is the sum of rows of this view, and every row a function of the
log: an event counts on the day on which it happened (``occurred_at``, else when the log took
it). Amounts are minor units. ``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Final

from projections.fact import Fact
from projections.view import Column, Hint, Rows, Table, View

COUNTS: Final = (
    *("placed", "placed_amount", "paid", "paid_amount", "delivered", "confirmed"),
    *("released_amount", "unpaid", "refunded", "refunds", "refunded_amount", "disputes"),
)
DAILY = Table(
    "daily",
    (
        Column("day", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("currency", filters=True, fixed=True),
        *(Column(each, "bigint", 0) for each in COUNTS),
    ),
)
PARTIES = Table("daily_parties", (Column("merchant"), Column("currency")), aside=True)
"""By order."""


def _count(fact: Fact, rows: Rows, order: str, **amounts: int) -> None:
    parties = rows.get(PARTIES, order)
    day, merchant, currency = fact.moment[:10], parties["merchant"], parties["currency"]
    row_id = f"{day}/{merchant}/{currency}"
    if rows.find(DAILY, row_id) is None:
        rows.new(DAILY, row_id, fact.index, day=day, merchant=merchant, currency=currency)
    rows.add(DAILY, row_id, fact.index, **amounts)


def _placed(fact: Fact, rows: Rows) -> None:
    data = fact.data
    named = {"merchant": data["merchant"], "currency": data["currency"]}
    rows.new(PARTIES, fact.stream, fact.index, **named)
    _count(fact, rows, fact.stream, placed=1, placed_amount=data["amount"])


def _held(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, paid=1, paid_amount=fact.data["amount"])


def _delivered(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, delivered=1)


def _confirmed(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, confirmed=1)


def _released(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, released_amount=fact.data["amount"])


def _recalled(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, released_amount=-fact.data["amount"])


def _closed(fact: Fact, rows: Rows) -> None:
    if fact.data["cause"] != "completed":
        _count(fact, rows, fact.stream, unpaid=1)


def _refunded(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.stream, refunded=1)


def _paid_back(fact: Fact, rows: Rows) -> None:
    # In a refund's own stream it is money that was never an order's.
    if fact.stream.startswith("ord_"):
        _count(fact, rows, fact.stream, refunds=1, refunded_amount=fact.data["amount"])


def _disputed(fact: Fact, rows: Rows) -> None:
    _count(fact, rows, fact.data["order"], disputes=1)


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.topic == "order.placed":
        return ()
    order = fact.data["order"] if fact.topic == "dispute.opened" else fact.stream
    return ((PARTIES, order),)


DAILY_VIEW = View(
    "daily",
    1,
    (DAILY, PARTIES),
    {
        "order.placed": _placed,
        "funds.held": _held,
        "order.delivered": _delivered,
        "order.confirmed": _confirmed,
        "funds.released": _released,
        "funds.recalled": _recalled,
        "order.closed": _closed,
        "order.refunded": _refunded,
        "refund.executed": _paid_back,
        "dispute.opened": _disputed,
    },
    _hints,
)
