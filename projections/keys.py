"""The view of keys and stock: each key, each batch, each product (``features.md``, E, G1).

A key's state is that of the machine in `domain.keys.key`. Stock counts where the keys of a
product or a batch are; the six counts of invariant I3 add up to what was imported:

    imported = available + reserved + delivered + voided + quarantined + returned

Of raw keys and codes there is nothing here: no value, no digest, no fingerprint.
``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Any, Final

from domain.keys.key import KEY_TABLE
from projections.fact import Fact
from projections.view import Column, Hint, History, Row, Rows, Said, Table, View

PLACES: Final = {
    **dict.fromkeys(("imported", "sealed", "listed"), "available"),
    "reserved": "reserved",
    **dict.fromkeys(("sold", "vouchered", "activated", "confirmed", "released"), "delivered"),
    "voided": "voided",
    "quarantined": "quarantined",
    "returned": "returned",
}
"""By state of a key: where it counts."""
COUNTS: Final = ("available", "reserved", "delivered", "voided", "quarantined", "returned")


def _key_sources(row: Row, history: History) -> Iterable[str]:
    orders = (fact.data.get("order") for fact in history(row["id"]))
    return [row["id"], *dict.fromkeys(each for each in orders if each)]


KEYS = Table(
    "keys",
    (
        Column("merchant", filters=True, fixed=True),
        Column("product", filters=True, fixed=True),
        Column("batch", filters=True, fixed=True),
        Column("line", "bigint"),
        Column("units", "bigint", 1),
        Column("state", filters=True),
        Column("order_id", filters=True),
        Column("buyer", filters=True),
        Column("hold_until"),
        Column("voucher", start="none", filters=True),
        Column("voucher_until"),
        Column("locked_until"),
        Column("units_used", "bigint", 0),
        Column("units_refunded", "bigint", 0),
        Column("views", "bigint", 0),
        Column("activated_at"),
        Column("upstream"),
        Column("upstream_at"),
        Column("cause"),
    ),
    sources=_key_sources,
)
_COUNTED = tuple(Column(each, "bigint", 0) for each in ("imported", *COUNTS, "listed"))
STOCK = Table(
    "stock",
    (
        Column("merchant", filters=True, fixed=True),
        Column("code", filters=True, fixed=True),
        Column("title"),
        Column("category", filters=True, fixed=True),
        Column("price", "bigint"),
        Column("currency"),
        Column("state", filters=True),
        Column("adjusted", "bigint", 0),
        *_COUNTED,
    ),
)
BATCHES = Table(
    "batches",
    (
        Column("merchant", filters=True, fixed=True),
        Column("product", filters=True, fixed=True),
        Column("state", filters=True),
        Column("accepted", "bigint"),
        Column("rejected", "bigint", 0),
        Column("duplicates", "bigint", 0),
        Column("started_at"),
        Column("finished_at"),
        *_COUNTED,
    ),
)
BUYERS = Table("key_buyers", (Column("buyer"),), aside=True)
"""By order."""


def _created(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(
        STOCK,
        fact.stream,
        fact.index,
        merchant=data["merchant"],
        code=data["code"],
        title=data.get("title"),
        category=data.get("category"),
        price=data.get("price"),
        currency=data.get("currency"),
        state="offered",
    )


def _updated(fact: Fact, rows: Rows) -> None:
    named = {each: fact.data[each] for each in ("title", "price", "currency") if each in fact.data}
    rows.change(STOCK, fact.stream, fact.index, **named)


def _withdrawn(fact: Fact, rows: Rows) -> None:
    rows.change(STOCK, fact.stream, fact.index, state="withdrawn")


def _adjusted(fact: Fact, rows: Rows) -> None:
    rows.add(STOCK, fact.stream, fact.index, adjusted=fact.data["units"])


def _started(fact: Fact, rows: Rows) -> None:
    named = {"merchant": fact.data["merchant"], "product": fact.data["product"]}
    more = {"state": "open", "started_at": fact.moment}
    rows.new(BATCHES, fact.stream, fact.index, **named, **more)


def _rejected(fact: Fact, rows: Rows) -> None:
    rows.add(BATCHES, fact.stream, fact.index, rejected=1)


def _duplicate(fact: Fact, rows: Rows) -> None:
    rows.add(BATCHES, fact.stream, fact.index, duplicates=1)


def _finished(fact: Fact, rows: Rows) -> None:
    values = {"state": "finished", "finished_at": fact.moment}
    rows.change(BATCHES, fact.stream, fact.index, accepted=fact.data["accepted"], **values)


def _imported(fact: Fact, rows: Rows) -> None:
    data = fact.data
    key: dict[str, Any] = {
        "merchant": data["merchant"],
        "product": data["product"],
        "batch": data.get("batch"),
        "line": data.get("line"),
        "units": data["units"],
        "state": "imported",
    }
    rows.new(KEYS, fact.stream, fact.index, **key)
    _count(fact, rows, key, {"imported": 1, "available": 1})


def _moved(fact: Fact, rows: Rows) -> None:
    """Follow the key's machine, what the event says beyond it, and the counts."""
    key = rows.get(KEYS, fact.stream)
    before, after = key["state"], KEY_TABLE[fact.topic][key["state"]]
    said = _SAID.get(fact.topic)
    more = said(fact, key) if said else {}
    if fact.topic == "key.reserved":
        known = rows.find(BUYERS, fact.data["order"])
        more["buyer"] = known["buyer"] if known else None
    rows.change(KEYS, fact.stream, fact.index, state=after, **more)
    if before == after:
        return
    moves = dict.fromkeys((PLACES[before], PLACES[after]), 0)
    moves[PLACES[before]] -= 1
    moves[PLACES[after]] += 1
    moves["listed"] = (after == "listed") - (before == "listed")
    _count(fact, rows, key, {each: moved for each, moved in moves.items() if moved})


def _count(fact: Fact, rows: Rows, key: Row, moves: dict[str, int]) -> None:
    for table, row_id in ((STOCK, key["product"]), (BATCHES, key["batch"])):
        if moves and row_id is not None and rows.find(table, row_id) is not None:
            rows.add(table, row_id, fact.index, **moves)


def _placed(fact: Fact, rows: Rows) -> None:
    # A key is held in the command that places its order, and may stand before it in the log.
    rows.new(BUYERS, fact.stream, fact.index, buyer=fact.data["buyer"])
    named = fact.data.get("key")
    key = rows.find(KEYS, named) if named else None
    if key is not None and key["order_id"] == fact.stream:
        rows.change(KEYS, key["id"], fact.index, buyer=fact.data["buyer"])


_LOOSE: Final = {"order_id": None, "buyer": None, "hold_until": None}
_SAID: Final[dict[str, Said]] = {
    "key.reserved": lambda fact, _: {
        "order_id": fact.data["order"],
        "hold_until": fact.data.get("hold_until"),
    },
    "key.reservation_released": lambda _, __: dict(_LOOSE),
    "voucher.issued": lambda fact, _: {
        "voucher": "live",
        "voucher_until": fact.data.get("expires_at"),
        "locked_until": None,
    },
    "voucher.locked": lambda fact, _: {"locked_until": fact.data["until"]},
    "voucher.expired": lambda _, __: {"voucher": "expired"},
    "voucher.revoked": lambda _, __: {"voucher": "revoked"},
    "bundle.unit_used": lambda fact, key: {"units_used": key["units_used"] + fact.data["units"]},
    "bundle.units_refunded": lambda fact, key: {
        "units_refunded": key["units_refunded"] + fact.data["units"]
    },
    "key.activated": lambda fact, _: {"voucher": "used", "activated_at": fact.moment},
    "key.revealed": lambda _, key: {"views": key["views"] + 1},
    "key.returned": lambda _, __: {
        **_LOOSE,
        "units_refunded": 0,
        "voucher_until": None,
        "locked_until": None,
        "upstream": None,
        "upstream_at": None,
    },
    "key.quarantined": lambda fact, _: {
        **(_LOOSE if "refund" in fact.data else {}),
        "cause": fact.data["cause"],
        "upstream": None,
        "upstream_at": None,
    },
    "key.quarantine_lifted": lambda _, __: {"cause": None},
    "key.upstream_checked": lambda fact, _: {
        "upstream": fact.data["state"],
        "upstream_at": fact.data.get("checked_at"),
    },
}


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.stream.startswith("key_"):
        return () if fact.topic == "key.imported" else ((KEYS, fact.stream),)
    if fact.stream.startswith("bat_"):
        return () if fact.topic == "product.import_started" else ((BATCHES, fact.stream),)
    return ()


def _voted(fact: Fact, rows: Rows) -> None:
    """Pass over a vote: a key's stream has them too, and they move nothing."""
    if fact.stream.startswith("key_"):
        rows.change(KEYS, fact.stream, fact.index)


_MOVES = [each for each in KEY_TABLE if each not in ("key.imported", "qualification.reviewed")]
KEYS_VIEW = View(
    "keys",
    1,
    (KEYS, STOCK, BATCHES, BUYERS),
    {
        "product.created": _created,
        "product.updated": _updated,
        "product.withdrawn": _withdrawn,
        "product.stock_adjusted": _adjusted,
        "product.import_started": _started,
        "product.import_line_rejected": _rejected,
        "key.duplicate_detected": _duplicate,
        "product.import_finished": _finished,
        "key.imported": _imported,
        "qualification.reviewed": _voted,
        **dict.fromkeys(_MOVES, _moved),
        "order.placed": _placed,
    },
    _hints,
)
