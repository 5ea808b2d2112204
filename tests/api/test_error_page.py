"""The page of codes is the table's, and each code is produced over HTTP."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from api import problems
from api.access.refusal import Challenge, UnauthenticatedError
from api.error_page import page
from api.errors import ANSWERS, INTERNAL, answer_of
from tests.api.asking import Client, serving
from tests.scripts.calling import call

ROOT = Path(__file__).parents[2]


def test_the_page_is_as_the_table_makes_it(tmp_path: Path) -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == page()
    assert call("errors", "--out", tmp_path / "errors.md").code == 0
    assert (tmp_path / "errors.md").read_text(encoding="utf-8") == page()


def test_a_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for answer in (*ANSWERS.values(), INTERNAL):
        assert re.fullmatch("[a-z_]+", answer.code)
        statuses.setdefault(answer.code, set()).add(int(answer.status))
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def made(kind: type[Exception]) -> Exception:
    """Return an error of that kind, with as many words as it takes."""
    count = len(inspect.signature(kind.__init__).parameters) - 1
    if issubclass(kind, UnauthenticatedError):
        return kind("missing", "who?")
    for arguments in ([], [1], ["x"], [("x",)], ["x", 1], ["x", ("x",), "x"], ["x", "x", "x"]):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(f"{kind}: takes {count}")


def raising(error: Exception) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def test_every_code_of_the_table_is_produced_in_full() -> None:
    app = FastAPI()
    problems.install(app)
    kinds = [each for each in ANSWERS if each.__name__ != "RequestValidationError"]
    for number, kind in enumerate(kinds):
        app.get(f"/{number}")(raising(made(kind)))
    with serving(app) as client:
        for number, kind in enumerate(kinds):
            check(client, f"/{number}", kind)


def check(client: Client, path: str, kind: type[Exception]) -> None:
    answer, reply = answer_of(made(kind)), client.get(path)
    body = reply.json
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status, body["status"]) == (int(answer.status), int(answer.status)), kind
    assert (body["code"], body["title"]) == (answer.code, answer.title)
    assert body["type"] == f"urn:xiyou:error:{answer.code}"
    assert body["instance"] == path
    assert body["retry"]["when"] == answer.retry
    assert ("seconds" in body["retry"]) == (answer.retry == "after")
    assert re.fullmatch("req_[0-9a-z]{26}", body["request_id"])
    assert ("retry-after" in reply.headers) == (
        reply.status in (429, 503) or "flight" in answer.code
    )


@pytest.mark.parametrize(
    ("challenge", "told"),
    [
        ("missing", 'Bearer realm="xiyou", DPoP algs="EdDSA ES256"'),
        ("invalid_token", 'Bearer realm="xiyou", error="invalid_token"'),
        ("use_dpop", 'DPoP algs="EdDSA ES256", error="invalid_token"'),
        ("invalid_dpop_proof", 'DPoP algs="EdDSA ES256", error="invalid_dpop_proof"'),
    ],
)
def test_an_unauthenticated_caller_is_told_how(challenge: Challenge, told: str) -> None:
    app = FastAPI()
    problems.install(app)
    app.get("/x")(raising(UnauthenticatedError(challenge, "who?")))
    with serving(app) as client:
        reply = client.get("/x")
    assert (reply.status, reply.headers["www-authenticate"]) == (401, told)
