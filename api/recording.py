"""One line, one measurement and one span a request, and the last stop of every error.

The outermost middleware: what it does not see did not happen. It gives the request its id
(``X-Request-Id`` of the answer) and answers what nobody else did: 500 `internal`.
``tests/api/test_frame.py``.
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.principal import Kind, Principal
from api.problems import problem_of
from api.tracing import NO_TRACES, Traces, new_request_id

logger = logging.getLogger("xiyou.requests")

QUIET: Final = ("/livez", "/readyz", "/startupz", "/metrics")
"""Asked for every few seconds by machines: measured, and written only when they fail."""
FIRST_FAULT: Final = 500


class Recording:
    """Records every request.

    Args:
        app: what is behind it.
        metrics: where to count it.
        traces: where spans go.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        traces: Traces = NO_TRACES,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._traces = traces
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        request_id = state["request_id"] = new_request_id()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        began = self._clock()
        with self._traces.span(scope["method"], Headers(scope=scope)) as span:
            state["trace_id"] = span.trace_id
            try:
                await self._app(scope, receive, send_named)
            except Exception as error:
                if status:
                    # The answer has begun: all that is left is to break it off.
                    raise
                await problem_of(Request(scope), error)(scope, receive, send_named)
            finally:
                operation = _operation(scope)
                span.end(operation, status)
                self._record(operation, status, self._clock() - began, state)

    def _record(self, operation: str, status: int, seconds: float, state: dict[str, Any]) -> None:
        self._metrics.requested(operation, status, seconds, state)
        if operation.partition(" ")[2] in QUIET and status < FIRST_FAULT:
            return
        who = state.get("principal")
        members = {
            "request_id": state["request_id"],
            "trace_id": state["trace_id"],
            "operation": operation,
            "status": status,
            "code": state.get("code"),
            "kind": str(who.kind if isinstance(who, Principal) else Kind.ANONYMOUS),
            "log_index": state.get("log_index"),
            "duration_ms": round(seconds * 1000, 2),
        }
        logger.info("request", extra=members)


def _operation(scope: Scope) -> str:
    """Return method and the path's template: never a path, which may name somebody."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None) or "unknown"
    method = scope["method"] if scope["method"].isalpha() else "OTHER"
    return f"{method} {path}"
