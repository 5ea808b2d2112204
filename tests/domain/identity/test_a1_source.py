"""A1: the authority's answer decides; the same question gets it again; silence decides nothing."""

import pytest

from domain.errors import (
    AlreadyCheckedError,
    ChecksPendingError,
    IllegalTransitionError,
    WrongPartyError,
)
from domain.identity.sandbox import Citizen
from domain.identity.store.http_parties import SOURCE
from tests.domain.given import command_of, identifier
from tests.domain.identity.enrolling import ALICE, BOB, KEY, Enrolling, Loopback

LIAR = Citizen(BOB.name, ALICE.number, ALICE.card)


def test_a1_name_and_number_of_one_person_pass(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.source() == ["identity.source_checked"]
    checked = world.last("identity.source_checked")
    assert checked["verdict"] == "passed"
    assert (checked["provider"], checked["version"]) == ("sandbox", "sandbox-1")
    assert checked["sandbox"] is True


def test_a1_name_and_number_of_two_people_are_refused(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request(LIAR)
    assert world.source(LIAR) == ["identity.source_checked", "identity.refused"]
    assert world.last("identity.refused") == {"cause": "source", "pairs": [], "sandbox": True}


@pytest.mark.parametrize("who", [ALICE, LIAR], ids=["truth", "lie"])
def test_a1_the_same_input_and_source_version_give_the_same_verdict(
    loopback: Loopback, who: Citizen
) -> None:
    seen = set()
    for number in range(4):
        world = Enrolling(loopback.parties(), identifier("usr", f"same {number}"))
        world.request(who)
        world.source(who)
        checked = world.last("identity.source_checked")
        seen.add((checked["person"], checked["version"], checked["verdict"]))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("down", "down"),
        ("error", "down"),
        ("lost", "down"),
        ("slow", "slow"),
        ("drip", "slow"),
        ("unsigned", "untrusted"),
        ("forged", "untrusted"),
        ("garbage", "untrusted"),
    ],
)
def test_a1_a_source_that_fails_gives_pending_and_never_passed(
    loopback: Loopback, mode: str, cause: str
) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(SOURCE, mode):
        assert world.source() == ["identity.source_checked"]
    checked = world.last("identity.source_checked")
    assert (checked["verdict"], checked["waits"]) == ("pending", cause)
    assert "version" not in checked
    world.document()
    world.face()
    world.bankcard()
    before = world.size()
    with pytest.raises(ChecksPendingError, match="source"):
        world.decide()
    assert world.size() == before
    assert world.account.state == "restricted"


def test_a1_a_pending_check_is_asked_again_once_the_source_is_back(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(SOURCE, "down"):
        world.source()
    world.source()
    assert world.last("identity.source_checked")["verdict"] == "passed"


def test_a1_a_source_that_rests_is_not_asked(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(SOURCE, "error"):
        for _ in range(3):
            world.source()
    world.source()
    assert world.last("identity.source_checked")["waits"] == "resting"


def test_a1_a_verdict_is_for_good(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    world.source()
    runs = loopback.switch(SOURCE)
    with pytest.raises(AlreadyCheckedError):
        world.source()
    assert loopback.switch(SOURCE) == runs


def test_a1_the_source_is_asked_about_the_claim_alone(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request(ALICE)
    runs = loopback.switch(SOURCE)
    with pytest.raises(WrongPartyError):
        world.source(BOB)
    assert loopback.switch(SOURCE) == runs


def test_a1_a_command_that_is_repeated_asks_nobody_again(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    runs, size = loopback.switch(SOURCE), world.size()
    receipts = [
        world.trade.check_source(
            command_of(f"a1/repeated/{id(world)}", world.sealer),
            world.verification,
            ALICE.person(),
            KEY,
            world.parties,
        )
        for _ in range(2)
    ]
    assert receipts[0] == receipts[1]
    assert (loopback.switch(SOURCE), world.size()) == (runs + 1, size + 1)


def test_a1_a_command_that_died_before_its_commit_asks_the_same_question_again(
    loopback: Loopback,
) -> None:
    """Two worlds are one command before and after the crash: the source answers once."""
    runs = loopback.switch(SOURCE)
    for world in (Enrolling(loopback.parties()), Enrolling(loopback.parties())):
        world.request()
        world.trade.check_source(
            command_of(f"a1/died/{id(loopback)}", world.sealer),
            world.verification,
            ALICE.person(),
            KEY,
            world.parties,
        )
        assert world.last("identity.source_checked")["verdict"] == "passed"
    assert loopback.switch(SOURCE) == runs + 1


def test_a1_nothing_is_checked_before_the_claim_or_after_the_verdict(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.verified()
    with pytest.raises(IllegalTransitionError, match="verified"):
        world.source()
