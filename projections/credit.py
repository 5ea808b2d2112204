"""The view of credit: each merchant's score, grade, weight and deposit, and its sanctions.

``features.md``, C1 to C5. A sanction ends at its end date whether or not anybody records
it, so ``ends_at`` is what a reader compares with its own moment; ``state`` is what was
recorded. ``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from domain.credit.sanction import SANCTION_TABLE
from projections.fact import Fact
from projections.view import Column, Hint, History, Row, Rows, Table, View


def _credit_sources(row: Row, history: History) -> Iterable[str]:
    del history
    return [f"{each}/{row['id']}" for each in ("credit", "deposit")]


CREDIT = Table(
    "credit",
    (
        Column("merchant", filters=True, fixed=True),
        Column("score", "bigint"),
        Column("scale", "bigint"),
        Column("grade", filters=True),
        Column("weight", "bigint"),
        Column("rules", "bigint"),
        Column("log_size", "bigint"),
        Column("reason_zh"),
        Column("reason_en"),
        Column("deposit", "bigint", 0),
        Column("deposit_required", "bigint", 0),
        Column("deposit_currency"),
    ),
    sources=_credit_sources,
)
SANCTIONS = Table(
    "sanctions",
    (
        Column("merchant", filters=True, fixed=True),
        Column("ground", filters=True, fixed=True),
        Column("level", filters=True, fixed=True),
        Column("state", filters=True),
        Column("starts_at"),
        Column("ends_at"),
        Column("appeal_until"),
        Column("applied_by"),
        Column("reason_zh"),
        Column("reason_en"),
    ),
    sources=lambda row, _: [f"sanction/{row['merchant']}"],
)


def _noted(fact: Fact, rows: Rows) -> None:
    merchant = fact.data["merchant"]
    values = _SAID[fact.topic](fact)
    rows.upsert(CREDIT, merchant, fact.index, merchant=merchant, **values)


_SAID: Final[dict[str, Callable[[Fact], dict[str, Any]]]] = {
    "credit.recomputed": lambda fact: {
        each: fact.data[each] for each in ("score", "scale", "rules", "log_size")
    },
    "credit.grade_changed": lambda fact: {
        "grade": fact.data["after"],
        "reason_zh": fact.data["reason_zh"],
        "reason_en": fact.data["reason_en"],
    },
    "credit.ranking_weighted": lambda fact: {
        "weight": fact.data["weight"],
        "grade": fact.data["grade"],
    },
    "deposit.required": lambda fact: {
        "deposit_required": fact.data["amount"],
        "deposit_currency": fact.data["currency"],
    },
}


def _deposited(fact: Fact, rows: Rows) -> None:
    sign = 1 if fact.topic == "deposit.topped_up" else -1
    rows.add(CREDIT, fact.data["merchant"], fact.index, deposit=sign * fact.data["amount"])


def _sanctioned(fact: Fact, rows: Rows) -> None:
    named = ("merchant", "ground", "level", "starts_at", "ends_at", "appeal_until")
    values: dict[str, Any] = {each: fact.data[each] for each in (*named, "reason_zh", "reason_en")}
    values |= {"state": "applied", "applied_by": fact.meta["actor"]}
    rows.new(SANCTIONS, fact.data["sanction"], fact.index, **values)


def _sanction(fact: Fact, rows: Rows) -> None:
    known = rows.get(SANCTIONS, fact.data["sanction"])
    state = SANCTION_TABLE[fact.topic][known["state"]]
    rows.change(SANCTIONS, known["id"], fact.index, state=state)


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.topic == "sanction.applied":
        return ()
    if fact.topic.startswith("sanction."):
        return ((SANCTIONS, fact.data["sanction"]),)
    return ((CREDIT, fact.data["merchant"]),)


CREDIT_VIEW = View(
    "credit",
    1,
    (CREDIT, SANCTIONS),
    {
        **dict.fromkeys(_SAID, _noted),
        **dict.fromkeys(
            ("deposit.topped_up", "deposit.returned", "deposit.drawn", "deposit.forfeited"),
            _deposited,
        ),
        **dict.fromkeys(SANCTION_TABLE, _sanction),
        "sanction.applied": _sanctioned,
    },
    _hints,
)
