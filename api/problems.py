"""Problem documents (RFC 9457): how an answer of the table is spelt, and who answers what.

    {"type": "urn:xiyou:error:sold_out", "title": "No card key left", "status": 409,
     "code": "sold_out", "detail": "prd_…: no key of it is left", "instance": "/v1/orders",
     "retry": {"when": "never"}, "request_id": "req_…"}

A request that does not fit its schema is told every fault at once, each with the JSON pointer
of its place. An unexpected error says its request id and nothing else. Proved by
``tests/api/test_errors.py``.
"""

import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.refusal import HIDDEN, UnauthenticatedError
from api.errors import (
    ANSWERS,
    INTERNAL,
    RETRY_AFTER_SECONDS,
    UNAVAILABLE,
    Answer,
    InFlightError,
    KeySpentError,
    RateLimitedError,
    Retry,
    answer_of,
)
from api.ids import MALFORMED
from api.tracing import request_id_of
from chain.errors import MalformedError
from domain import errors
from domain.identifiers import SUFFIX_PATTERN

logger = logging.getLogger(__name__)

HIDDEN_PART: Final = "…"
"""Stands where a caller's own text would stand."""
UNKNOWN_MEMBER: Final = "extra_forbidden"
_WORD: Final = re.compile(r"[a-z][a-z_]{0,31}")
_SHOWN: Final = re.compile(
    r"(?:[a-z.][a-z_-]{0,31}|v\d|\d{1,9}|\d{4}-\d\d-\d\d(?:\.[a-z]+)?"
    rf"|[a-z]{{3,8}}_{SUFFIX_PATTERN})?"
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:xiyou:error:"
UNNAMED: Final = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.BAD_REQUEST: "malformed_body",
    HTTPStatus.SERVICE_UNAVAILABLE: "outcome_unknown",
}
"""Codes of what the framework itself answers; of the others, the name of
the status."""


def document(
    answer: Answer,
    detail: str,
    instance: str,
    request_id: str,
    *,
    seconds: int | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return the members of the problem that says *answer*."""
    retry: dict[str, object] = {"when": answer.retry}
    if answer.retry == "after":
        retry["seconds"] = seconds or RETRY_AFTER_SECONDS
    return {
        "type": f"{TYPE_PREFIX}{answer.code}",
        "title": answer.title,
        "status": int(answer.status),
        "code": answer.code,
        "detail": detail,
        "instance": shown_path(instance),
        **more,
        "retry": retry,
        "request_id": request_id,
    }


def problem(
    request: Request,
    answer: Answer,
    detail: str,
    *,
    seconds: int | None = None,
    challenge: str | None = None,
    **more: object,
) -> JSONResponse:
    """Return the response that says *answer*; *more* are members of its own."""
    path, request_id = request.url.path, request_id_of(request)
    body = document(answer, detail, path, request_id, seconds=seconds, **more)
    headers = {}
    if seconds is not None or answer.status is UNAVAILABLE:
        headers["Retry-After"] = str(seconds or RETRY_AFTER_SECONDS)
    if answer.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = challenge or "Bearer"
    request.state.code = answer.code
    return JSONResponse(body, int(answer.status), headers, media_type=MEDIA_TYPE)


def problem_of(request: Request, error: Exception) -> JSONResponse:
    """Return how *error* is answered."""
    answer = answer_of(error)
    if answer is INTERNAL:
        logger.error("request_failed", exc_info=error)
        return problem(request, answer, "The fault is on our side; it has been noted.")
    if answer.status is UNAVAILABLE:
        # What a driver says of a server names hosts and roles: for our own log only.
        logger.warning("request_unserved: %s", error)
        how = "later" if answer.retry == "after" else "with the same Idempotency-Key"
        return problem(request, answer, f"Try again {how}.")
    if isinstance(error, errors.NotFoundError):
        # Of other's and missing nothing tells which it is.
        return problem(request, answer, HIDDEN)
    more: dict[str, object] = {}
    if isinstance(error, KeySpentError) and error.link:
        more["resource"] = error.link
    challenge = error.header if isinstance(error, UnauthenticatedError) else None
    words, seconds = str(error), _seconds(error)
    return problem(request, answer, words, seconds=seconds, challenge=challenge, **more)


class Faults:
    """Answers what no route expected, inside the other middlewares: a middleware itself.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 `internal` if it comes back as an error."""
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if begun or scope["type"] != "http":
                # The answer has begun: all that is left is to break it off.
                raise
            await problem_of(Request(scope), error)(scope, receive, send)


def shown_path(path: str) -> str:
    """Return *path* as an answer may repeat it: what is no word, number or id is left out.

    A secret that somebody has put there by mistake is in no answer that is kept or passed on.
    """
    parts = path.split("/")
    return "/".join(each if _SHOWN.fullmatch(each) else HIDDEN_PART for each in parts)


def install(app: FastAPI) -> None:
    """Let *app* answer every error by the table."""
    for kind in (*ANSWERS, Exception):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)


def _answer_error(request: Request, error: Exception) -> JSONResponse:
    return problem_of(request, error)


def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — as it was registered
    faults = [_fault(each) for each in error.errors()]
    detail = "; ".join(f"{each['pointer']}: {each['detail']}" for each in faults)
    found = error.errors()
    malformed = any(each["loc"][0] == "path" and each["type"] == MALFORMED for each in found)
    kind = MalformedError if malformed else RequestValidationError
    return problem(request, ANSWERS[kind], detail, errors=faults)


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 — as it was registered
    status = HTTPStatus(error.status_code)
    code = UNNAMED.get(status, status.name.lower())
    retry: Retry = "after" if status is UNAVAILABLE else "never"
    answer = problem(request, Answer(status, code, status.phrase, retry), error.detail)
    answer.headers.update(error.headers or {})
    return answer


def _fault(found: dict[str, Any]) -> dict[str, str]:
    """Return one fault of a request: where, which, and in words. Never what was sent."""
    place = found["loc"]
    if found["type"] == UNKNOWN_MEMBER and not _WORD.fullmatch(str(place[-1])):
        # Its name is the caller's own text, and may be anything.
        place = (*place[:-1], HIDDEN_PART)
    pointer = _pointer(place[1:]) if place[0] == "body" else f"#{place[0]}{_pointer(place[1:])}"
    said = str(found["msg"]).removeprefix("Value error, ")
    return {"pointer": pointer, "code": str(found["type"]), "detail": said}


def _pointer(parts: Sequence[object]) -> str:
    """Return the JSON pointer (RFC 6901) of *parts*."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _seconds(error: Exception) -> int | None:
    if isinstance(error, RateLimitedError):
        return max(1, ceil(error.seconds))
    return RETRY_AFTER_SECONDS if isinstance(error, InFlightError) else None
