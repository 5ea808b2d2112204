"""What one request is called: its own id, made here, and the trace that it is part of.

Traces are off unless ``XIYOU_TRACES_URL`` names who takes them (OTLP over HTTP). A span has
the operation and the status; a caller's ``traceparent`` is followed. Nobody waits for the
taker, and nothing fails when it is away. ``tests/api/test_tracing.py``.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Final

from starlette.requests import HTTPConnection

from domain.identifiers import RANDOM_BITS, make

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

SERVICE: Final = "xiyou-ledger"
FIRST_FAULT: Final = 500


def new_request_id() -> str:
    """Return the id of a request that begins now."""
    return make("req", int(time() * 1000), secrets.randbits(RANDOM_BITS))


def request_id_of(request: HTTPConnection) -> str:
    """Return the request's id; made now, where nothing has made one before."""
    found = getattr(request.state, "request_id", None)
    if not isinstance(found, str):
        found = request.state.request_id = new_request_id()
    return found


class Spanned:
    """One request's span, or none."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    @property
    def trace_id(self) -> str | None:
        """The trace that it is part of, 32 hex digits."""
        return None if self._span is None else f"{self._span.get_span_context().trace_id:032x}"

    def end(self, operation: str, status: int) -> None:
        """Say what it was and how it ended."""
        if self._span is None:
            return
        method, _, path = operation.partition(" ")
        self._span.update_name(operation)
        self._span.set_attribute("http.request.method", method)
        self._span.set_attribute("http.route", path)
        self._span.set_attribute("http.response.status_code", status)
        if status >= FIRST_FAULT or not status:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 — see below

            self._span.set_status(StatusCode.ERROR)


class Traces:
    """Makes spans; without a *provider* it makes none.

    Args:
        provider: the library's, which hands spans on.
    """

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer(SERVICE)

    @contextmanager
    def span(self, name: str, headers: Mapping[str, str]) -> Iterator[Spanned]:
        """Give the span of a request for as long as the block lasts."""
        if self._tracer is None:
            yield Spanned()
            return
        # The library is slow to import, and few want traces.
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 — see above
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415 — see above

        caller = tracecontext.TraceContextTextMapPropagator().extract(dict(headers))
        with self._tracer.start_as_current_span(
            name, context=caller, kind=SpanKind.SERVER, record_exception=False
        ) as span:
            yield Spanned(span)

    def close(self) -> None:
        """Hand on what is left."""
        if self._provider is not None:
            self._provider.shutdown()


NO_TRACES: Final = Traces()


def traces_to(url: str | None) -> Traces:
    """Return what hands spans on to *url*, in batches and in a thread of its own; or not."""
    if url is None:
        return NO_TRACES
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 — as above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 — as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 — as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 — as above

    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=2)))
    return Traces(provider)
