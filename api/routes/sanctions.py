"""Sanctions: staff applies them, the merchant appeals, another of the staff lifts them (C5).

``tests/api/test_sanctions.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.routes.documents import MerchantName
from api.stating import Body, Reason, SanctionId, Why
from chain.canonical import MAX_INTEGER
from domain.credit.ladder import Ground
from domain.credit.sanction import LiftCause
from domain.errors import NotFoundError

Index = Annotated[int, Field(ge=0, le=MAX_INTEGER, strict=True)]


class Breach(Body):
    """What was broken, and the entries that show it."""

    ground: Ground
    relied_on: list[Index] = Field(
        min_length=1, max_length=200, description="Leaf indexes of the events that show it."
    )


class Lifting(Body):
    """Why a sanction ends early."""

    cause: LiftCause
    reason: Reason


def sanction_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of sanctions."""
    router = APIRouter(prefix="/v1/merchants/{merchant}/sanctions", tags=["sanctions"])
    trade = ledger.trade

    @command_route(router, "", answer=_sanctioned, operation_id="sanctions_apply")
    def apply_sanction(merchant: MerchantName, body: Breach) -> Task:
        """Sanction a breach; the ladder says how. The entries relied on must be there."""
        size, sanction = ledger.reader.size(), new_id("snc")
        if max(body.relied_on) >= size:
            raise NotFoundError(f"relied_on: {max(body.relied_on)}: the log has {size} entries")
        return Task(
            lambda command: trade.apply_sanction(
                command, merchant, sanction, body.ground, body.relied_on, this_moment()
            )
        )

    @command_route(
        router, "/{sanction}/appeal", answer=_sanctioned, operation_id="sanctions_appeal"
    )
    def appeal_sanction(
        merchant: MerchantName, sanction: SanctionId, body: Why, asked: Asked
    ) -> Task:
        """Appeal against a sanction of one's own, while the time to do so runs."""
        asked.acting(merchant=merchant)
        return Task(
            lambda command: trade.appeal_sanction(
                command, merchant, sanction, body.reason, this_moment()
            ),
            merchant,
            "merchant",
        )

    @command_route(router, "/{sanction}/lifting", answer=_sanctioned, operation_id="sanctions_lift")
    def lift_sanction(merchant: MerchantName, sanction: SanctionId, body: Lifting) -> Task:
        """End a sanction early; an appeal is granted by another person than applied it."""
        return Task(
            lambda command: trade.lift_sanction(
                command, merchant, sanction, body.cause, body.reason, this_moment()
            )
        )

    return router


def _sanctioned(done: Recorded) -> dict[str, Any]:
    first = done.facts[0]
    names = ("sanction", "ground", "level", "ends_at", "appeal_until", "cause")
    said = {name: first.data[name] for name in names if name in first.data}
    return {
        "merchant": first.data["merchant"],
        "outcome": first.type,
        **said,
        **done.receipt(),
    }
