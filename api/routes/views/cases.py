"""Disputes, and the work queue: what waits for a person. ``tests/api/views/``.

What the parties wrote is sealed, and none of it is here.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from api.access.parties import dispute_parties
from api.bootstrap import Deployment
from api.ids import DisputeId
from api.views.reading import Viewing
from api.views.resources import DISPUTES, WORK
from api.views.routes import Route, add_list, add_one

Kind = Annotated[str, Path(pattern=r"^[a-z]{1,32}$", examples=["dispute"])]
Stream = Annotated[str, Path(pattern=r"^[A-Za-z0-9_/.-]{1,100}$")]


def case_views(ledger: Deployment, viewing: Viewing) -> APIRouter:
    """Return the routes of disputes and of the work queue."""
    router = APIRouter(prefix="/v1", tags=["disputes"])
    add_list(
        *(router, viewing, DISPUTES),
        Route(
            "/disputes",
            "disputes_list",
            "List disputes, the newest first: a party its own, an arbitrator hers.",
        ),
    )
    add_one(
        *(router, viewing, DISPUTES),
        Route(
            "/disputes/{dispute}",
            "disputes_read",
            "Read a dispute: its state, its ruling, and what is due when.",
        ),
        named={"dispute": DisputeId},
        row_id=lambda names: names["dispute"],
        find=lambda _, dispute: dispute_parties(ledger.trade, dispute),
    )
    add_list(
        *(router, viewing, WORK),
        Route(
            "/work",
            "work_list",
            "List what waits for a person: disputes, reviews, submissions, keys set aside.",
        ),
    )
    add_one(
        *(router, viewing, WORK),
        Route("/work/{kind}/{stream:path}", "work_read", "Read one piece of work."),
        named={"kind": Kind, "stream": Stream},
        row_id=lambda names: f"{names['kind']}/{names['stream']}",
    )
    return router
