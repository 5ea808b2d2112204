"""The view of disputes, and the work queue: what waits for a person (``features.md``, F, B2, D7).

A dispute's state is that of the machine in `domain.disputes.dispute`. A piece of work is
something that goes on only once a person has decided: a dispute that was assigned, an order
under review, a merchant's submission, a key that was set aside. It stays in the list as done.
What parties wrote is sealed, and none of it is here.
``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Iterable
from typing import Any, Final

from domain.disputes.dispute import DISPUTE_TABLE
from projections.fact import Fact
from projections.view import Column, Hint, History, Row, Rows, Said, Table, View

DISPUTES = Table(
    "disputes",
    (
        Column("order_id", filters=True, fixed=True),
        Column("buyer", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("opener", filters=True, fixed=True),
        Column("fault", filters=True, fixed=True),
        Column("state", filters=True),
        Column("is_open", "boolean", start=True, filters=True),
        Column("arbitrator", filters=True),
        Column("due"),
        Column("evidence_until"),
        Column("messages", "bigint", 0),
        Column("mode"),
        Column("outcome", filters=True),
        Column("key_effect"),
        Column("amount", "bigint"),
        Column("rule_row"),
        Column("appeal_until"),
        Column("appealed", "boolean", start=False),
        Column("accepted", "boolean", start=False),
        Column("opened_at"),
        Column("ruled_at"),
        Column("ended_at"),
    ),
    sources=lambda row, _: [row["id"], row["order_id"]],
)


def _work_sources(row: Row, history: History) -> Iterable[str]:
    streams = [row["stream"]]
    if row["kind"] == "dispute":
        streams += [fact.data["order"] for fact in history(row["stream"])[:1]]
    return streams


WORK = Table(
    "work",
    (
        Column("kind", filters=True, fixed=True),
        Column("stream", filters=True, fixed=True),
        Column("buyer", filters=True, fixed=True),
        Column("merchant", filters=True, fixed=True),
        Column("state", start="open", filters=True),
        Column("assignee", filters=True),
        Column("reason"),
        Column("since"),
        Column("due"),
        Column("done_at"),
    ),
    sources=_work_sources,
)
PARTIES = Table("dispute_parties", (Column("buyer"), Column("merchant")), aside=True)
"""By order, and by key, which has no buyer while it waits."""

ENDS: Final = ("withdrawn", "executed")


def _placed(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(PARTIES, fact.stream, fact.index, buyer=data["buyer"], merchant=data["merchant"])


def _opened(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(
        DISPUTES,
        fact.stream,
        fact.index,
        order_id=data["order"],
        buyer=data["buyer"],
        merchant=rows.get(PARTIES, data["order"])["merchant"],
        opener=data["opener"],
        fault=data["fault"],
        state="opened",
        evidence_until=data.get("evidence_until"),
        opened_at=fact.moment,
    )


def _moved(fact: Fact, rows: Rows) -> None:
    """Follow the machine, and note what the event says beyond the state."""
    known = rows.get(DISPUTES, fact.stream)
    state = DISPUTE_TABLE[fact.topic][known["state"]]
    values: dict[str, Any] = {"state": state, "is_open": state not in ENDS}
    if state in ENDS:
        values["ended_at"] = fact.moment
    said = _SAID.get(fact.topic)
    values |= said(fact, known) if said else {}
    rows.change(DISPUTES, fact.stream, fact.index, **values)
    if fact.topic == "dispute.assigned":
        _wait(fact, rows, "dispute", known, assignee=fact.data["arbitrator"], **_terms(fact))
    elif state != "assigned":
        _done(fact, rows, "dispute")


def _terms(fact: Fact) -> dict[str, Any]:
    return {"reason": fact.data["reason"], "due": fact.data.get("due")}


def _ruled(fact: Fact, _: Row) -> dict[str, Any]:
    data = fact.data
    return {
        "mode": data["mode"],
        "outcome": data["outcome"],
        "key_effect": data["key_effect"],
        "amount": data.get("amount"),
        "rule_row": data.get("row"),
        "appeal_until": data.get("appeal_until"),
        "accepted": False,
        "ruled_at": fact.moment,
    }


_SAID: Final[dict[str, Said]] = {
    "message.added": lambda _, known: {"messages": known["messages"] + 1},
    "dispute.assigned": lambda fact, _: {
        "arbitrator": fact.data["arbitrator"],
        "due": fact.data.get("due"),
    },
    "ruling.issued": _ruled,
    "dispute.appealed": lambda _, __: {"appealed": True},
    "ruling.accepted": lambda _, __: {"accepted": True},
}


def _wait(fact: Fact, rows: Rows, kind: str, about: Row, **values: Any) -> None:
    """Put what *fact*'s stream is about into the queue, or put it there anew."""
    fresh = {
        "stream": fact.stream,
        "kind": kind,
        "buyer": about["buyer"],
        "merchant": about["merchant"],
    }
    moving = {"state": "open", "since": fact.moment, "done_at": None, "assignee": None}
    rows.upsert(WORK, f"{kind}/{fact.stream}", fact.index, **fresh, **{**moving, **values})


def _done(fact: Fact, rows: Rows, kind: str) -> None:
    known = rows.find(WORK, f"{kind}/{fact.stream}")
    if known is not None and known["state"] == "open":
        rows.change(WORK, known["id"], fact.index, state="done", done_at=fact.moment)


def _held(fact: Fact, rows: Rows) -> None:
    parties = rows.get(PARTIES, fact.stream)
    _wait(fact, rows, "order", parties, reason=fact.data["reason"])


def _order_decided(fact: Fact, rows: Rows) -> None:
    _done(fact, rows, "order")


def _submitted(fact: Fact, rows: Rows) -> None:
    about = {"buyer": None, "merchant": fact.data["merchant"]}
    _wait(fact, rows, "qualification", about, since=fact.data["submitted_at"])


def _qualification_decided(fact: Fact, rows: Rows) -> None:
    _done(fact, rows, "qualification")


def _imported(fact: Fact, rows: Rows) -> None:
    rows.new(PARTIES, fact.stream, fact.index, merchant=fact.data["merchant"])


def _set_aside(fact: Fact, rows: Rows) -> None:
    _wait(fact, rows, "key", rows.get(PARTIES, fact.stream), reason=fact.data["cause"])


def _key_decided(fact: Fact, rows: Rows) -> None:
    _done(fact, rows, "key")


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.topic in ("order.placed", "key.imported", "qualification.submitted"):
        return ()
    if fact.topic == "dispute.opened":
        return ((PARTIES, fact.data["order"]),)
    if fact.stream.startswith("dsp_"):
        return ((DISPUTES, fact.stream), (WORK, f"dispute/{fact.stream}"))
    if fact.topic == "key.voided":
        return ((WORK, f"key/{fact.stream}"),)
    if fact.topic == "order.closed":
        return ((WORK, f"order/{fact.stream}"),)
    return ()


DISPUTES_VIEW = View(
    "disputes",
    1,
    (DISPUTES, WORK, PARTIES),
    {
        "order.placed": _placed,
        "dispute.opened": _opened,
        **dict.fromkeys([each for each in DISPUTE_TABLE if each != "dispute.opened"], _moved),
        "order.held": _held,
        **dict.fromkeys(("order.cleared", "order.blocked", "order.closed"), _order_decided),
        "qualification.submitted": _submitted,
        **dict.fromkeys(
            ("qualification.approved", "qualification.rejected"), _qualification_decided
        ),
        "key.imported": _imported,
        "key.quarantined": _set_aside,
        **dict.fromkeys(("key.quarantine_lifted", "key.voided"), _key_decided),
    },
    _hints,
)
