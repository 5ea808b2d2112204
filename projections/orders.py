"""The view of orders, and of the refunds of each (``features.md``, H5, G3, F8).

States are those of the machines in `domain.orders.order` and `domain.refunds.refund`.
``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Any, Final

from domain.orders.order import FUNDS_TABLE, ORDER_TABLE
from domain.refunds.refund import REFUND_TABLE
from projections.fact import Fact
from projections.view import Column, Hint, History, Row, Rows, Said, Table, View


def _refund_sources(row: Row, history: History) -> Iterable[str]:
    del history
    return [each for each in (row["id"], row["order_id"]) if each]


ORDERS = Table(
    "orders",
    (
        Column("checkout", filters=True, fixed=True),
        Column("buyer", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("product", filters=True, fixed=True),
        Column("key_id"),
        Column("units", "bigint", 0),
        Column("amount", "bigint", 0),
        Column("currency"),
        Column("guest", "boolean", start=False),
        Column("state", filters=True),
        Column("funds", start="none", filters=True),
        Column("escrow", "bigint", 0),
        Column("refunded", "bigint", 0),
        Column("units_refunded", "bigint", 0),
        Column("payment_id"),
        Column("dispute_id"),
        Column("hold_until"),
        Column("placed_at"),
        Column("paid_at"),
        Column("delivered_at"),
        Column("confirmed_at"),
        Column("released_at"),
        Column("ended_at"),
        Column("cause"),
    ),
    sources=lambda row, _: [row["id"]],
)
REFUNDS = Table(
    "refunds",
    (
        Column("order_id", filters=True, fixed=True),
        Column("buyer", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("payment_id", filters=True, fixed=True),
        Column("amount", "bigint", 0),
        Column("currency"),
        Column("units", "bigint", 0),
        Column("state", filters=True),
        Column("failures", "bigint", 0),
        Column("transfer"),
        Column("asked_at"),
        Column("settled_at"),
    ),
    sources=_refund_sources,
)


def _placed(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(
        ORDERS,
        fact.stream,
        fact.index,
        checkout=data["checkout"],
        buyer=data["buyer"],
        merchant=data["merchant"],
        product=data["product"],
        key_id=data.get("key"),
        units=data["units"],
        amount=data["amount"],
        currency=data["currency"],
        guest=data.get("guest", False),
        hold_until=data.get("hold_until"),
        placed_at=fact.moment,
        state="placed",
    )


def _moved(fact: Fact, rows: Rows) -> None:
    """Follow both machines, and note what the event says beyond the state."""
    order = rows.get(ORDERS, fact.stream)
    states = {"state": ORDER_TABLE[fact.topic][order["state"]]}
    if fact.topic in FUNDS_TABLE:
        states["funds"] = FUNDS_TABLE[fact.topic][order["funds"]]
    said = _SAID.get(fact.topic)
    more = said(fact, order) if said else {}
    rows.change(ORDERS, fact.stream, fact.index, **states, **more)


def _paid_back(fact: Fact, order: Row) -> dict[str, Any]:
    amount = fact.data["amount"]
    return {
        "escrow": order["escrow"] - amount,
        "refunded": order["refunded"] + amount,
        "units_refunded": order["units_refunded"] + fact.data["units"],
    }


def _released(fact: Fact, order: Row) -> dict[str, Any]:
    return {"escrow": order["escrow"] - fact.data["amount"], "released_at": fact.moment}


_SAID: Final[dict[str, Said]] = {
    "order.cleared": lambda fact, _: {"key_id": fact.data["key"]},
    "order.paid": lambda fact, _: {"payment_id": fact.data["payment"], "paid_at": fact.moment},
    "order.delivered": lambda fact, _: {"delivered_at": fact.moment},
    "order.confirmed": lambda fact, _: {"confirmed_at": fact.moment, "cause": fact.data["cause"]},
    "order.closed": lambda fact, _: {"ended_at": fact.moment, "cause": fact.data["cause"]},
    "order.blocked": lambda fact, _: {"ended_at": fact.moment},
    "order.refunded": lambda fact, _: {"ended_at": fact.moment, "dispute_id": None},
    "funds.held": lambda fact, _: {"escrow": fact.data["amount"]},
    "funds.frozen": lambda fact, _: {"dispute_id": fact.data["dispute"]},
    "funds.unfrozen": lambda _, __: {"dispute_id": None},
    "funds.released": _released,
    "funds.recalled": lambda fact, _: {
        "escrow": fact.data["amount"],
        "dispute_id": fact.data["dispute"],
    },
    "refund.executed": _paid_back,
}


def _refund_asked(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(
        REFUNDS,
        fact.stream,
        fact.index,
        order_id=data["order"],
        buyer=rows.get(ORDERS, data["order"])["buyer"],
        merchant=data["merchant"],
        amount=data["amount"],
        currency=data["currency"],
        units=data["units"],
        state="requested",
        asked_at=fact.moment,
    )


def _refund_executed(fact: Fact, rows: Rows) -> None:
    """Follow money out of an escrow; or, in a refund's own stream, money that was in none."""
    if fact.stream.startswith("ord_"):
        _moved(fact, rows)
        return
    data = fact.data
    rows.new(
        REFUNDS,
        fact.stream,
        fact.index,
        payment_id=data.get("payment"),
        amount=data["amount"],
        currency=data["currency"],
        state="approved",
        asked_at=fact.moment,
    )


def _refund_moved(fact: Fact, rows: Rows) -> None:
    refund = rows.get(REFUNDS, fact.stream)
    values: dict[str, Any] = {"state": REFUND_TABLE[fact.topic][refund["state"]]}
    if fact.topic == "refund.settled":
        values |= {"transfer": fact.data["transfer"], "settled_at": fact.moment}
    elif fact.topic == "refund.failed":
        values |= {"failures": refund["failures"] + 1}
    rows.change(REFUNDS, fact.stream, fact.index, **values)


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.topic == "order.placed":
        return ()
    if fact.stream.startswith("ord_"):
        return ((ORDERS, fact.stream),)
    if fact.topic == "refund.requested":
        return ((ORDERS, fact.data["order"]),)
    return ((REFUNDS, fact.stream),)


_MOVES = [name for name in ORDER_TABLE if name not in ("order.placed", "ledger.posted")]
ORDERS_VIEW = View(
    "orders",
    1,
    (ORDERS, REFUNDS),
    {
        **dict.fromkeys(_MOVES, _moved),
        "order.placed": _placed,
        "refund.executed": _refund_executed,
        "refund.requested": _refund_asked,
        **dict.fromkeys(
            ("refund.approved", "refund.declined", "refund.settled", "refund.failed"),
            _refund_moved,
        ),
    },
    _hints,
)
