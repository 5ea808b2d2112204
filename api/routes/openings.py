"""What is to be opened: what waits for an operator, and an approved value, shown once.

Asking and approving are in `api.routes.access`. ``tests/api/access/test_cases.py``.
"""

import secrets
from collections.abc import Iterator
from time import time
from typing import Any, Final

from fastapi import APIRouter, Response

from api.access.asking import Asked
from api.access.ledger_books import meta_of, usage_of
from api.access.parties import dispute_parties
from api.access.reach import Granted, Parties
from api.access.store.usages import unapproved_openings
from api.bootstrap import Deployment
from api.commands import this_moment
from api.exporting.opening import open_value, openable
from api.ids import OpeningId
from domain.clients.opening import OPENING_HOURS, Opening
from domain.errors import NotFoundError
from domain.identifiers import make

MOST: Final = 200


def opening_routes(ledger: Deployment) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["access"])

    @router.get("/openings", operation_id="openings_list")
    def list_openings() -> dict[str, Any]:
        """List what waits for a second person, the oldest first, 200 at the most."""
        return {"items": [_shown(each) for each in _waiting(ledger)]}

    @router.get("/openings/{opening}/value", operation_id="openings_value")
    def read_value(opening: OpeningId, asked: Asked, answer: Response) -> dict[str, Any]:
        """Show the opened value to whoever asked for it, once; 409 when it was shown before.

        What was shown and never arrived is asked for anew.
        """
        found = _asked_for(ledger, opening, asked)
        openable(ledger, found)
        usage = usage_of(
            *(asked, found.object, found.subjects), purpose=found.purpose, value=found.value
        )
        name = f"show/{opening}/{secrets.token_hex(8)}"
        command = ledger.command(meta_of(asked.principal, name))
        # A crash after this has shown nothing and says that it did: rather that than twice.
        ledger.trade.show_opening(command, opening, usage, this_moment())
        answer.headers["Cache-Control"] = "no-store"
        shown = {"dispute": found.object, "digest": found.value}
        return {"opening": opening, **shown, "value": open_value(ledger, found)}

    return router


def _asked_for(ledger: Deployment, opening: str, asked: Granted) -> Opening:
    """Return *opening* if it is the principal's own, and its case still within reach."""
    found: list[Opening] = []

    def find() -> Parties:
        found.append(ledger.trade.load(Opening, opening))
        if found[0].requester != asked.principal.subject or found[0].value is None:
            raise NotFoundError
        return dispute_parties(ledger.trade, found[0].object)()

    asked.object(opening, find, purpose="to show an opened value")
    return found[0]


def _waiting(ledger: Deployment) -> Iterator[Opening]:
    """Yield the requests that nobody has approved and that have not ended, the oldest first."""
    now = this_moment()
    # Identifiers begin with their time, and none waits longer than that.
    first = make("opn", int((time() - OPENING_HOURS * 3_600) * 1_000), 0)
    for each in unapproved_openings(ledger.database, first, MOST):
        found = ledger.trade.load(Opening, each)
        if now < found.until:
            yield found


def _shown(opening: Opening) -> dict[str, Any]:
    return {
        "opening": opening.id,
        "requester": opening.requester,
        "object": opening.object,
        "value": opening.value,
        "purpose": opening.purpose,
        "until": opening.until,
    }
