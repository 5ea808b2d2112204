"""A badge as a platform customer was shown it, and that it verified then (B7).

The platform customer presents it here, under its own client's name; that is what its own
reliance rests on later. Anybody may check a badge without us. ``tests/api/test_presentations.py``.
"""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.reach import Parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.ids import ClientId
from api.routes.certification import STATUS_LIFE
from api.stating import Body
from domain.qualification.register import publish_status


class Presentation(Body):
    """A badge, to whom it was shown, and the list that it was checked with."""

    audience: ClientId = Field(description="The platform customer's own client.")
    badge: str = Field(min_length=1, max_length=16_000, description="As it was shown.")
    status: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_000_000,
        description="The signed status list that it was checked with; default: one of now.",
    )


def presentation_routes(ledger: Deployment) -> APIRouter:
    """Return the route of badges that are relied on."""
    router = APIRouter(prefix="/v1", tags=["certification"])
    trade = ledger.trade

    @command_route(
        router,
        "/certification/presentations",
        answer=_presented,
        operation_id="certificates_present",
    )
    def present_certificate(body: Presentation, asked: Asked) -> Task:
        """Put on record that one was shown a badge which is good; 422 `badge_not_good` if not."""
        asked.object(body.audience, lambda: Parties(owner=body.audience))
        signer, badge = ledger.issuer, body.badge.encode()
        times = this_moment(), this_moment(STATUS_LIFE)
        status = body.status.encode() if body.status else publish_status(trade, signer, times)
        return Task(
            lambda command: trade.present_certificate(
                command, body.audience, badge, status, [signer.key], this_moment()
            )
        )

    return router


def _presented(done: Recorded) -> dict[str, Any]:
    presented = done.one("certificate.presented")
    audience = presented.data["audience"]
    return {"certificate": presented.stream, "audience": audience, **done.receipt()}
