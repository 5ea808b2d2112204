"""The parties over HTTP: as the sandbox in this process, and strict about what comes back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.identity.sandbox import NEVER, PICTURE, Citizen, Sandbox, citizen
from domain.identity.store.http_parties import (
    BANKCARD,
    DOCUMENT,
    FACE,
    SOURCE,
    HttpParties,
    answers_of,
)
from domain.outside.party import PartyDownError, UntrustedAnswerError
from domain.outside.store.client import Endpoint
from domain.outside.store.sandbox import SandboxServer
from tests.domain.identity.enrolling import ALICE, BOB, QUICK, Loopback

SECRET = bytes(range(32))
KEYS = count(1)
GOOD: dict[str, dict[str, Any]] = {
    SOURCE: {"matches": True},
    FACE: {"live": True, "score": 9_000},
    DOCUMENT: {
        "readable": True,
        "name": ALICE.name,
        "number": ALICE.number,
        "valid_until": NEVER,
    },
    BANKCARD: {"matches": True},
}
STAMP = {"provider": "liar", "version": "1", "sandbox": True}


def key() -> str:
    return f"http/{next(KEYS)}"


def ask(parties: HttpParties | Sandbox, path: str, who: Citizen = ALICE) -> object:
    if path == SOURCE:
        return parties.check_name(who.person(), key())
    if path == FACE:
        return parties.compare_face(who.person(), ALICE.selfie(), key())
    if path == DOCUMENT:
        return parties.read_document(who.card_picture(), key())
    return parties.check_card(who.person(), ALICE.bank_card(), key())


@contextmanager
def answering(path: str, answer: Mapping[str, object]) -> Iterator[HttpParties]:
    """Give parties whose *path* always answers *answer*."""
    server = SandboxServer({path: lambda _: answer}, SECRET)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield HttpParties.at(Endpoint(f"http://127.0.0.1:{server.server_port}", "t", SECRET), QUICK)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, 999), path=st.sampled_from([SOURCE, FACE, DOCUMENT, BANKCARD]))
def test_over_http_and_in_this_process_the_answers_are_the_same(
    loopback: Loopback, index: int, path: str
) -> None:
    who = citizen(index)
    assert ask(loopback.parties(), path, who) == ask(Sandbox(), path, who)


@pytest.mark.parametrize("path", GOOD)
def test_a_good_answer_is_read(path: str) -> None:
    with answering(path, STAMP | GOOD[path]) as parties:
        assert ask(parties, path)


def bad_answers() -> Iterator[Any]:
    for path, good in GOOD.items():
        whole = STAMP | good
        for name in whole:
            missing = {each: value for each, value in whole.items() if each != name}
            yield pytest.param(path, missing, id=f"{path}-without-{name}")
            others: tuple[object, ...] = (None, [], 1 if isinstance(whole[name], str) else "yes")
            for value in others:
                yield pytest.param(path, whole | {name: value}, id=f"{path}-{name}-{value!r}")
        yield pytest.param(path, whole | {"also": 1}, id=f"{path}-more")


@pytest.mark.parametrize(("path", "answer"), list(bad_answers()))
def test_an_answer_of_another_shape_is_not_trusted(path: str, answer: dict[str, object]) -> None:
    with answering(path, answer) as parties, pytest.raises(UntrustedAnswerError):
        ask(parties, path)


def test_a_party_that_is_down_keeps_the_others_from_nothing(loopback: Loopback) -> None:
    parties = loopback.parties()
    with loopback.failing(BANKCARD, "down"):
        for _ in range(4):
            with pytest.raises(Exception, match=BANKCARD):
                ask(parties, BANKCARD)
        assert ask(parties, SOURCE) == ask(Sandbox(), SOURCE)


@pytest.mark.parametrize(
    "question",
    [{}, {"name": 1, "number": ALICE.number}, {"name": ALICE.name}],
    ids=["empty", "ill-typed", "short"],
)
def test_a_sandbox_does_not_answer_what_is_no_question(question: dict[str, object]) -> None:
    for answer in answers_of(Sandbox()).values():
        with pytest.raises(MalformedError, match=r"must be text|base64") as caught:
            answer(question)
        assert ALICE.number not in str(caught.value)


@pytest.mark.parametrize("picture", [b"", b"x", PICTURE, PICTURE + b"[]", PICTURE + b"{"])
def test_the_sandbox_sees_nothing_in_what_is_no_picture(picture: bytes) -> None:
    sandbox = Sandbox()
    assert not sandbox.read_document(picture, "").readable
    compared = sandbox.compare_face(ALICE.person(), picture, "")
    assert not compared.live
    assert compared.score < 6_000


def test_a_stranger_is_the_same_stranger_every_time() -> None:
    one, again = (Sandbox().compare_face(ALICE.person(), BOB.selfie(), "") for _ in range(2))
    assert one == again


def test_nobody_there(loopback: Loopback) -> None:
    del loopback
    with answering(SOURCE, {}) as parties:
        pass
    with pytest.raises(PartyDownError):
        ask(parties, SOURCE)
