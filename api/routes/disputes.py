"""Disputes as their parties act in them: opened, answered, given up, appealed, accepted (F1, F6).

The platform's own steps (facts gathered, decided by the table, reassigned when nobody ruled)
are those of policies and timers and have no route; arbitrators and operators act in
`api.routes.rulings`. ``tests/api/access/test_cases.py``.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, SecretStr

from api.access.asking import Asked
from api.access.parties import dispute_parties, order_parties
from api.access.reach import Granted, Parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.idempotency.clerk import Act
from api.ids import DisputeId, OrderId
from api.principal import Kind
from api.stating import Body
from domain.command import Command
from domain.disputes.arbitration import Piece
from domain.disputes.events import EvidenceField, Fact, Fault
from domain.event import Role

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class NewDispute(Body):
    """Which order is contested, and why."""

    order: OrderId
    fault: Fault = Field(default="none", description="What is wrong with the goods.")


class NewPiece(Body):
    """A piece of evidence: a text, which is sealed, a document beside the log, or both."""

    field: EvidenceField = Field(description="What it shows.")
    text: SecretStr | None = Field(default=None, min_length=1, max_length=4_000)
    document: Digest | None = Field(default=None, description="SHA-256 of a file, in hex.")
    contests: Fact | None = Field(default=None, description="The fact that it is to disprove.")


class NewAppeal(Body):
    """Why another person shall decide."""

    reason: str = Field(min_length=1, max_length=400, examples=["The listing was not considered."])


def dispute_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of the parties."""
    router = APIRouter(prefix="/v1", tags=["disputes"])
    trade = ledger.trade

    @command_route(router, "/disputes", answer=_opened, operation_id="disputes_open")
    def open_dispute(body: NewDispute, asked: Asked) -> Task:
        """Contest an order of one's own; its money and its key are frozen until it is decided."""
        actor, role = _acting_in(asked, asked.object(body.order, order_parties(trade, body.order)))
        made = new_id("dsp")

        def act(command: Command) -> object:
            return trade.open_dispute(
                command, made, body.order, "consumer", body.fault, this_moment()
            )

        return Task(act, actor, role)

    @command_route(
        router, "/disputes/{dispute}/evidence", answer=_added, operation_id="disputes_add_evidence"
    )
    def add_evidence(dispute: DisputeId, body: NewPiece, asked: Asked) -> Task:
        """Bring evidence, or answer what the other side has brought, in time."""
        text = None if body.text is None else body.text.get_secret_value()
        piece = Piece(body.field, text, body.document, body.contests)
        return _by_its_party(
            *(ledger, dispute, asked),
            lambda command: trade.add_evidence(command, dispute, piece, this_moment()),
        )

    @command_route(
        router,
        "/disputes/{dispute}/appeal",
        answer=told("dispute.appealed"),
        operation_id="disputes_appeal",
    )
    def appeal(dispute: DisputeId, body: NewAppeal, asked: Asked) -> Task:
        """Ask, as the losing party, for another person's decision."""
        return _by_its_party(
            *(ledger, dispute, asked),
            lambda command: trade.appeal_ruling(command, dispute, body.reason, this_moment()),
        )

    _endings(router, ledger)
    return router


def _endings(router: APIRouter, ledger: Deployment) -> None:
    """Put in what needs no more words than itself."""
    trade = ledger.trade

    @command_route(
        router,
        "/disputes/{dispute}/concession",
        answer=told("dispute.conceded"),
        operation_id="disputes_concede",
    )
    def concede(dispute: DisputeId, asked: Asked) -> Task:
        """Give in, as the merchant: the buyer is refunded in full."""
        return _by_its_party(
            ledger, dispute, asked, lambda command: trade.concede_dispute(command, dispute)
        )

    @command_route(
        router,
        "/disputes/{dispute}/withdrawal",
        answer=told("dispute.withdrawn"),
        operation_id="disputes_withdraw",
    )
    def withdraw(dispute: DisputeId, asked: Asked) -> Task:
        """Contest the order no longer, as the buyer; its money is unfrozen."""
        return _by_its_party(
            ledger, dispute, asked, lambda command: trade.withdraw_dispute(command, dispute)
        )

    @command_route(
        router,
        "/disputes/{dispute}/acceptance",
        answer=told("ruling.accepted"),
        operation_id="disputes_accept",
    )
    def accept(dispute: DisputeId, asked: Asked) -> Task:
        """Accept the ruling, as the losing party, so that it is carried out at once."""
        return _by_its_party(
            ledger, dispute, asked, lambda command: trade.accept_ruling(command, dispute)
        )


def _by_its_party(ledger: Deployment, dispute: str, asked: Granted, act: Act) -> Task:
    """Return the task that the party of *dispute* does *act* which asks."""
    parties = asked.object(dispute, dispute_parties(ledger.trade, dispute))
    return Task(act, *_acting_in(asked, parties))


def _acting_in(asked: Granted, parties: Parties) -> tuple[str, Role]:
    """Return for whom of *parties* the principal acts, and as what.

    A platform client acts for its end user, who is the buyer.
    """
    if asked.principal.kind is Kind.MERCHANT:
        return parties.merchant, "merchant"
    return parties.buyer, "consumer"


def told(topic: str) -> Callable[[Recorded], dict[str, Any]]:
    """Return what answers with the dispute in which *topic* was recorded, and where."""
    return lambda done: {"dispute": done.one(topic).stream, **done.receipt()}


def _opened(done: Recorded) -> dict[str, Any]:
    opened = done.one("dispute.opened")
    shown = {"order": opened.data["order"], "fault": opened.data["fault"]}
    until = opened.data.get("evidence_until")
    return {"dispute": opened.stream, **shown, "evidence_until": until, **done.receipt()}


def _added(done: Recorded) -> dict[str, Any]:
    added = done.one("message.added")
    return {"dispute": added.stream, "field": added.data["field"], **done.receipt()}
