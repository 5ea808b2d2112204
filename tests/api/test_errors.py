"""The table of answers: complete for refusals, and silent about what went wrong inside."""

import logging

import psycopg
import pytest
from fastapi import FastAPI

from api.errors import ANSWERS, answer_of
from api.problems import install
from domain import errors
from tests.api.asking import serving

REFUSALS = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, errors.Refusal)
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.__name__)
def test_every_refusal_is_answered_as_the_clients_fault(refusal: type[errors.Refusal]) -> None:
    error = refusal.__new__(refusal)
    assert 400 <= answer_of(error).status < 500


def test_codes_are_words_and_each_says_when_to_try_again() -> None:
    for answer in ANSWERS.values():
        assert answer.code.replace("_", "").isalpha()
        assert answer.retry in ("never", "same_key", "new_key", "after")


def test_an_unexpected_error_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install(app)

    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError("hunter2")

    @app.get("/away")
    def away() -> None:
        raise psycopg.OperationalError("hunter2")

    with caplog.at_level(logging.CRITICAL), serving(app) as client:
        reply = client.get("/fault")
        assert (reply.status, reply.json["code"]) == (500, "internal")
        assert b"hunter2" not in reply.body
        reply = client.get("/away")
        assert (reply.status, reply.json["code"]) == (503, "outcome_unknown")
        assert reply.json["retry"] == {"when": "same_key"}
        assert reply.headers["retry-after"] == "1"
        assert b"hunter2" not in reply.body
