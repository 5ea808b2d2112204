"""What comes in: limits of bodies, and JSON that two readers read alike."""

import http.client
from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI, Request

from api import intake, problems
from api.intake import MAX_JSON, MAX_RAW, Intake, check_read
from tests.api.asking import Client, Reply, serving


@pytest.fixture
def client() -> Iterator[Client]:
    app = FastAPI(dependencies=[Depends(check_read)])
    problems.install(app)

    @app.post("/raw")
    @app.post("/v1/callbacks/{channel}")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def read(request: Request, body: dict[str, int]) -> dict[str, object]:
        return {"body": body, "spelt": request.state.body.decode()}

    app.add_middleware(Intake)
    with serving(app) as made:
        yield made


def send(client: Client, path: str, body: bytes, kind: str) -> Reply:
    host, port = client.base.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.headers), answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_a_body_is_spelt_in_one_way_and_read_once(client: Client, kind: str) -> None:
    reply = send(client, "/json", b'{ "b": 1,\n"a":2 }', kind)
    assert reply.json == {"body": {"a": 2, "b": 1}, "spelt": '{"a":2,"b":1}'}


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b'{"a":NaN}', b"{", b'{"a":"\\ud800"}'])
@pytest.mark.parametrize("kind", ["application/json", "APPLICATION/JSON", "application/x+json"])
def test_what_is_no_strict_json_is_400(client: Client, body: bytes, kind: str) -> None:
    reply = send(client, "/json", body, kind)
    assert (reply.status, reply.json["code"]) == (400, "malformed_body")


def test_a_malformed_body_is_not_quoted(client: Client) -> None:
    assert b"hunter2" not in send(client, "/json", b'{"a": hunter2}', "application/json").body


def test_a_body_beyond_its_limit_is_413(client: Client) -> None:
    for size, kind in ((MAX_JSON, "application/json"), (MAX_RAW, "application/octet-stream")):
        reply = send(client, "/raw", b" " * (size + 1), kind)
        assert (reply.status, reply.json["code"]) == (413, "body_too_large")
    assert send(client, "/raw", b" " * MAX_RAW, "text/plain").body == str(MAX_RAW).encode()


def test_an_unannounced_body_is_counted_as_it_comes(client: Client) -> None:
    host, port = client.base.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request(
        "POST",
        "/raw",
        iter([b"x" * 65_536] * 20),
        {"Content-Type": "text/plain"},
        encode_chunked=True,
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_a_route_may_take_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(intake.LARGER, "/raw", 3 << 20)
    assert send(client, "/raw", b" " * (2 << 20), "application/zip").status == 200


def test_a_callback_s_bytes_pass_as_they_are(client: Client) -> None:
    """They are signed, and verified before anything of them is read."""
    for body in (b'{"a":1,"a":2}', b"{", b"\xff"):
        reply = send(client, "/v1/callbacks/alipay", body, "application/json")
        assert (reply.status, reply.body) == (200, str(len(body)).encode())
