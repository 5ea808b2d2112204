"""The guard before every route: who asks, and whether its kind has the function at all.

It stands before the route's own code and before its body is held against a schema, so that
nothing is learnt of any thing by whoever may not ask: no credential 401, no function 403, a
step-up that is missing 403. It is put before the routes when the application is made, over all
of them at once: a route without a row in `api.access.matrix` keeps the program from starting.
``tests/api/access/test_matrix.py``.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.access.asking import GRANTED, principal
from api.access.credentials import UNACCEPTED
from api.access.ledger_books import LedgerBooks
from api.access.matrix import OPERATIONS, Cell, Operation, check_complete
from api.access.reach import Granted
from api.access.refusal import ForbiddenError, OAuthError, UnauthenticatedError
from api.intake import check_read
from api.principal import ANONYMOUS, Kind, Principal
from domain.errors import StepUpNeededError


class Walls(Protocol):
    """What the guard asks."""

    books: LedgerBooks


def install(app: FastAPI, walls: Walls) -> None:
    """Put the guard before every route of *app*, to be called when all of them are there.

    Raises:
        LookupError: a route has no row, or a row no route.
    """
    found = list(_routes(app.routes))
    check_complete(each.operation_id or f"{each.methods} {each.path}" for each in found)
    for each in found:
        _stand_before(each, OPERATIONS[str(each.operation_id)], walls)
    app.add_exception_handler(OAuthError, _answer_oauth)


def _routes(routes: Any) -> Iterator[APIRoute]:  # noqa: ANN401 — the framework's own list
    for each in routes:
        if isinstance(each, APIRoute):
            yield each
        else:
            # An included router keeps its routes to itself, and hands each request on to them.
            inner = getattr(each, "original_router", None)
            yield from _routes(inner.routes if inner is not None else ())


def _stand_before(route: APIRoute, operation: Operation, walls: Walls) -> None:
    behind, name = route.handle, str(route.operation_id)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in (route.methods or ()):
            request = Request(scope)
            who = await run_in_threadpool(_admit, request, name, operation, walls)
            request.state.principal = who
            setattr(request.state, GRANTED, Granted(who, name, operation, walls.books))
            check_read(request)
        await behind(scope, receive, send)

    route.handle = handle  # type: ignore[method-assign]


def _admit(request: Request, name: str, operation: Operation, walls: Walls) -> Principal:
    if operation.row == "signed":
        # Its sender has no account, or shows who it is in the body: that is checked there.
        return ANONYMOUS
    error = getattr(request.state, UNACCEPTED, None)
    if isinstance(error, UnauthenticatedError):
        walls.books.note_refusal(ANONYMOUS, name, error.challenge)
        if error.told is not None:
            walls.books.tell_refused_call(*error.told, name)
        raise error
    who = principal(request)
    _check_function(who, name, operation, walls)
    return who


def _check_function(who: Principal, name: str, operation: Operation, walls: Walls) -> None:
    rule = operation.rule
    if rule.cell(who.kind) is Cell.NONE:
        walls.books.note_refusal(who, name, "kind")
        if who.kind is Kind.ANONYMOUS:
            raise UnauthenticatedError("missing", "Authorization: send an access token.")
        raise ForbiddenError(f"A principal of kind {who.kind} may not do this.")
    if rule.scope is not None and rule.scope not in who.scopes:
        walls.books.note_refusal(who, name, f"scope {rule.scope}")
        raise ForbiddenError(f"The token lacks the scope {rule.scope}.")
    if operation.step_up and not who.stepped_up:
        walls.books.note_refusal(who, name, "step-up")
        raise StepUpNeededError("confirm again who you are, and repeat the request")


def _answer_oauth(_: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)  # noqa: S101 — as it was registered
    body = {"error": error.code, "error_description": str(error)}
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if error.code == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="xiyou"'
        return JSONResponse(body, 401, headers)
    return JSONResponse(body, 400, headers)
