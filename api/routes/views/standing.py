"""A merchant's standing: qualification, badges, credit, sanctions (B, C). ``tests/api/views/``.

Whether a merchant is qualified, buyers are told by badges that they can check themselves.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from api.ids import TypeId
from api.stating import Merchant
from api.views.reading import Viewing
from api.views.resource import Resource
from api.views.resources import CERTIFICATES, CREDIT, MERCHANTS, SANCTIONS
from api.views.routes import Route, add_list, add_one

Certificate = Annotated[str, TypeId("cer")]
Sanction = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
LISTS: Final[tuple[tuple[Resource, str, str], ...]] = (
    (MERCHANTS, "merchants", "List merchants: verified, qualified, until when and for what."),
    (CERTIFICATES, "certificates", "List certificates, the newest first."),
    (CREDIT, "credit", "List merchants' scores, grades and deposits. Deposits are minor units."),
    (SANCTIONS, "sanctions", "List sanctions. One ends at `ends_at`, recorded or not."),
)


def standing_views(viewing: Viewing) -> APIRouter:
    """Return the routes of merchants, certificates, credit and sanctions."""
    router = APIRouter(prefix="/v1", tags=["merchants"])
    for resource, noun, words in LISTS:
        add_list(router, viewing, resource, Route(f"/{noun}", f"{noun}_list", words))
    for resource, noun, words in (
        (MERCHANTS, "merchants", "Read a merchant's qualification."),
        (CREDIT, "credit", "Read a merchant's score, grade and deposit."),
    ):
        add_one(
            *(router, viewing, resource),
            Route(f"/{noun}/{{merchant}}", f"{noun}_read", words),
            named={"merchant": Merchant},
            row_id=lambda names: names["merchant"],
        )
    add_one(
        *(router, viewing, CERTIFICATES),
        Route(
            "/certificates/{certificate}",
            "certificates_read",
            "Read a certificate: good, suspended, revoked or expired.",
        ),
        named={"certificate": Certificate},
        row_id=lambda names: names["certificate"],
    )
    add_one(
        *(router, viewing, SANCTIONS),
        Route(
            "/sanctions/{sanction}",
            "sanctions_read",
            "Read a sanction: why, until when, and until when it can be appealed.",
        ),
        named={"sanction": Sanction},
        row_id=lambda names: names["sanction"],
    )
    return router
