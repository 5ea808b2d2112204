"""Rulings: assigned by operators, issued by the arbitrator whose case it is, carried out (F4, F8).

The table's own rulings are a policy's, and so is their execution; operators execute one by
hand where the policy could not. ``tests/api/access/test_cases.py``.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import dispute_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.ids import DisputeId
from api.routes.disputes import told
from api.stating import Body
from chain.canonical import MAX_INTEGER
from domain.command import Command
from domain.disputes.judgement import Judgement

Reason = Annotated[str, Field(min_length=1, max_length=400)]
Relied = Annotated[str, Field(pattern="^[!-~]{1,128}/[1-9][0-9]{0,8}$")]


class NewAssignment(Body):
    """Who shall decide, and why a person must."""

    arbitrator: str = Field(pattern="^[A-Za-z0-9_.-]{1,64}$", examples=["staff-2"])
    reason: Reason


class NewRuling(Body):
    """An arbitrator's decision."""

    outcome: Literal["refund", "partial_refund", "rejected"]
    key_effect: Literal["unchanged", "returned", "quarantined", "voided"]
    reason: Reason
    relied_on: list[Relied] = Field(
        min_length=1, max_length=100, description="Events of the case, as stream/version."
    )
    amount: int | None = Field(
        default=None,
        ge=1,
        le=MAX_INTEGER,
        strict=True,
        description="Of a partial refund, minor units in the order's currency.",
    )


class BankResult(Body):
    """How the bank has decided a chargeback."""

    outcome: Literal["refund", "rejected"]
    reason: Reason


def ruling_routes(ledger: Deployment) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["disputes"])
    trade = ledger.trade

    @command_route(
        router, "/disputes/{dispute}/ruling", answer=_ruled, operation_id="disputes_rule"
    )
    def rule(dispute: DisputeId, body: NewRuling, asked: Asked) -> Task:
        """Decide a case that is assigned to oneself, and in which one has no stake."""
        asked.object(dispute, dispute_parties(trade, dispute))
        judgement = Judgement(
            *(body.outcome, body.key_effect, body.reason, tuple(body.relied_on), body.amount)
        )
        return Task(lambda command: trade.rule(command, dispute, judgement, this_moment()))

    _operators(router, ledger)
    return router


def _operators(router: APIRouter, ledger: Deployment) -> None:
    trade = ledger.trade

    @command_route(
        router, "/disputes/{dispute}/assignment", answer=_assigned, operation_id="disputes_assign"
    )
    def assign(dispute: DisputeId, body: NewAssignment, asked: Asked) -> Task:
        """Hand a case to a person; again, once the time of whoever had it is over."""
        asked.object(dispute, dispute_parties(trade, dispute))

        def act(command: Command) -> object:
            return trade.assign_dispute(
                command, dispute, body.arbitrator, body.reason, this_moment()
            )

        return Task(act)

    @command_route(
        router,
        "/disputes/{dispute}/bank_result",
        answer=_ruled,
        operation_id="disputes_enter_bank_result",
    )
    def enter_bank_result(dispute: DisputeId, body: BankResult, asked: Asked) -> Task:
        """Enter how the bank has decided a chargeback, from the channel's notice."""
        asked.object(dispute, dispute_parties(trade, dispute))

        def act(command: Command) -> object:
            return trade.enter_bank_result(command, dispute, body.outcome, body.reason)

        # The channel speaks; which operator wrote it down is the actor.
        return Task(act, role="channel")

    @command_route(
        router,
        "/disputes/{dispute}/execution",
        answer=told("ruling.executed"),
        operation_id="disputes_execute",
    )
    def execute(dispute: DisputeId, asked: Asked) -> Task:
        """Carry out a ruling that can no longer be appealed."""
        asked.object(dispute, dispute_parties(trade, dispute))
        refund = new_id("rfd")
        return Task(lambda command: trade.execute_ruling(command, dispute, refund, this_moment()))


def _assigned(done: Recorded) -> dict[str, Any]:
    assigned = done.one("dispute.assigned")
    shown = {name: assigned.data.get(name) for name in ("arbitrator", "due")}
    return {"dispute": assigned.stream, **shown, **done.receipt()}


def _ruled(done: Recorded) -> dict[str, Any]:
    ruled = done.one("ruling.issued")
    names = ("outcome", "key_effect", "amount", "appeal_until")
    shown = {name: ruled.data[name] for name in names if name in ruled.data}
    return {"dispute": ruled.stream, **shown, **done.receipt()}
