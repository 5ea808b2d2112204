"""The client against the sandbox's process: over HTTP, when all is well and when it is not."""

import http.client
import time
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit

import pytest

from chain.canonical import to_bytes
from chain.errors import MalformedError
from domain.identity.sandbox import citizen
from domain.identity.store.http_parties import SOURCE
from domain.outside import signing
from domain.outside.circuit import Circuit
from domain.outside.party import (
    PartyDownError,
    PartyError,
    PartyRefusedError,
    PartyRestingError,
    PartySlowError,
    UntrustedAnswerError,
)
from domain.outside.store.client import Endpoint, Patience, SignedClient
from scripts.sandbox import SandboxProcess
from tests.domain.identity.enrolling import QUICK, Loopback

QUESTION = citizen(1).person().stated()
KEYS = count(1)


@pytest.fixture(autouse=True)
def no_fault_is_left(loopback: Loopback) -> Iterator[None]:
    yield
    loopback.switch(SOURCE)


def new_key() -> str:
    return f"client-test/{next(KEYS)}/{time.monotonic_ns()}"


def client(loopback: Loopback, circuit: Circuit | None = None) -> SignedClient:
    return SignedClient(loopback.endpoint, QUICK, circuit)


def test_a_question_is_answered_over_http(loopback: Loopback) -> None:
    answer = client(loopback).ask(SOURCE, QUESTION, new_key())
    assert answer == {
        "matches": True,
        "provider": "sandbox",
        "sandbox": True,
        "version": "sandbox-1",
    }


@pytest.mark.parametrize("mode", ["down", "error", "lost"])
def test_one_failure_is_tried_again(loopback: Loopback, mode: str) -> None:
    loopback.switch(SOURCE, mode, 1)
    assert client(loopback).ask(SOURCE, QUESTION, new_key())["matches"] is True


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("down", PartyDownError),
        ("error", PartyDownError),
        ("lost", PartyDownError),
        ("slow", PartySlowError),
        ("drip", PartySlowError),
        ("unsigned", UntrustedAnswerError),
        ("forged", UntrustedAnswerError),
        ("garbage", UntrustedAnswerError),
    ],
)
def test_every_way_to_fail_is_an_error_and_none_an_answer(
    loopback: Loopback, mode: str, error: type[PartyError]
) -> None:
    loopback.switch(SOURCE, mode, 99)
    with pytest.raises(error):
        client(loopback).ask(SOURCE, QUESTION, new_key())


def test_an_answer_that_trickles_in_ends_in_good_time(loopback: Loopback) -> None:
    loopback.switch(SOURCE, "drip", 99)
    began = time.monotonic()
    with pytest.raises(PartySlowError):
        client(loopback).ask(SOURCE, QUESTION, new_key())
    assert time.monotonic() - began < QUICK.attempts * (QUICK.timeout + 0.5)


def test_a_lost_answer_is_not_worked_out_twice(loopback: Loopback) -> None:
    before = loopback.switch(SOURCE, "lost", 1)
    client(loopback).ask(SOURCE, QUESTION, new_key())
    assert loopback.switch(SOURCE) == before + 1


def test_the_same_key_with_another_question_is_refused(loopback: Loopback) -> None:
    key = new_key()
    client(loopback).ask(SOURCE, QUESTION, key)
    with pytest.raises(PartyRefusedError):
        client(loopback).ask(SOURCE, citizen(2).person().stated(), key)


def test_a_party_that_fails_again_and_again_is_left_alone(loopback: Loopback) -> None:
    now = [0.0]
    asking = SignedClient(
        loopback.endpoint, QUICK, Circuit(failures=4, rest=30), monotonic=lambda: now[0]
    )
    loopback.switch(SOURCE, "error", 4)
    for _ in range(2):
        with pytest.raises(PartyDownError):
            asking.ask(SOURCE, QUESTION, new_key())
    before = loopback.switch(SOURCE)
    with pytest.raises(PartyRestingError):
        asking.ask(SOURCE, QUESTION, new_key())
    assert loopback.switch(SOURCE) == before
    now[0] = 30
    assert asking.ask(SOURCE, QUESTION, new_key())["matches"] is True


def test_nobody_listens(loopback: Loopback) -> None:
    with SandboxProcess() as other:
        endpoint = other.endpoint
    with pytest.raises(PartyDownError):
        SignedClient(endpoint, QUICK).ask(SOURCE, QUESTION, new_key())


def test_a_client_with_another_secret_is_refused(loopback: Loopback) -> None:
    endpoint = Endpoint(loopback.endpoint.url, "xiyou", bytes(32))
    with pytest.raises(PartyRefusedError):
        SignedClient(endpoint, QUICK).ask(SOURCE, QUESTION, new_key())


@pytest.mark.parametrize("seconds", [-3_600, 3_600])
def test_a_client_whose_clock_is_wrong_is_refused(loopback: Loopback, seconds: int) -> None:
    asking = SignedClient(loopback.endpoint, QUICK, wall=lambda: time.time() + seconds)
    with pytest.raises(PartyRefusedError):
        asking.ask(SOURCE, QUESTION, new_key())


def test_a_request_that_was_listened_to_cannot_be_sent_again(loopback: Loopback) -> None:
    """The nonce is used up, whatever the key says."""
    body, nonce, key = to_bytes(QUESTION), "0f" * 16, new_key()
    date = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}"
    question = signing.Question("POST", SOURCE, date, nonce, key, body)
    headers = {
        signing.DATE: date,
        signing.NONCE: nonce,
        signing.IDEMPOTENCY: key,
        signing.SIGNATURE: question.sign(loopback.endpoint.secret),
    }
    assert [post(loopback, body, headers) for _ in range(2)] == [200, 401]


def post(loopback: Loopback, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(loopback.endpoint.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("POST", SOURCE, body, headers)
    with connection.getresponse() as response:
        status = response.status
    connection.close()
    return status


@pytest.mark.parametrize("url", ["ftp://a", "a:80", "", "http://", "http://user:word@a"])
def test_what_is_no_address_of_a_party_is_refused(url: str) -> None:
    with pytest.raises(MalformedError):
        SignedClient(Endpoint(url, "xiyou", bytes(32)), Patience())


def test_the_secret_is_not_shown(loopback: Loopback) -> None:
    shown = repr(loopback.endpoint)
    assert loopback.endpoint.secret.hex() not in shown
    assert repr(loopback.endpoint.secret) not in shown
