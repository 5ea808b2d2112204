"""Reading the credential of every request, once and early: a middleware.

Limits are kept by principal, and the guard before a route asks the same question: the answer,
or why there is none, lies in the request's state for both. ``tests/api/access/test_guard.py``.
"""

from time import time
from typing import Final, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.asking import Asker, Asking
from api.access.refusal import UnauthenticatedError
from api.principal import ANONYMOUS

UNACCEPTED: Final = "xiyou.unaccepted"
"""Where in a request's state the refusal of its credential is left."""


class Door(Protocol):
    """What is asked."""

    @property
    def asker(self) -> Asker:
        """Tells who asks."""

    def url_of(self, request: Request) -> str:
        """Return where the request was sent, as the world names the place."""


class Admission:
    """Leaves in ``request.state.principal`` who asks; nobody where a credential is not good.

    Args:
        app: what is behind it.
        gate: what knows credentials.
    """

    def __init__(self, app: ASGIApp, gate: Door) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look, and pass the request on: whether it matters is the route's to say."""
        if scope["type"] == "http":
            request = Request(scope)
            request.state.principal = ANONYMOUS
            credentials = request.headers.getlist("authorization")
            # A caller without a credential is nobody: that takes no look anywhere.
            if credentials:
                asking = Asking(
                    credentials,
                    request.headers.getlist("dpop"),
                    request.method,
                    self._gate.url_of(request),
                )
                try:
                    who = await run_in_threadpool(self._gate.asker.identify, asking, int(time()))
                    request.state.principal = who
                except UnauthenticatedError as error:
                    setattr(request.state, UNACCEPTED, error)
        await self._app(scope, receive, send)
