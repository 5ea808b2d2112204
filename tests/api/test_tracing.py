"""Traces: none unless somebody takes them, and then a span a request, over real HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api.app import create_app
from api.bootstrap import Deployment
from api.settings import Settings
from api.tracing import NO_TRACES, traces_to
from scripts.migrate import migrate
from tests.api.asking import serving

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Taker(HTTPServer):
    """Takes spans as a collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Taker)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") is None:
            self.server.bodies.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 — the library's name


@pytest.fixture
def taker() -> Iterator[Taker]:
    with Taker() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert traces_to(None) is NO_TRACES
    with NO_TRACES.span("GET", {"traceparent": CALLER}) as span:
        assert span.trace_id is None
        span.end("GET /x", 500)
    NO_TRACES.close()


def test_a_request_is_a_span_of_its_caller_s_trace(settings: Settings, taker: Taker) -> None:
    url = f"http://127.0.0.1:{taker.server_port}/v1/traces"
    with Deployment(settings.model_copy(update={"traces_url": url}), migrate) as ledger:
        ledger.prepare()
        with serving(create_app(ledger)) as client:
            client.get(
                "/v1/products/prd_01m6b1yq00e2aafp47cgx674mz/stock?x=hunter2",
                {"traceparent": CALLER},
            )
    spans = [
        span
        for body in taker.bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    [span] = spans
    assert span.name == "GET /v1/products/{product}/stock"
    assert span.trace_id.hex() == CALLER.split("-")[1]
    assert b"hunter2" not in b"".join(taker.bodies)
    assert b"prd_" not in b"".join(taker.bodies)


def test_a_taker_that_is_away_is_in_nobody_s_way(settings: Settings) -> None:
    url = "http://127.0.0.1:9/v1/traces"
    with Deployment(settings.model_copy(update={"traces_url": url}), migrate) as ledger:
        ledger.prepare()
        began = monotonic()
        with serving(create_app(ledger)) as client:
            assert client.get("/livez").status == 200
            assert monotonic() - began < 2
    assert monotonic() - began < 10
