"""Rows of every view, for each of three: mine, theirs, and a platform client's end user's.

Orders, steps, disputes and work are folded from the log; of the others a row is written as a
fold would write it, so that access to it can be asked for.
"""

from typing import Any, Final

from api.bootstrap import Deployment
from domain.identifiers import derive
from projections.balances import balance_id
from projections.store.platform import as_platform
from projections.store.runner import Runner, catch_up
from projections.store.tables import write_rows
from projections.view import NothingKept, Rows
from projections.views import READABLE

SUFFIX: Final = "01m6b1yq00e2aafp47cgx674mz"
MERCHANTS: Final = ("M-LAN", "M-FOX", "M-LAN")
MISSING: Final = {
    **{noun: f"{prefix}_{SUFFIX}" for noun, prefix in (("order", "ord"), ("refund", "rfd"))},
    "key": f"key_{SUFFIX}",
    "dispute": f"dsp_{SUFFIX}",
    "batch": f"bat_{SUFFIX}",
    "certificate": f"cer_{SUFFIX}",
    "sanction": f"snc_{SUFFIX}",
    "merchant": "M-NONE",
    "work": f"dispute/dsp_{SUFFIX}",
    "balance": "merchant:M-NONE/CNY",
    "day": "2026-06-01/M-NONE/CNY",
    "step": f"ord_{SUFFIX}/timeline/0",
}
"""By noun: the name of what there is none of."""
TABLES: Final = {
    "refund": "refunds",
    "key": "keys",
    "batch": "batches",
    "merchant": "merchants",
    "certificate": "certificates",
    "sanction": "sanctions",
    "balance": "balances",
    "day": "daily",
}
Thing = tuple[str, str]


def read_over_views(
    ledger: Deployment, things: tuple[Thing, Thing, Thing], buyers: tuple[str, str, str]
) -> dict[str, tuple[str, str, str]]:
    """Bring the views to the log's end, add rows, and return what each is called by noun."""
    runner = Runner(ledger.database)
    catch_up(runner)
    assert runner.faults == {}
    runner.close()
    found = [
        _rows(ledger, number, order, merchant, buyer)
        for number, ((order, _), merchant, buyer) in enumerate(
            zip(things, MERCHANTS, buyers, strict=True)
        )
    ]
    named: dict[str, Any] = {noun: tuple(each[noun] for each in found) for noun in found[0]}
    named["order"] = tuple(order for order, _ in things)
    named["dispute"] = tuple(dispute for _, dispute in things)
    named["work"] = tuple(f"dispute/{dispute}" for _, dispute in things)
    named["step"] = tuple(_step(ledger, order) for order, _ in things)
    return named


def _rows(ledger: Deployment, number: int, order: str, merchant: str, buyer: str) -> dict[str, str]:
    ids = {
        **{noun: derive(noun[:3], number, "viewed") for noun in ("key", "batch")},
        "refund": derive("rfd", number, "viewed"),
        "sanction": derive("snc", number, "viewed"),
        "certificate": derive("cer", number, "viewed"),
        "merchant": merchant,
        "balance": balance_id(f"merchant:{merchant}", "CNY"),
        "day": f"2026-06-01/{merchant}/CNY",
    }
    known = {"order_id": order, "merchant": merchant, "buyer": buyer, "currency": "CNY"}
    rows = Rows(NothingKept())
    with as_platform(ledger.database) as connection:
        for noun, name in (*TABLES.items(), ("merchant", "credit")):
            table = READABLE[name][1]
            names = set(table.names) - ({"order_id"} if noun == "balance" else set())
            values = {each: known[each] for each in known.keys() & names}
            rows.new(table, ids[noun], 0, **values)
            write_rows(connection, "views_a", table, rows.take_changes()[name])
    return ids


def _step(ledger: Deployment, order: str) -> str:
    with as_platform(ledger.database) as connection:
        row = connection.execute(
            "SELECT min(created) FROM views_a.timeline WHERE order_id = %s", [order]
        ).fetchone()
    assert row is not None
    return f"{order}/timeline/{row[0]}"
