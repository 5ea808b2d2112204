"""A merchant's documents: sent one by one, named by digest, read by those who review (B1).

A document is sent as it is, before the request that names it. It is kept under its digest and
the log says nothing of it until a submission names it: the same document sent twice is one, so
there is no Idempotency-Key. The answer has a ``ticket``, which says that this merchant has sent
this document: a digest alone, which others may see in the log, files nothing.
``tests/api/test_qualifications.py``.
"""

import hmac
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.access.asking import Asked
from api.access.reach import Parties
from api.bootstrap import Deployment
from api.stating import MERCHANT_PATTERN, Body, Category, Digest, Moment
from chain.errors import MalformedError
from domain.errors import DocumentsMissingError, NotFoundError
from domain.qualification.documents import Paper
from domain.qualification.standing import load_qualification

BYTES: Final = "application/octet-stream"
BINARY: Final = {"type": "string", "format": "binary"}
MerchantName = Annotated[str, Path(pattern=f"^{MERCHANT_PATTERN}$")]
DocumentName = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class Filed(Body):
    """A document that was sent before."""

    kind: Literal["business_licence", "authorisation_letter", "source_proof", "trade_certificate"]
    document: Digest
    ticket: Digest
    category: Category | None = Field(
        default=None, description="Of the goods that it is about; none for the merchant's own."
    )
    valid_until: Moment | None = None


def document_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of documents."""
    router = APIRouter(prefix="/v1", tags=["qualification"])

    @router.post(
        "/documents",
        status_code=201,
        operation_id="documents_send",
        openapi_extra={"requestBody": {"required": True, "content": {BYTES: {"schema": BINARY}}}},
    )
    async def send_document(
        request: Request,
        asked: Asked,
        merchant: Annotated[str, Query(pattern=f"^{MERCHANT_PATTERN}$")],
    ) -> dict[str, Any]:
        """Send a document as it is, 1 to 20,000,000 bytes; the answer names it by its digest."""
        await run_in_threadpool(lambda: asked.acting(merchant=merchant))
        # `api.intake` lets no larger body through than a document may be.
        content = await request.body()
        if not content:
            raise MalformedError("body: a document has at least one byte")
        digest = await run_in_threadpool(ledger.documents.put, content)
        ticket = ticket_of(ledger, merchant, digest)
        return {"document": digest, "ticket": ticket, "size": len(content)}

    @router.get(
        "/merchants/{merchant}/documents/{document}",
        operation_id="documents_read",
        response_class=Response,
        responses={200: {"content": {BYTES: {}}}},
    )
    def read_document(merchant: MerchantName, document: DocumentName, asked: Asked) -> Response:
        """Return a document that a merchant has filed, to whoever reviews it; it is recorded."""

        def find() -> Parties:
            filed = load_qualification(ledger.trade, merchant).documents
            if document not in {each.sha256 for each in filed}:
                raise NotFoundError(document)
            return Parties(merchant=merchant)

        asked.object(document, find, purpose="review")
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
        return Response(ledger.documents.get(document), media_type=BYTES, headers=headers)

    return router


def ticket_of(ledger: Deployment, merchant: str, document: str) -> str:
    """Return what shows that *merchant* has sent *document*, 64 hexadecimal digits."""
    said = f"document\n{merchant}\n{document}".encode()
    return hmac.digest(ledger.door_key, said, "sha256").hex()


def papers_of(ledger: Deployment, merchant: str, filed: list[Filed]) -> tuple[Paper, ...]:
    """Return the documents of *merchant* that *filed* names.

    Raises:
        DocumentsMissingError: one was never sent, or not by this merchant.
    """
    papers = []
    for each in filed:
        ticket = ticket_of(ledger, merchant, each.document)
        if not hmac.compare_digest(ticket, each.ticket):
            raise DocumentsMissingError((f"{each.kind} {each.document}: was not sent here",))
        content = ledger.documents.get(each.document)
        papers.append(Paper(each.kind, content, each.category, each.valid_until))
    return tuple(papers)
