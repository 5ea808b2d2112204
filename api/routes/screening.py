"""Screening: staff asks a key's operator, sets a key aside, and two let it out again (B3, B5).

``tests/api/test_screening.py``.
"""

from itertools import islice
from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import Field

from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.ids import KeyId
from api.outside import Outside
from api.stating import Body, Moment, Operator, Why
from domain.keys.upstream import Answer, Finding

MOST: Final = 1_000


class UpstreamAnswer(Body):
    """What an operator has answered on paper, or by telephone. It is never fresh (B5)."""

    operator: Operator
    state: Literal["used", "unused", "unknown"]
    findings: list[Finding] = Field(default=[], max_length=6)
    first_used_at: Moment | None = None


class OperatorQuestion(Body):
    """Which operator is to be asked."""

    operator: Operator


def screening_routes(ledger: Deployment, outside: Outside) -> APIRouter:
    """Return the routes of screening, which asks who is *outside*."""
    router = APIRouter(prefix="/v1", tags=["screening"])
    trade = ledger.trade

    @command_route(
        router, "/keys/{key}/upstream-answers", answer=_checked, operation_id="keys_note_upstream"
    )
    def check_upstream(key: KeyId, body: UpstreamAnswer) -> Task:
        """Record an operator's answer about a key that did not come over its system."""
        answer = Answer(body.operator, body.state, tuple(body.findings), body.first_used_at)
        return Task(lambda command: trade.check_upstream(command, key, answer))

    @command_route(
        router, "/keys/{key}/upstream-checks", answer=_checked, operation_id="keys_ask_operator"
    )
    def ask_operator(key: KeyId, body: OperatorQuestion) -> Task:
        """Ask the operator's system about a key now, and record what it says.

        That it said nothing is recorded as ``unknown``, with the cause in ``waits``: such a
        key is neither listed nor shown.
        """
        system = outside.operator(body.operator)
        return Task(
            lambda command: trade.ask_operator(command, key, body.operator, system, this_moment())
        )

    @command_route(router, "/keys/{key}/quarantine", answer=_moved, operation_id="keys_quarantine")
    def quarantine_key(key: KeyId) -> Task:
        """Set aside a key that stands on a stolen list, or that its operator says was used."""
        return Task(lambda command: trade.quarantine_key(command, key))

    @command_route(
        router, "/keys/{key}/lifting-proposals", answer=_moved, operation_id="keys_propose_lifting"
    )
    def propose_lifting(key: KeyId, body: Why) -> Task:
        """Vote, as the first of two persons, to let a key out of quarantine."""
        return Task(lambda command: trade.propose_lifting(command, key, body.reason, this_moment()))

    @command_route(
        router, "/keys/{key}/lifting", answer=_moved, operation_id="keys_lift_quarantine"
    )
    def lift_quarantine(key: KeyId, body: Why) -> Task:
        """Let a key out of quarantine, as the second of two persons; 409 to the first."""
        return Task(lambda command: trade.lift_quarantine(command, key, body.reason, this_moment()))

    @router.get("/stolen-keys", operation_id="keys_stolen")
    def stolen_in_stock() -> dict[str, Any]:
        """Name keys in stock that stand on a stolen list and are not set aside; 1,000 at most."""
        return {"keys": list(islice(trade.stolen_in_stock(), MOST))}

    return router


def _moved(done: Recorded) -> dict[str, Any]:
    return {"key": done.facts[0].stream, **done.receipt()}


def _checked(done: Recorded) -> dict[str, Any]:
    checked = done.one("key.upstream_checked")
    said = {
        name: checked.data[name]
        for name in ("operator", "state", "findings", "first_used_at", "waits", "sandbox")
        if name in checked.data
    }
    return {"key": checked.stream, **said, **done.receipt()}
