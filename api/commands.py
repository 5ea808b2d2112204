"""Routes that write, in about ten lines each: a key, a command, an answer.

    router = APIRouter(prefix="/v1", tags=["orders"])

    @command_route(router, "/orders/{order}/confirmation", answer=_confirmed, link=_order)
    def confirm_receipt(order: OrderId, body: Confirmation, who: Who) -> Task:
        \"\"\"Confirm that the goods are as they were sold; ends the time to dispute.\"\"\"
        return Task(lambda command: ledger.trade.confirm_receipt(command, order, this_moment()))

    def _confirmed(done: Recorded) -> dict[str, Any]:
        return {"order": done.one("order.confirmed").stream, **done.receipt()}

    def _order(done: Recorded) -> str:
        return f"/v1/orders/{done.one("order.confirmed").stream}"

What the parts are:

- The function is the route's: it takes what FastAPI gives it (body, path, query, dependencies),
  says what is to be done, and does nothing itself. It may refuse by raising: a role that lacks
  the operation, an object that is not this principal's. It must be ``def``, not ``async def``.
  It runs for a replay, too, so that whoever may not do it now gets no old answer either. The
  ``operation_id`` is that of its row in `api.access.matrix`; its docstring is the
  operation's description.
- `Task` holds the *act*: one use case, called with the command. It may be called again when
  others were faster, so identifiers are made before it (``new_id("ord")``), not inside. *actor*
  and *role* stand in the events' ``meta``; left out, they are the principal's. *shown* gives
  members that the answer shows and nobody keeps, such as a raw key: on the first answer, and
  to the same key again within ten minutes; it gets what was recorded, and ``replayed`` says
  which of both it is.
- *answer* turns what was recorded into the answer's members, from the facts alone: the
  finisher calls it after a crash, when the request is long gone. Where the log records a
  refusal (a code that was tried), it raises that refusal. It may be annotated with a pydantic
  model's class or ``dict[str, Any]``; give *model* to have the answer in the OpenAPI document.
- *link* says where the thing can be read: the answer's ``Location``, and what a key is told
  whose answer is no longer kept. By default it is the first entry in the log.

The rest is `api.idempotency`: what is refused for good, retried, replayed, or in flight
(``reliability.md``, 5.1). The operation's name, method and path, is part of what a key
belongs to and of the command ids in the log: a path of a command never changes.
Proved by ``tests/api/idempotency/`` and ``tests/api/test_commands.py``.
"""

import inspect
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from time import time
from typing import Annotated, Any, Final, ParamSpec

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from api.access.asking import principal
from api.idempotency.clerk import Act, Asked, Clerk, Operation, Shown
from api.idempotency.key import check_key, digest_key, digest_request
from api.idempotency.recorded import Fact, Recorded
from api.principal import Kind, Principal
from api.tracing import request_id_of
from domain.event import Role
from domain.identifiers import RANDOM_BITS, make

__all__ = ["Fact", "IdempotencyKey", "Recorded", "Task", "Who", "command_route", "new_id"]

P = ParamSpec("P")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="16 to 255 printable ASCII characters, new for each command; the same again"
        " for the same command gets the same answer.",
    ),
]
Who = Annotated[Principal, Depends(principal)]
"""Who asks, for a route that needs to know."""

ROLES: Final[Mapping[Kind, Role]] = {
    Kind.CONSUMER: "consumer",
    Kind.MERCHANT: "merchant",
    Kind.PLATFORM_CLIENT: "platform",
    Kind.AUDITOR: "staff",
    Kind.ARBITRATOR: "arbitrator",
    Kind.REGULATOR: "staff",
    Kind.OPERATOR: "staff",
}
"""Which role a principal has in an event's ``meta``, unless its task names another."""
NOBODY: Final = "anonymous"


@dataclass(frozen=True, slots=True)
class Task:
    """What a writing route wants done: see the module."""

    act: Act
    actor: str | None = None
    role: Role | None = None
    shown: Shown | None = None


def command_route(
    router: APIRouter,
    path: str,
    *,
    answer: Callable[[Recorded], Mapping[str, Any]],
    link: Callable[[Recorded], str] | None = None,
    status: int = 201,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
    model: type[BaseModel] | None = None,
    **route: Any,
) -> Callable[[Callable[P, Task]], Callable[P, Task]]:
    """Make a function that returns a `Task` the POST route *path* of *router*.

    Args:
        router: of the resource.
        path: within it.
        answer: the members of a success, from what was recorded.
        link: where the thing that came of it can be read, if there is such a place.
        status: of a success.
        within: what the whole request happens in, such as a `Pace`.
        model: the answer in the OpenAPI document.
        route: handed to FastAPI.
    """
    operation = Operation(f"POST {router.prefix}{path}", answer, status, link)

    def decorate(function: Callable[P, Task]) -> Callable[P, Task]:
        @wraps(function)
        def endpoint(*args: P.args, **kwargs: P.kwargs) -> Response:
            slip = kwargs.pop(_SLIP)
            assert isinstance(slip, _Slip)  # noqa: S101 — by the signature below
            with within():
                task = function(*args, **kwargs)
                return slip.clerk.perform(slip.asked(operation, task), task.act, task.shown)

        _let_ask(endpoint, function)
        endpoint.operation = operation  # type: ignore[attr-defined]  # the finisher looks for it
        router.post(path, status_code=status, response_model=model, **route)(endpoint)
        return function

    return decorate


def this_moment(later: int = 0) -> str:
    """Return the time of day, or so many seconds later, RFC 3339 in UTC.

    It is what a request's rights are held against.
    """
    return f"{datetime.fromtimestamp(time() + later, UTC):%Y-%m-%dT%H:%M:%SZ}"


def source_of(who: Principal) -> str:
    """Return the system that reports what *who* does.

    Of what a platform's client does it is that client: by it an account tells through whom it
    was opened.
    """
    return who.client if who.kind is Kind.PLATFORM_CLIENT and who.client else "api"


def new_id(prefix: str) -> str:
    """Return a new identifier of this moment."""
    return make(prefix, int(time() * 1000), secrets.randbits(RANDOM_BITS))


@dataclass(frozen=True, slots=True)
class _Slip:
    """What a writing request brings along besides what its route asks for."""

    clerk: Clerk
    secret: bytes
    key: str
    who: Principal
    path: str
    body: bytes
    request: Request

    def asked(self, operation: Operation, task: Task) -> Asked:
        actor = task.actor or self.who.subject or NOBODY
        role = task.role or ROLES.get(self.who.kind, "consumer")
        return Asked(
            operation,
            digest_key(self.who, actor, operation.name, self.key),
            digest_request(self.secret, self.path, self.body),
            actor,
            role,
            self.path.partition("?")[0],
            request_id_of(self.request),
            self.request.scope["state"],
            source_of(self.who),
        )


_SLIP: Final = "slip__"


async def _slip(request: Request, idempotency_key: IdempotencyKey = None) -> _Slip:
    # Not named ``key``: a path may have a parameter of that name.
    clerk = request.app.state.clerk
    assert isinstance(clerk, Clerk)  # noqa: S101 — create_app has put it there
    query = request.url.query
    return _Slip(
        clerk,
        request.app.state.ledger.door_key,
        check_key(idempotency_key),
        principal(request),
        f"{request.url.path}?{query}" if query else request.url.path,
        getattr(request.state, "body", b""),
        request,
    )


def _let_ask(endpoint: Callable[..., object], function: Callable[..., object]) -> None:
    """Give *endpoint* the signature of *function*, and the slip."""
    signature = inspect.signature(function)
    slip = inspect.Parameter(
        _SLIP, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[_Slip, Depends(_slip)]
    )
    endpoint.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect
        parameters=[*signature.parameters.values(), slip], return_annotation=Response
    )
