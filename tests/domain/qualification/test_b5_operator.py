"""B5: the operator is asked before listing and before the reveal; a timeout is no answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import Any

import pytest

from chain.errors import MalformedError
from domain.errors import IllegalTransitionError, UpstreamNotUnusedError
from domain.event import read_event
from domain.keys.stepup import StepUp
from domain.keys.upstream import Answer, KeyUpstreamChecked
from domain.outside.hidden import Hidden
from domain.outside.party import UntrustedAnswerError
from domain.outside.store.client import Endpoint
from domain.outside.store.sandbox import SandboxServer
from domain.qualification.operator import KeyQuestion
from domain.qualification.qualification import Scope
from domain.qualification.sandbox import MARKS, SandboxOperator
from domain.qualification.store.http_operator import CHECK, HttpOperator, operator_answers
from tests.domain.given import BUYER, LATER, NOW, PRICE, identifier, meta_of
from tests.domain.identity.enrolling import QUICK, Loopback
from tests.domain.qualification.applying import ANN, OPERATOR, RULE, SOON, Applying, paper

ASKED = count(1)
SECRET = bytes(range(32))
GOOD: dict[str, Any] = {
    "findings": [],
    "first_used_at": None,
    "operator": OPERATOR,
    "sandbox": True,
    "state": "unused",
}


def ready(loopback: Loopback, line: str = "GOOD-0001") -> tuple[Applying, str]:
    """Return a world that asks over HTTP, with a sealed key of an approved merchant."""
    world = Applying(system=HttpOperator.at(loopback.endpoint, QUICK))
    world.admitted()
    world.granted()
    return world, world.brought([line])[0]


def test_b5_an_unused_key_is_listed(loopback: Loopback) -> None:
    world, key = ready(loopback)
    assert world.state(key) == "sealed", "a qualified merchant's key waits for its operator"
    assert world.ask(key) == ["key.upstream_checked"]
    assert world.last("key.upstream_checked") == {
        "operator": OPERATOR,
        "state": "unused",
        "findings": [],
        "sandbox": True,
        "checked_at": NOW,
    }
    assert world.do("list_key", key, NOW) == ["key.listed"]


@pytest.mark.parametrize("mark", MARKS)
def test_b5_a_key_that_is_used_or_wrong_is_not_listed(loopback: Loopback, mark: str) -> None:
    world, key = ready(loopback, f"GOOD-{mark}")
    world.ask(key)
    said = world.last("key.upstream_checked")
    assert (said["state"], tuple(said["findings"])) == MARKS[mark]
    assert ("first_used_at" in said) == (said["state"] == "used")
    with pytest.raises(UpstreamNotUnusedError):
        world.do("list_key", key, NOW)
    assert "key.listed" not in world.topics()


@pytest.mark.parametrize(
    ("mode", "waits"),
    [
        ("slow", "slow"),
        ("drip", "slow"),
        ("down", "down"),
        ("error", "down"),
        ("unsigned", "untrusted"),
        ("forged", "untrusted"),
        ("garbage", "untrusted"),
    ],
)
def test_b5_a_timeout_or_a_lie_is_recorded_as_unknown_and_lists_nothing(
    loopback: Loopback, mode: str, waits: str
) -> None:
    world, key = ready(loopback)
    with loopback.failing(CHECK, mode):
        assert world.ask(key) == ["key.upstream_checked"]
    said = world.last("key.upstream_checked")
    assert (said["state"], said["waits"]) == ("unknown", waits)
    with pytest.raises(UpstreamNotUnusedError):
        world.do("list_key", key, NOW)
    world.system = HttpOperator.at(loopback.endpoint, QUICK)
    world.ask(key)
    assert world.do("list_key", key, NOW) == ["key.listed"]


def test_b5_a_timeout_after_a_good_answer_takes_the_good_answer_s_place(loopback: Loopback) -> None:
    world, key = ready(loopback)
    world.ask(key)
    with loopback.failing(CHECK, "error"):
        world.ask(key)
    with pytest.raises(UpstreamNotUnusedError):
        world.do("list_key", key, NOW)


def test_b5_an_answer_that_was_lost_is_asked_for_once_more_not_twice(loopback: Loopback) -> None:
    world, key = ready(loopback)
    before = loopback.switch(CHECK)
    with loopback.failing(CHECK, "lost", 1):
        world.ask(key)
    assert loopback.switch(CHECK) == before + 1
    assert world.last("key.upstream_checked")["state"] == "unused"


def test_b5_an_answer_is_good_for_a_day() -> None:
    world = Applying()
    world.admitted()
    world.granted()
    (key,) = world.brought()
    world.ask(key)
    with pytest.raises(UpstreamNotUnusedError):
        world.do("list_key", key, "2026-11-23T10:00:01Z")
    assert world.do("list_key", key, LATER) == ["key.listed"]


def test_b5_the_scope_s_own_operator_is_asked_and_no_other() -> None:
    world = Applying()
    world.admitted()
    world.granted()
    (key,) = world.brought()
    world.ask(key, operator="somebody")
    with pytest.raises(UpstreamNotUnusedError, match=OPERATOR):
        world.do("list_key", key, NOW)


def test_b5_an_answer_on_paper_is_never_fresh() -> None:
    world = Applying()
    world.admitted()
    world.granted()
    (key,) = world.brought()
    world.do("check_upstream", key, Answer(OPERATOR, "unused"))
    with pytest.raises(UpstreamNotUnusedError):
        world.do("list_key", key, NOW)


def test_b5_a_key_on_the_shelf_is_reserved_only_on_a_fresh_answer() -> None:
    """Invariant 15."""
    world = Applying()
    key = world.listed()
    with pytest.raises(UpstreamNotUnusedError):
        world.place(key, at="2026-11-23T10:00:01Z")
    world.ask(key, "2026-11-23T10:00:01Z")
    assert "key.reserved" in world.place(key, at="2026-11-23T10:00:01Z")


def test_b5_a_merchant_that_is_its_own_operator_has_nobody_to_ask() -> None:
    world = Applying()
    world.admitted()
    scope = Scope("package_card", SOON, None, (paper("source_proof", "package_card"),))
    world.by(ANN, "propose_scope", "M-LAN", scope, world.store, "its own gym", NOW)
    world.grant(scope)
    (key,) = world.brought(category="package_card")
    assert world.do("list_key", key, NOW) == ["key.listed"]


def activated(line: str = "GOOD-0001") -> tuple[Applying, str, str]:
    """Return a world with an activated key whose operator was asked long ago."""
    world = Applying()
    key = world.listed(line)
    world.place(key)
    order, payment = identifier("ord"), identifier("pay")
    world.do("initiate_payment", payment, identifier("chk"), PRICE)
    world.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
    world.do("deliver_order", order, "2026-11-25T10:00:00Z")
    world.do("activate_key", order, BUYER, NOW)
    return world, key, order


def view(world: Applying, order: str, purpose: str, now: str, **named: StepUp) -> list[str]:
    """Let the buyer look at the raw key."""
    return world.by((BUYER, "consumer"), "reveal_key", order, BUYER, purpose, now=now, **named)


def test_b5_no_raw_key_is_shown_unless_its_operator_says_that_it_is_unused() -> None:
    world, key, order = activated()
    late = "2026-11-24T10:00:00Z"
    with pytest.raises(UpstreamNotUnusedError):
        view(world, order, "redeem", late)
    world.ask(key, late)
    assert view(world, order, "redeem", late) == ["key.revealed"]
    # What was shown once may be used by now: that is no reason not to show it again.
    much_later = "2026-12-24T10:00:00Z"
    proof = StepUp(BUYER, much_later, "passkey")
    again = view(world, order, "again", much_later, step_up=proof)
    assert again == ["key.revealed"]


def test_b5_a_key_that_was_used_meanwhile_is_not_shown() -> None:
    world, key, order = activated()
    world.do("check_upstream", key, Answer(OPERATOR, "used", ("used_by_other",)))
    with pytest.raises(UpstreamNotUnusedError):
        view(world, order, "redeem", NOW)
    assert "key.revealed" not in world.topics()


def test_b5_paid_orders_run_to_their_end_even_if_the_merchant_is_suspended() -> None:
    world, key, order = activated()
    world.two("suspension", "suspend_qualification")
    world.ask(key)
    assert view(world, order, "redeem", NOW) == ["key.revealed"]


def test_b5_the_raw_key_stands_in_no_event_and_no_error(loopback: Loopback) -> None:
    raw = "CANARY-7H3K-USED"
    world, key = ready(loopback, raw)
    world.ask(key)
    with loopback.failing(CHECK, "garbage"):
        world.ask(key)
    with pytest.raises(UpstreamNotUnusedError) as caught:
        world.do("list_key", key, NOW)
    log = b"".join(each.body() for each in world.events())
    assert b"CANARY" not in log
    assert "CANARY" not in str(caught.value)
    assert "CANARY" not in repr(KeyQuestion(Hidden(raw), "SKU", OPERATOR))


def test_b5_a_dead_key_is_not_asked_about() -> None:
    world = Applying()
    (key,) = world.brought()
    world.do("unlist_key", key)
    world.do("void_key", key)
    with pytest.raises(IllegalTransitionError):
        world.ask(key)


def test_b5_the_same_command_again_asks_nobody() -> None:
    class Counting(SandboxOperator):
        asked = 0

        def check_key(self, question: KeyQuestion, key: str) -> Answer:
            self.asked += 1
            assert key == "cmd/ask/upstream"
            return super().check_key(question, key)

    world = Applying(system=Counting())
    (key,) = world.brought()
    arguments = (key, OPERATOR, world.system, NOW)
    world.caller = RULE
    first = world.trade.ask_operator(world.command("cmd/ask"), *arguments)
    assert world.trade.ask_operator(world.command("cmd/ask"), *arguments) == first
    assert isinstance(world.system, Counting)
    assert world.system.asked == 1


@pytest.mark.parametrize("line", ["GOOD-0001", *(f"GOOD-{mark}" for mark in MARKS)])
def test_b5_over_http_and_in_this_process_the_answers_are_the_same(
    loopback: Loopback, line: str
) -> None:
    question = KeyQuestion(Hidden(line), "SKU-1", OPERATOR)
    system = HttpOperator.at(loopback.endpoint, QUICK)
    assert system.check_key(question, f"b5/{next(ASKED)}") == SandboxOperator().check_key(
        question, ""
    )


@contextmanager
def answering(answer: Mapping[str, object]) -> Iterator[HttpOperator]:
    server = SandboxServer({CHECK: lambda _: answer}, SECRET)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}", "t", SECRET)
        yield HttpOperator.at(endpoint, QUICK)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bad_answers() -> Iterator[Any]:
    for name, value in GOOD.items():
        missing = {each: kept for each, kept in GOOD.items() if each != name}
        yield pytest.param(missing, id=f"without-{name}")
        others: tuple[Any, ...] = (1, "yes", [1], {})
        for other in others:
            if type(other) is not type(value) or name in ("state", "findings", "operator"):
                yield pytest.param(GOOD | {name: other}, id=f"{name}-{other!r}")
    yield pytest.param(GOOD | {"also": 1}, id="more")
    yield pytest.param(GOOD | {"findings": ["stolen"]}, id="unknown finding")


@pytest.mark.parametrize("answer", list(bad_answers()))
def test_b5_an_answer_of_another_shape_is_not_trusted(answer: dict[str, object]) -> None:
    question = KeyQuestion(Hidden("x"), "SKU-1", OPERATOR)
    with answering(answer) as system, pytest.raises(UntrustedAnswerError):
        system.check_key(question, f"b5/{next(ASKED)}")


def test_b5_a_first_use_of_an_unused_key_is_not_trusted() -> None:
    with answering(GOOD | {"first_used_at": NOW}) as system:
        world = Applying(system=system)
        (key,) = world.brought()
        world.ask(key)
    said = world.last("key.upstream_checked")
    assert (said["state"], said["waits"]) == ("unknown", "untrusted")


@pytest.mark.parametrize(
    "question",
    [{}, {"key": 1, "operator": "o", "product": "p"}, {"key": "k", "operator": "o"}],
    ids=["empty", "ill-typed", "short"],
)
def test_b5_the_sandbox_does_not_answer_what_is_no_question(question: dict[str, object]) -> None:
    with pytest.raises(MalformedError, match="question"):
        operator_answers(SandboxOperator())[CHECK](question)


def test_b5_an_answer_from_before_there_was_a_time_in_it_is_read_and_is_not_fresh() -> None:
    key = identifier("key")
    body = KeyUpstreamChecked(key, 1, meta_of("cmd/0"), OPERATOR, "unused", ()).body()
    old = body.replace(b'"schema":2', b'"schema":1')
    assert old != body
    read = read_event(key, 1, "key.upstream_checked", old)
    assert isinstance(read, KeyUpstreamChecked)
    assert not read.is_good(OPERATOR, "0000-01-01T00:00:00Z")
