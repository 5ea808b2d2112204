"""Admission of merchants: submitted with documents, reviewed by two, approved or not (B1, B2).

``tests/api/test_qualifications.py``.
"""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.routes.documents import Filed, MerchantName, papers_of
from api.stating import Body, Category, Digest, Merchant, Why
from domain.qualification.admission import Request


class Submission(Body):
    """What a merchant asks for, and the documents that speak for it."""

    merchant: Merchant
    categories: list[Category] = Field(min_length=1, max_length=20)
    documents: list[Filed] = Field(min_length=1, max_length=50)


class Review(Body):
    """What a reviewer has read: all of the documents, or it is no review."""

    read: Annotated[list[Digest], Field(min_length=1, max_length=50)]


def qualification_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of admission."""
    router = APIRouter(prefix="/v1", tags=["qualification"])
    trade = ledger.trade
    path = "/merchants/{merchant}/qualification"

    @command_route(
        router, "/qualifications", answer=_standing, operation_id="qualifications_submit"
    )
    def submit_qualification(body: Submission, asked: Asked) -> Task:
        """Apply for admission, with documents that were sent before; 422 names what is missing."""
        asked.acting(merchant=body.merchant)
        papers = papers_of(ledger, body.merchant, body.documents)
        request = Request(body.merchant, tuple(body.categories), papers)
        return Task(
            lambda command: trade.submit_qualification(
                command, request, ledger.documents, this_moment()
            ),
            body.merchant,
            "merchant",
        )

    @command_route(router, f"{path}/review", answer=_standing, operation_id="qualifications_review")
    def review_qualification(merchant: MerchantName, body: Review) -> Task:
        """Find all in order, as the first of two reviewers."""
        return Task(
            lambda command: trade.review_qualification(command, merchant, body.read, this_moment())
        )

    @command_route(
        router, f"{path}/approval", answer=_standing, operation_id="qualifications_approve"
    )
    def approve_qualification(merchant: MerchantName, body: Review) -> Task:
        """Approve, as the second of two reviewers; the merchant gets its badge."""
        certificate, signer = new_id("cer"), ledger.issuer
        return Task(
            lambda command: trade.approve_qualification(
                command, merchant, body.read, certificate, signer, this_moment()
            )
        )

    @command_route(
        router, f"{path}/rejection", answer=_standing, operation_id="qualifications_reject"
    )
    def reject_qualification(merchant: MerchantName, body: Why) -> Task:
        """Say no, and why; the merchant may submit anew."""
        return Task(
            lambda command: trade.reject_qualification(
                command, merchant, body.reason, this_moment()
            )
        )

    @router.get("/reviews", operation_id="qualifications_waiting")
    def waiting_reviews() -> dict[str, Any]:
        """Return which merchants wait for a reviewer, the longest first, and who cannot be it."""
        now = this_moment()
        return {"at": now, "items": [asdict(each) for each in trade.waiting_reviews(now)]}

    return router


def _standing(done: Recorded) -> dict[str, Any]:
    # A second person's vote is an entry before what it decides.
    last = [each for each in done.facts if each.type.startswith("qualification.")][-1]
    merchant = last.stream.removeprefix("qualification/")
    badges = [each.stream for each in done.of("certificate.issued")]
    said = {"certificate": badges[0]} if badges else {}
    return {"merchant": merchant, "outcome": last.type, **said, **done.receipt()}
