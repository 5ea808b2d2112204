"""A witness over HTTP: c2sp.org/tlog-witness, and nothing beside it.

``tests/api/test_witness.py``. What it answers is decided in `chain.witness`; this floor reads
the body within its limits and hands the answer out.
"""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chain.store.witness import Witness
from chain.witness import MAX_SUBMISSION_SIZE, PATH, Answer


def create_witness_app(witness: Witness) -> Starlette:
    """Return the application of *witness*, which must be open for as long as it serves."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > MAX_SUBMISSION_SIZE:
                    return _text(HTTPStatus.BAD_REQUEST, "submission: too long")
        except ClientDisconnect:
            return _text(HTTPStatus.BAD_REQUEST, "submission: cut short")
        # It waits for the disk, so not on the loop that all connections share.
        answer = await run_in_threadpool(witness.answer, bytes(body))
        return _respond(answer)

    async def health(_: Request) -> Response:
        return _text(HTTPStatus.OK, "live")

    return Starlette(
        routes=[
            Route(PATH, add_checkpoint, methods=["POST"]),
            Route("/health/live", health, methods=["GET"]),
        ]
    )


def _text(status: HTTPStatus, words: str) -> Response:
    return _respond(Answer(status, f"{words}\n".encode()))


def _respond(answer: Answer) -> Response:
    # As a header: of a media type the framework adds a charset to every text/.
    headers = {"Content-Type": answer.content_type}
    return Response(answer.body, int(answer.status), headers)
