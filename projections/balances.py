"""The view of money: what every account of the double entry has, by currency (G8, 3.3).

One row an account and currency; the sum of all rows of a currency is zero at every tree
size. Amounts are minor units. ``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Any, Final

from domain.ledger.accounts import kind_of
from projections.fact import Fact
from projections.view import Column, Hint, Rows, Table, View

BALANCES = Table(
    "balances",
    (
        Column("account", filters=True, fixed=True),
        Column("kind", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("order_id", filters=True, fixed=True),
        Column("currency", filters=True, fixed=True),
        Column("amount", "bigint", 0),
        Column("postings", "bigint", 0),
    ),
)
_OWNERS: Final = {
    "merchant": "merchant",
    "debt": "merchant",
    "deposit": "merchant",
    "escrow": "order_id",
}
"""By kind of account: whose it is."""


def balance_id(account: str, currency: str) -> str:
    """Return the row's id."""
    return f"{account}/{currency}"


def _posted(fact: Fact, rows: Rows) -> None:
    currency, index = fact.data["currency"], fact.index
    for line in fact.data["lines"]:
        account = line["account"]
        row_id = balance_id(account, currency)
        if rows.find(BALANCES, row_id) is None:
            kind = kind_of(account)
            owner: dict[str, Any] = {}
            if kind in _OWNERS:
                owner[_OWNERS[kind]] = account[len(kind) + 1 :]
            named = {"account": account, "kind": kind, "currency": currency}
            rows.new(BALANCES, row_id, index, **named, **owner)
        rows.add(BALANCES, row_id, index, amount=line["amount"], postings=1)


def _hints(fact: Fact) -> Iterable[Hint]:
    currency = fact.data["currency"]
    return [(BALANCES, balance_id(line["account"], currency)) for line in fact.data["lines"]]


BALANCES_VIEW = View("balances", 1, (BALANCES,), {"ledger.posted": _posted}, _hints)
