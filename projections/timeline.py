"""The view of each order's timeline: virtual logistics, sent, viewed, activated (H5).

One row for each event that concerns an order, in whatever stream it stands: the order's own,
its key's while the key is bound to it, its payment's, its refunds' and its disputes'. Rows
are added and never changed, so a timeline at an earlier tree size is its rows before that
index; and it is the list of streams that a case consists of (`projections.replay`). What the
key did for another order is not shown. ``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Final

from projections.fact import Fact
from projections.view import Column, Hint, Rows, Table, View

TIMELINE = Table(
    "timeline",
    (
        Column("order_id", filters=True, fixed=True),
        Column("buyer", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("topic", filters=True, fixed=True),
        Column("step", filters=True, fixed=True),
        Column("stream", fixed=True),
        Column("seq", "bigint", fixed=True),
        Column("role", fixed=True),
        Column("moment", fixed=True),
    ),
    sources=lambda _, __: (),
)
PARTIES = Table("timeline_parties", (Column("buyer"), Column("merchant")), aside=True)
"""By order."""
BOUND = Table("timeline_bound", (Column("orders", "json"),), aside=True)
"""By key, checkout, payment, refund or dispute: the orders that it concerns now."""

STEPS: Final = {
    "order.placed": "placed",
    "order.held": "under_review",
    "order.blocked": "blocked",
    "order.paid": "paid",
    "voucher.issued": "sent",
    "order.delivered": "delivered",
    "key.revealed": "viewed",
    "key.activated": "activated",
    "bundle.unit_used": "used",
    "order.confirmed": "confirmed",
    "funds.released": "released",
    "dispute.opened": "disputed",
    "ruling.issued": "ruled",
    "ruling.executed": "executed",
    "refund.requested": "refund_asked",
    "refund.executed": "refunded",
    "refund.settled": "refund_paid",
    "order.closed": "closed",
}
"""By event type: what the buyer reads; other events have no word of their own."""

_ORDER = (
    *("order.held", "order.cleared", "order.blocked", "order.paid", "order.delivered"),
    *("order.confirmed", "order.closed", "order.refunded", "funds.held", "funds.frozen"),
    *("funds.unfrozen", "funds.released", "funds.recalled"),
)
_KEY = (
    *("key.sold", "voucher.issued", "voucher.locked", "voucher.expired", "voucher.revoked"),
    *("bundle.issued", "bundle.unit_used", "bundle.units_refunded", "key.activated"),
    *("key.revealed", "key.confirmed", "key.released", "key.upstream_checked"),
)
_UNBINDING = ("key.reservation_released", "key.returned", "key.quarantined", "key.voided")
_OTHERS = (
    *("refund.approved", "refund.declined", "refund.settled", "refund.failed"),
    *("message.added", "evidence.gathered", "dispute.assigned", "ruling.issued"),
    *("dispute.conceded", "dispute.withdrawn", "dispute.appealed", "ruling.accepted"),
    *("ruling.executed", "payment.unmatched", "payment.charged_back"),
    "payment.callback_refused",
)


def _tell(fact: Fact, rows: Rows, order: str) -> None:
    """Add *fact* to the timeline of *order*."""
    parties = rows.get(PARTIES, order)
    rows.new(
        TIMELINE,
        row_id(order, fact.index),
        fact.index,
        order_id=order,
        buyer=parties["buyer"],
        merchant=parties["merchant"],
        topic=fact.topic,
        step=STEPS.get(fact.topic),
        stream=fact.stream,
        seq=fact.seq,
        role=fact.meta["role"],
        moment=fact.moment,
    )


def row_id(order: str, index: int) -> str:
    """Return the id of the row of *order* for the entry at leaf *index*; ids sort by it."""
    return f"{order}/{index:016d}"


def _placed(fact: Fact, rows: Rows) -> None:
    data, order = fact.data, fact.stream
    rows.new(PARTIES, order, fact.index, buyer=data["buyer"], merchant=data["merchant"])
    known = rows.find(BOUND, data["checkout"])
    orders = [*known["orders"], order] if known else [order]
    rows.upsert(BOUND, data["checkout"], fact.index, orders=orders)
    _tell(fact, rows, order)


def _of_order(fact: Fact, rows: Rows) -> None:
    _tell(fact, rows, fact.stream)


def _binds(fact: Fact, rows: Rows) -> None:
    """Follow what names its order when it begins: a reservation, a refund, a dispute."""
    order = fact.data["order"]
    rows.upsert(BOUND, fact.stream, fact.index, orders=[order])
    _tell(fact, rows, order)


def _bound(fact: Fact, rows: Rows) -> None:
    known = rows.find(BOUND, fact.stream)
    for order in known["orders"] if known else ():
        _tell(fact, rows, order)


def _unbinds(fact: Fact, rows: Rows) -> None:
    """Follow what parts a key from its order; a key that has none is nobody's business."""
    known = rows.find(BOUND, fact.stream)
    if known and known["orders"]:
        _bound(fact, rows)
        rows.change(BOUND, fact.stream, fact.index, orders=[])


def _pays(fact: Fact, rows: Rows) -> None:
    checkout = rows.find(BOUND, fact.data["checkout"])
    orders = fact.data.get("orders") or (checkout["orders"] if checkout else [])
    rows.upsert(BOUND, fact.stream, fact.index, orders=list(orders))
    _bound(fact, rows)


def _paid_back(fact: Fact, rows: Rows) -> None:
    if fact.stream.startswith("ord_"):
        _tell(fact, rows, fact.stream)


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.topic == "order.placed":
        return ((BOUND, fact.data["checkout"]),)
    if fact.stream.startswith("ord_"):
        return ((PARTIES, fact.stream),)
    named = fact.data.get("order")
    if named is not None:
        return ((BOUND, fact.stream), (PARTIES, named))
    return ((BOUND, fact.stream),)


TIMELINE_VIEW = View(
    "timeline",
    1,
    (TIMELINE, PARTIES, BOUND),
    {
        "order.placed": _placed,
        **dict.fromkeys(_ORDER, _of_order),
        **dict.fromkeys(("key.reserved", "refund.requested", "dispute.opened"), _binds),
        **dict.fromkeys((*_KEY, *_OTHERS), _bound),
        **dict.fromkeys(_UNBINDING, _unbinds),
        **dict.fromkeys(("payment.initiated", "payment.captured"), _pays),
        "refund.executed": _paid_back,
    },
    _hints,
)
