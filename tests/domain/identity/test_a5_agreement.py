"""A5: verified only if face, document and bank card agree with the claim on one person."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ChecksPendingError, IllegalTransitionError
from domain.identity.limits import VERSION_1
from domain.identity.sandbox import NEVER
from domain.identity.verification import CHECKS, STATEMENTS, disagreeing
from tests.domain.given import LATER, NOW, identifier
from tests.domain.identity.enrolling import ALICE, BOB, KEY, Enrolling, Loopback

THREE_PAIRS = {
    "document": ["claim/document", "document/face", "document/bankcard"],
    "face": ["claim/face", "document/face", "face/bankcard"],
    "bankcard": ["claim/bankcard", "document/bankcard", "face/bankcard"],
}


def test_a5_all_four_about_one_person_verify_and_unlock(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.verified()
    verified = world.last("identity.verified")
    assert verified["person"] == ALICE.person().fingerprint(KEY)
    assert verified["sandbox"] is True
    assert world.account.state == "unlocked"
    assert world.account.person == verified["person"]


@pytest.mark.parametrize("other", ["document", "face", "bankcard"])
def test_a5_one_check_about_another_person_refuses_and_names_the_pairs(
    loopback: Loopback, other: str
) -> None:
    """Each check passes for its own person: only together are they untrue."""
    world = Enrolling(loopback.parties())
    world.request()
    world.source()
    for check in ("document", "face", "bankcard"):
        who = BOB if check == other else ALICE
        step = getattr(world, check)
        assert step(who=who) == [f"identity.{_topic(check)}"]
    assert world.decide() == ["identity.refused"]
    refused = world.last("identity.refused")
    assert refused["cause"] == "disagreement"
    assert refused["pairs"] == THREE_PAIRS[other]
    assert world.account.state == "restricted"


def _topic(check: str) -> str:
    return {"document": "document_read", "face": "face_compared", "bankcard": "bankcard_checked"}[
        check
    ]


@given(st.lists(st.sampled_from("abcd"), min_size=4, max_size=4))
def test_a5_the_pairs_named_are_exactly_those_that_differ(people: list[str]) -> None:
    stated = dict(zip(STATEMENTS, people, strict=True))
    named = disagreeing(stated)
    assert (not named) == (len(set(people)) == 1)
    for pair in named:
        one, other = pair.split("/")
        assert stated[one] != stated[other]
    differing = sum(
        stated[one] != stated[other]
        for place, one in enumerate(STATEMENTS)
        for other in STATEMENTS[place + 1 :]
    )
    assert len(named) == differing


@pytest.mark.parametrize("missing", CHECKS)
def test_a5_without_any_one_check_there_is_no_verdict(missing: str) -> None:
    world = Enrolling()
    world.request()
    for check in CHECKS:
        if check != missing:
            getattr(world, check)()
    before = world.size()
    with pytest.raises(ChecksPendingError, match=missing):
        world.decide()
    assert world.size() == before


def test_a5_the_order_of_the_checks_does_not_matter() -> None:
    for number, order in enumerate(permutations(CHECKS)):
        world = Enrolling(party=identifier("usr", f"order {number}"))
        world.request()
        for check in order:
            getattr(world, check)()
        assert world.decide() == ["identity.verified", "identity.account_unlocked"]


def test_a5_it_is_good_until_the_document_ends_and_no_longer_than_the_rule_says() -> None:
    short, long = Enrolling(), Enrolling()
    short.verified(until=LATER)
    long.verified(until=NEVER)
    assert short.found.valid_until == LATER
    assert long.found.valid_until == VERSION_1.good_until(NOW, NEVER) == "2028-11-21T10:00:00Z"


def test_a5_a_refused_verification_is_over_and_another_may_follow() -> None:
    world = Enrolling()
    world.request()
    world.face(BOB.selfie())
    for step in (world.source, world.document, world.bankcard, world.decide):
        with pytest.raises(IllegalTransitionError, match="refused"):
            step()
    world.begin("second try")
    world.verified()
    assert world.account.state == "unlocked"


def test_a5_what_a_sandbox_said_is_marked_wherever_it_counts() -> None:
    world = Enrolling()
    world.verified()
    marked = {each.TOPIC for each in world.events() if each.data().get("sandbox") is True}
    assert marked == {
        "identity.source_checked",
        "identity.document_read",
        "identity.face_compared",
        "identity.bankcard_checked",
        "identity.verified",
    }
