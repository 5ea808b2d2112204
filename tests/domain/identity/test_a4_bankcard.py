"""A4: name, resident number and card number are one person's; of the card little is kept."""

import pytest

from chain.errors import MalformedError
from domain.identity.person import Card
from domain.identity.sandbox import Citizen, citizen
from domain.identity.store.http_parties import BANKCARD
from tests.domain.identity.enrolling import ALICE, BOB, KEY, Enrolling, Loopback

REFUSED = ["identity.bankcard_checked", "identity.refused"]


def test_a4_the_three_factors_of_one_person_pass(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.bankcard() == ["identity.bankcard_checked"]
    checked = world.last("identity.bankcard_checked")
    assert (checked["verdict"], checked["sandbox"]) == ("passed", True)


@pytest.mark.parametrize(
    "wrong",
    [
        Citizen(BOB.name, ALICE.number, ALICE.card),
        Citizen(ALICE.name, BOB.number, ALICE.card),
        Citizen(ALICE.name, ALICE.number, BOB.card),
        Citizen(ALICE.name, ALICE.number, citizen(999).card),
    ],
    ids=["name", "number", "card", "unknown-card"],
)
def test_a4_any_one_of_name_number_and_card_wrong_fails(loopback: Loopback, wrong: Citizen) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.bankcard(wrong) == REFUSED
    assert world.last("identity.bankcard_checked")["verdict"] == "failed"
    assert world.last("identity.refused")["cause"] == "bankcard"


def test_a4_a_card_whose_check_digit_is_wrong_is_refused_before_anybody_is_asked(
    loopback: Loopback,
) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    runs, size = loopback.switch(BANKCARD), world.size()
    wrong = f"{ALICE.card[:-1]}{(int(ALICE.card[-1]) + 1) % 10}"
    with pytest.raises(MalformedError, match="check digit"):
        world.bankcard(Citizen(ALICE.name, ALICE.number, wrong))
    assert (loopback.switch(BANKCARD), world.size()) == (runs, size)


def test_a4_only_the_last_four_digits_and_a_keyed_hash_are_kept(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    sealed = len(world.sealer.values)
    world.bankcard()
    checked = world.last("identity.bankcard_checked")
    assert checked["last4"] == ALICE.card[-4:]
    assert checked["card"] == Card.of(ALICE.card).fingerprint(KEY)
    assert len(world.sealer.values) == sealed
    bodies = b"".join(each.body() for each in world.events())
    runs = {ALICE.card[start : start + 5] for start in range(len(ALICE.card) - 4)}
    assert not any(f'"{each}'.encode() in bodies for each in runs)
    assert ALICE.card.encode() not in bodies


def test_a4_a_bank_that_is_down_gives_pending(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(BANKCARD, "forged"):
        assert world.bankcard() == ["identity.bankcard_checked"]
    checked = world.last("identity.bankcard_checked")
    assert (checked["verdict"], checked["waits"]) == ("pending", "untrusted")
