"""The view of merchants: verified, qualified, for what, and with which badges (B1 to B7).

States are those of the machines in `domain.qualification` and `domain.identity.account`.
What is in force at a moment is asked with that moment: the view keeps the end dates.
``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from domain.identity.account import ACCOUNT_TABLE, account_of
from domain.qualification.certificate import CERTIFICATE_TABLE
from domain.qualification.qualification import QUALIFICATION_TABLE
from projections.fact import Fact
from projections.view import Column, Hint, Rows, Table, View

PREFIX: Final = "qualification/"

MERCHANTS = Table(
    "merchants",
    (
        Column("merchant", filters=True, fixed=True),
        Column("account", start="new", filters=True),
        Column("state", start="new", filters=True),
        Column("submitter"),
        Column("submitted_at"),
        Column("valid_until"),
        Column("certificate"),
        Column("scopes", "json"),
        Column("votes", "bigint", 0),
        Column("reason"),
    ),
    sources=lambda row, _: [PREFIX + row["id"], account_of(row["id"])],
)
CERTIFICATES = Table(
    "certificates",
    (
        Column("merchant", filters=True, fixed=True),
        Column("kind", filters=True, fixed=True),
        Column("category", filters=True, fixed=True),
        Column("operator"),
        Column("state", filters=True),
        Column("issued_at"),
        Column("valid_until"),
        Column("presented", "bigint", 0),
    ),
    sources=lambda row, _: [row["id"]],
)


def _account(fact: Fact, rows: Rows) -> None:
    """Follow the account of a merchant; those of consumers are nobody's view."""
    party = fact.data["party"]
    if party.startswith("usr_"):
        return
    known = rows.find(MERCHANTS, party)
    before = known["account"] if known else "new"
    after = ACCOUNT_TABLE[fact.topic][before]
    rows.upsert(MERCHANTS, party, fact.index, merchant=party, account=after)


def _qualified(fact: Fact, rows: Rows) -> None:
    """Follow the machine, and note what the event says beyond the state."""
    if not fact.stream.startswith(PREFIX):
        return  # the vote to let a key out of quarantine: it stands in the key's stream
    merchant = fact.stream[len(PREFIX) :]
    known = rows.find(MERCHANTS, merchant)
    before = known["state"] if known else "new"
    scopes = dict((known and known["scopes"]) or {})
    values: dict[str, Any] = {"state": QUALIFICATION_TABLE[fact.topic][before]}
    said = _SAID.get(fact.topic)
    values |= said(fact, scopes) if said else {}
    if fact.topic == "qualification.reviewed":
        values["votes"] = (known["votes"] if known else 0) + 1
    rows.upsert(MERCHANTS, merchant, fact.index, merchant=merchant, **values)


def _submitted(fact: Fact, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "submitter": fact.meta["actor"],
        "submitted_at": fact.data["submitted_at"],
        "valid_until": None,
        "certificate": None,
        "scopes": None,
        "votes": 0,
        "reason": None,
    }


def _granted(fact: Fact, scopes: dict[str, Any]) -> dict[str, Any]:
    data = fact.data
    scope = {"certificate": data["certificate"], "valid_until": data["valid_until"]}
    if "operator" in data:
        scope["operator"] = data["operator"]
    return {"scopes": {**scopes, data["category"]: scope}}


def _ended(fact: Fact, scopes: dict[str, Any]) -> dict[str, Any]:
    del scopes[fact.data["category"]]
    return {"scopes": scopes or None}


_SAID: Final[dict[str, Callable[[Fact, dict[str, Any]], dict[str, Any]]]] = {
    "qualification.submitted": _submitted,
    "qualification.approved": lambda fact, _: {
        "valid_until": fact.data["valid_until"],
        "certificate": fact.data["certificate"],
        "votes": 0,
    },
    "qualification.rejected": lambda fact, _: {"reason": fact.data["reason"], "votes": 0},
    "qualification.scope_granted": _granted,
    "qualification.scope_ended": _ended,
    "qualification.suspended": lambda fact, _: {"reason": fact.data["reason"], "votes": 0},
    "qualification.reinstated": lambda _, __: {"reason": None, "votes": 0},
    "qualification.expired": lambda _, __: {"scopes": None, "votes": 0},
    "qualification.revoked": lambda fact, _: {
        "reason": fact.data["reason"],
        "scopes": None,
        "votes": 0,
    },
}


def _issued(fact: Fact, rows: Rows) -> None:
    data = fact.data
    rows.new(
        CERTIFICATES,
        fact.stream,
        fact.index,
        merchant=data["merchant"],
        kind=data["kind"],
        category=data.get("category"),
        operator=data.get("operator"),
        state="good",
        issued_at=data["issued_at"],
        valid_until=data["valid_until"],
    )


def _certificate(fact: Fact, rows: Rows) -> None:
    known = rows.get(CERTIFICATES, fact.stream)
    state = CERTIFICATE_TABLE[fact.topic][known["state"]]
    presented = known["presented"] + (fact.topic == "certificate.presented")
    rows.change(CERTIFICATES, fact.stream, fact.index, state=state, presented=presented)


def _hints(fact: Fact) -> Iterable[Hint]:
    if fact.stream.startswith("cer_") and fact.topic != "certificate.issued":
        return ((CERTIFICATES, fact.stream),)
    return ()


MERCHANTS_VIEW = View(
    "merchants",
    1,
    (MERCHANTS, CERTIFICATES),
    {
        **dict.fromkeys(ACCOUNT_TABLE, _account),
        **dict.fromkeys(QUALIFICATION_TABLE, _qualified),
        **dict.fromkeys(CERTIFICATE_TABLE, _certificate),
        "certificate.issued": _issued,
    },
    _hints,
)
