"""What comes in: no body larger than what it is sent to takes, and JSON read strictly, once.

A middleware. A member named twice, NaN or half a surrogate pair is refused before any route
sees it, and after the guard has let its sender pass, since two readers could read such a body
differently. The body's one spelling is left for the Idempotency-Key to compare. Callbacks pass
as they are: theirs is verified before anything of it is read. ``tests/api/test_intake.py``.
"""

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyMalformedError, BodyTooLargeError
from api.idempotency.key import read_strictly
from api.problems import problem_of
from chain.errors import MalformedError
from domain.qualification.documents import MAX_DOCUMENT_SIZE

MAX_JSON: Final = 4 << 20
"""Bytes; a batch of a thousand long raw keys fits."""
MAX_RAW: Final = 1 << 20
"""Bytes of a body that is no JSON, unless its route is named in `LARGER`."""
LARGER: Final[dict[str, int]] = {
    "/v1/documents": MAX_DOCUMENT_SIZE,
    "/v1/evidence/verifications": 64 << 20,
}
"""Routes that take more, by the beginning of their path."""
RAW: Final = ("/v1/callbacks/",)
"""Paths whose bodies are read by their routes alone."""


MISREAD: Final = "xiyou.misread"
"""Where in a request's state stands why its body cannot be read."""


class Intake:
    """Limits and reads request bodies.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body read, or refuse it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if not _is_json(scope["headers"]) or path.startswith(RAW):
            limit = next((LARGER[each] for each in LARGER if path.startswith(each)), MAX_RAW)
            await self._pass_counted(scope, receive, send, limit)
            return
        try:
            body = await _read(receive, MAX_JSON)
            scope.setdefault("state", {})
            scope["state"]["body"] = read_strictly(body) if body else b""
        except MalformedError as error:
            # Of a body nothing is said to whoever may not send one: the guard tells it.
            scope["state"][MISREAD] = BodyMalformedError(str(error))
            await self._app(scope, _again(b"", receive), send)
        except BodyTooLargeError as error:
            await problem_of(Request(scope), error)(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)

    async def _pass_counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """Pass a body on as it comes, but no more than *limit* bytes of it."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await problem_of(Request(scope), _too_large(limit))(scope, receive, send)
            return
        await self._app(scope, counted, send)


def check_read(request: Request) -> None:
    """Refuse a request whose body could not be read, once its sender may send one.

    Raises:
        BodyMalformedError: it is no JSON that every reader reads alike.
    """
    misread = getattr(request.state, MISREAD, None)
    if misread is not None:
        raise misread


def _is_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    named = dict(headers).get(b"content-type", b"").split(b";")[0].strip().lower()
    return named == b"application/json" or (
        named.startswith(b"application/") and named.endswith(b"+json")
    )


async def _read(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives *body* whole, and then what really comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"body: larger than {limit} bytes: send less at once")
