"""The frame as a whole: what every answer has, whatever the route, and what is recorded of it."""

import json
import logging
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from api.bootstrap import Deployment
from api.principal import ANONYMOUS, Kind, Principal
from tests.api.asking import Client, known, serving
from tests.api.test_commands import KEYLESS
from tests.chain.store.owners import until

PRODUCT = {"merchant": "M-LAN", "code": "SKU-1"}
KEY = "mine-0123456789abcdef"
OPERATOR = Principal(Kind.OPERATOR, "S-1")
LAN = Principal(Kind.MERCHANT, "M-LAN")
BUYER = Principal(Kind.CONSUMER, "usr_01m6b1yq00e2aafp47cgx674mz")


class Door:
    """The application, asked by whoever the test says."""

    def __init__(self, ledger: Deployment) -> None:
        self.ledger = ledger
        self.app = create_app(ledger)
        self.who = ANONYMOUS

        @self.app.get("/fault/{name}")
        def fault(name: str) -> None:
            raise RuntimeError(f"hunter2 {name}")

        known(self.app, lambda: self.who)


@pytest.fixture
def door(ledger: Deployment) -> Door:
    return Door(ledger)


@pytest.fixture
def client(door: Door) -> Iterator[Client]:
    with serving(door.app) as made:
        yield made


def request_lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.name == "xiyou.requests"]


@pytest.mark.parametrize(
    "path", ["/v1/log/entries/0", "/nothing", "/v1/log/entries/x", "/checkpoint", "/fault/x"]
)
def test_every_answer_has_an_id_a_version_and_how_its_limit_stands(
    client: Client, path: str
) -> None:
    headers = client.get(path).headers
    assert re.fullmatch("req_[0-9a-z]{26}", headers["x-request-id"])
    assert "xiyou-version" in headers
    assert headers["ratelimit"].startswith('"anonymous";r=')


def test_an_unexpected_error_says_its_request_s_id_and_nothing_else(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        reply = client.get("/fault/hunter3")
        until(lambda: request_lines(caplog))
    assert (reply.status, reply.json["code"]) == (500, "internal")
    assert b"hunter2" not in reply.body
    assert reply.json["request_id"] == reply.headers["x-request-id"]
    [line] = request_lines(caplog)
    assert line.__dict__["request_id"] == reply.json["request_id"]
    assert (line.__dict__["status"], line.__dict__["code"]) == (500, "internal")
    assert line.__dict__["operation"] == "GET /fault/{name}"


def test_a_line_tells_of_a_command_and_names_nobody(
    client: Client, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.who = LAN
    with caplog.at_level(logging.INFO):
        first = client.post("/v1/products", PRODUCT, KEY)
        client.post("/v1/products", PRODUCT, KEY)
        until(lambda: len(request_lines(caplog)) == 2)
    line, again = (each.__dict__ for each in request_lines(caplog))
    assert (line["operation"], line["status"], line["kind"]) == (
        "POST /v1/products",
        201,
        "merchant",
    )
    assert line["log_index"] == again["log_index"] == first.json["index"]
    assert line["duration_ms"] > 0
    for secret in ("M-LAN", "SKU-1", KEY):
        assert secret not in str([each.__dict__ for each in request_lines(caplog)])


def metrics(client: Client, door: Door) -> str:
    before, door.who = door.who, OPERATOR
    try:
        return client.get("/metrics").body.decode()
    finally:
        door.who = before


def test_metrics_count_what_was_accepted_and_refused(
    client: Client, door: Door, ledger: Deployment
) -> None:
    door.who = LAN
    client.post("/v1/products", PRODUCT, KEY)
    client.post("/v1/products", PRODUCT, KEY)
    client.post("/v1/products", PRODUCT | {"code": "other"}, KEY)
    door.who = BUYER
    client.post("/v1/redemptions", {"buyer": BUYER.subject, "code": "A"}, KEY)
    client.get("/nothing")
    ledger.publisher.publish_once()
    text = metrics(client, door)
    for line in (
        "xiyou_accepted_total 2.0",
        'xiyou_refused_total{code="idempotency_body_changed"} 1.0',
        'xiyou_refused_total{code="code_refused"} 1.0',
        'xiyou_refused_total{code="not_found"} 1.0',
        "xiyou_guess_refused_total 1.0",
        "xiyou_append_seconds_count 2.0",
        "xiyou_append_batch_events_sum 2.0",
        "xiyou_log_size 2.0",
        "xiyou_signed_size 2.0",
        "xiyou_idempotency_interrupted 0.0",
        'xiyou_request_seconds_count{operation="POST /v1/products",status="201"} 2.0',
    ):
        assert line in text.splitlines(), text
    for name in ("checkpoint_age", "time_to_signed", "clock_skew", "pool_wait"):
        assert f"xiyou_{name}_seconds " in text
    assert 'xiyou_disk_free_ratio{volume="home"}' in text
    names = set(re.findall(r"^([a-z_]+)", text, re.MULTILINE))
    assert {each for each in names if not each.startswith("xiyou_")} == set()


def test_no_label_has_an_id(client: Client, door: Door) -> None:
    order = "ord_01m6b1yq00e2aafp47cgx674mz"
    for path in (f"/v1/{order}", f"/fault/{order}", f"/v1/products/{order}/stock", "/%0a\"'"):
        client.get(path)
    urllib.request.Request(client.base, method="M01")
    text = metrics(client, door)
    assert order not in text
    assert len(set(re.findall(r'operation="(.*?)"', text))) <= 5


def test_metrics_and_reasons_are_for_operators_alone(client: Client, door: Door) -> None:
    assert client.get("/metrics").json["code"] == "unauthenticated"
    for kind in set(Kind) - {Kind.OPERATOR, Kind.ANONYMOUS}:
        door.who = Principal(kind, "x")
        assert client.get("/metrics").json["code"] == "forbidden"
        assert client.get("/readyz").json == {"status": "ok"}
        assert client.get("/startupz").json == {"status": "ok"}
    door.who = OPERATOR
    ready = client.get("/readyz").json
    assert set(ready["checks"].values()) == {"ok"}
    assert {"database", "schema", "signer", "checkpoint", "disk", "clock", "finisher"} <= set(
        ready["checks"]
    )
    assert (ready["size"], ready["origin"]) == (0, "ledger.example/test")


def test_a_broken_lookup_hides_no_other_metric(client: Client, door: Door) -> None:
    def broken() -> dict[tuple[str, ...], float]:
        raise OSError("away")

    door.app.state.metrics.look_up("projection_lag_events", "Behind.", broken, ["view"])
    door.app.state.metrics.look_up("feed_lag_seconds", "Behind.", lambda: {("x",): 2}, ["consumer"])
    text = metrics(client, door)
    assert "# TYPE xiyou_projection_lag_events gauge" in text
    assert 'xiyou_feed_lag_seconds{consumer="x"} 2.0' in text


def test_the_document_tells_of_every_operation_how_it_may_fail(client: Client, door: Door) -> None:
    document: dict[str, Any] = json.loads(client.get("/openapi.json").body)
    names = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            names.append(operation["operationId"])
            for status in ("401", "403", "404", "429", "500", "503"):
                content = operation["responses"][status]["content"]
                assert content["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }
            if method == "post" and path not in KEYLESS:
                [key] = [
                    each for each in operation["parameters"] if each["name"] == "Idempotency-Key"
                ]
                assert (key["required"], key["schema"]["minLength"]) == (True, 16)
                assert {"409", "422"} <= operation["responses"].keys()
    assert len(set(names)) == len(names)
    assert "orders_place" in names
    assert "HTTPValidationError" not in document["components"]["schemas"]
    slip = [each for each in json.dumps(document).split('"') if "slip" in each]
    assert slip == []
