"""Evidence packages over HTTP: made, listed, rebuilt, and checked (``evidence.md``, 10; J3).

Whoever may see a matter may have its package; staff do so with a second person's word, asked
for by ``evidence_request`` and given by ``openings_approve``. A hidden value is opened by an
approved request that names it, and such a package is handed to nobody but who had it made.
Each read is an event that those whom it concerns can see. ``tests/api/access/test_cases.py``.
"""

from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO, Final, Self, cast

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, model_validator
from starlette.concurrency import run_in_threadpool

from api.access.asking import Asked
from api.access.ledger_books import usage_of
from api.access.matrix import Cell
from api.access.parties import matter_parties
from api.access.reach import Granted, Parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.exporting import making
from api.exporting.certifying import Certifier
from api.exporting.issued import IssuedPackage, numbers_about, read_issued, rebuild_package
from api.exporting.opening import check_no_card_secret
from api.exporting.verifying import verify_upload
from api.ids import DisputeId, OpeningId, OrderId
from api.stating import Body
from chain.errors import MalformedError
from domain.clients.opening import OPENING_HOURS, Opening
from domain.command import Command
from domain.errors import NotFoundError, SecondPersonMissingError
from domain.evidence.exporting import Approval

Stream = Annotated[str, Field(pattern="^[!-~]{1,128}$")]
Number = Annotated[str, Path(pattern="^EV-[0-9]{8}-[0-9]{6}$", examples=["EV-20261122-000001"])]


BINARY: Final = {"type": "string", "format": "binary"}
PACKAGE: Final = {
    "summary": "The bytes of a package, as `evidence_read` gives it; they begin so.",
    "value": "PK",
}
UPLOADS: Final = {
    "application/zip": {"schema": BINARY, "examples": {"package": PACKAGE}},
    "application/octet-stream": {"schema": BINARY},
}
"""What can be checked; ``api/examples.json`` has a proof."""


class NewEvidence(Body):
    """Which matter, and what of its hidden values is opened."""

    order: OrderId | None = None
    dispute: DisputeId | None = None
    stream: Stream | None = Field(default=None, description="One stream, whole.")
    opening: OpeningId | None = Field(
        default=None, description="An approved request; the value that it names is opened."
    )
    subject: str | None = Field(default=None, min_length=1, max_length=400)
    court_case: str | None = Field(default=None, min_length=1, max_length=64)
    certificate: bool = Field(default=True, description="Enclose a sealed certificate.")

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse what is about nothing, or about two things."""
        if sum(each is not None for each in (self.order, self.dispute, self.stream)) != 1:
            raise ValueError("order, dispute, stream: name one of them")
        return self

    @property
    def matter(self) -> str:
        """What it is about."""
        return self.order or self.dispute or self.stream or ""


class ExportRequest(Body):
    """What staff want to export or to read, and why."""

    object: Stream = Field(
        description="An order, a dispute, a stream, or a package's number.",
        examples=["EV-20261122-000001"],
    )
    purpose: str = Field(min_length=1, max_length=200, examples=["court order (2026) 1234"])


def evidence_routes(ledger: Deployment) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["evidence"])
    _exports(router, ledger)
    _packages(router, ledger)

    @router.post(
        "/evidence/verifications",
        operation_id="evidence_verify",
        openapi_extra={"requestBody": {"required": True, "content": UPLOADS}},
    )
    async def verify(request: Request) -> dict[str, Any]:
        """Check a package (.zip) or a single tlog-proof; by this log's own policy.

        64 MiB at the most. Whoever needs a verdict that does not rest on us checks it offline.
        """
        with TemporaryFile() as file:
            async for part in request.stream():
                file.write(part)
            file.seek(0)
            return await run_in_threadpool(verify_upload, ledger, cast("BinaryIO", file))

    return router


def _exports(router: APIRouter, ledger: Deployment) -> None:
    trade = ledger.trade

    @command_route(router, "/evidence", answer=_made, link=_file, operation_id="evidence_export")
    def export(body: NewEvidence, asked: Asked) -> Task:
        """Make a package about an order, a dispute or a stream; takes some seconds."""
        find = matter_parties(trade, body.matter)
        asked.object(body.matter, find, opening=body.opening, purpose=body.court_case)
        approval, values = _allowed(ledger, asked, body)
        request = making.Request(
            *(body.order, body.dispute, body.stream, (), asked.principal.subject, approval),
            *(body.subject, body.court_case, values),
        )

        def act(command: Command) -> object:
            # Called again when another takes the number: nothing was recorded by then.
            certifier = Certifier(ledger) if body.certificate else None
            making.make_package(ledger, request, datetime.now(UTC), certifier, command)
            return None

        return Task(act)

    @command_route(router, "/evidence/requests", answer=_requested, operation_id="evidence_request")
    def request_export(body: ExportRequest, asked: Asked) -> Task:
        """Ask for a second person's word, as staff: to export a matter or to read a package."""
        find = _finder(ledger, body.object)
        parties = asked.object(body.object, find)
        until = this_moment(OPENING_HOURS * 3_600)
        usage = usage_of(*(asked, body.object, parties.subjects), purpose=body.purpose, until=until)
        opening = new_id("opn")
        return Task(lambda command: trade.request_opening(command, opening, usage))


def _packages(router: APIRouter, ledger: Deployment) -> None:
    @router.get("/evidence", operation_id="evidence_list")
    def packages(
        asked: Asked,
        order: OrderId | None = None,
        dispute: DisputeId | None = None,
        number: Annotated[str | None, Query(pattern="^EV-[0-9]{8}-[0-9]{6}$")] = None,
        opening: OpeningId | None = None,
    ) -> dict[str, Any]:
        """List the packages about an order or a dispute, or look one up by its number."""
        named = [each for each in (order, dispute, number) if each is not None]
        if len(named) != 1:
            raise MalformedError("order, dispute, number: name one of them")
        asked.object(named[0], _finder(ledger, named[0]), opening=opening)
        numbers = [number] if number else numbers_about(ledger, named[0])
        return {"items": [_item(read_issued(ledger, each)) for each in numbers]}

    @router.get(
        "/evidence/{number}.zip",
        operation_id="evidence_read",
        response_class=Response,
        responses={200: {"content": {"application/zip": {}}}},
    )
    def package(number: Number, asked: Asked, opening: OpeningId | None = None) -> Response:
        """Return a package as it was issued; 410 once a value that it shows was erased."""
        asked.object(number, _finder(ledger, number, asked), opening=opening)
        content = rebuild_package(ledger, number)
        headers = {
            "Content-Disposition": f'attachment; filename="{number}.zip"',
            "Cache-Control": "no-store",
        }
        return Response(content, media_type="application/zip", headers=headers)


def _finder(ledger: Deployment, thing: str, reader: Granted | None = None) -> Any:  # noqa: ANN401 — see `Find`
    """Return what finds whose *thing* is: a matter, or a package's number.

    Given *reader*, a package with opened values is found by who had it made alone.
    """
    if not thing.startswith("EV-"):
        return matter_parties(ledger.trade, thing)

    def find() -> Parties:
        issued = read_issued(ledger, thing)
        if reader is not None and issued.opened and issued.actor != reader.principal.subject:
            raise NotFoundError
        return matter_parties(ledger.trade, issued.matter)()

    return find


def _allowed(
    ledger: Deployment, asked: Granted, body: NewEvidence
) -> tuple[Approval, tuple[str, ...]]:
    """Return what an approved request allows to be opened, and by whose word.

    Raises:
        SecondPersonMissingError: it is not approved, another's, or about another matter.
        NotFoundError: it names a card secret.
    """
    if body.opening is None:
        return Approval(), ()
    try:
        found = ledger.trade.load(Opening, body.opening)
    except NotFoundError:
        raise SecondPersonMissingError("opening: there is no such approved request") from None
    if asked.cell is not Cell.TWO:
        found.check_good(asked.principal.subject, body.matter, this_moment())
    approval = Approval(found.approver, found.purpose)
    if found.value is None:
        return approval, ()
    check_no_card_secret(ledger, body.matter, found)
    return approval, (found.value,)


def _made(done: Recorded) -> dict[str, Any]:
    made = done.one("evidence.exported")
    names = ("number", "bundle_sha256", "bundle_sm3", "checkpoint_size", "opened")
    return {**{name: made.data[name] for name in names}, "url": _file(done), **done.receipt()}


def _file(done: Recorded) -> str:
    return f"/v1/evidence/{done.one('evidence.exported').data['number']}.zip"


def _requested(done: Recorded) -> dict[str, Any]:
    asked_for = done.one("client.usage_recorded")
    return {"opening": asked_for.stream, "until": asked_for.data["until"], **done.receipt()}


def _item(issued: IssuedPackage) -> dict[str, Any]:
    return {
        "number": issued.number,
        "matter": issued.matter,
        "index": issued.index,
        "opened": issued.opened,
        "bundle_sha256": issued.bundle_sha256,
        "url": f"/v1/evidence/{issued.number}.zip",
    }
