"""People and cards: one spelling, hidden texts, and fingerprints that need the key."""

import json
import pickle
from hashlib import sha256

import pytest

from chain.errors import MalformedError
from domain.identity.person import Card, IndexKey, Person
from domain.identity.sandbox import citizen
from tests.domain.identity.enrolling import ALICE, BOB, KEY

OTHER_KEY = IndexKey("other", bytes(32))


def test_blanks_width_and_case_do_not_make_another_person() -> None:
    plain = Person.of("李 雷", "11010519491231002X").fingerprint(KEY)
    assert Person.of(" 李\u3000雷 ", "11010519491231002x").fingerprint(KEY) == plain


def test_name_and_number_both_count_and_so_does_where_one_ends() -> None:
    people = [
        Person.of(ALICE.name, ALICE.number),
        Person.of(BOB.name, ALICE.number),
        Person.of(ALICE.name, BOB.number),
    ]
    assert len({each.fingerprint(KEY) for each in people}) == 3
    assert KEY.fingerprint("person", "ab", "c") != KEY.fingerprint("person", "a", "bc")
    assert KEY.fingerprint("person", "a") != KEY.fingerprint("card", "a")


def test_another_key_gives_another_fingerprint_with_its_own_id() -> None:
    one, other = ALICE.person().fingerprint(KEY), ALICE.person().fingerprint(OTHER_KEY)
    assert one.startswith("test:")
    assert other.startswith("other:")
    assert one.split(":")[1] != other.split(":")[1]


def test_a_fingerprint_is_no_bare_hash() -> None:
    bare = sha256(ALICE.number.encode()).hexdigest()
    assert bare not in ALICE.person().fingerprint(KEY)


@pytest.mark.parametrize("show", [repr, str])
def test_neither_person_nor_card_nor_key_is_shown(show: object) -> None:
    shown = "".join(map(show, (ALICE.person(), ALICE.bank_card(), KEY)))  # type: ignore[call-overload]
    for secret in (ALICE.name, ALICE.number, ALICE.card, KEY.secret.hex(), repr(KEY.secret)):
        assert secret not in shown


@pytest.mark.parametrize("carry", [pickle.dumps, json.dumps])
def test_neither_person_nor_card_is_carried_away(carry: object) -> None:
    for each in (ALICE.person(), ALICE.bank_card()):
        with pytest.raises(TypeError):
            carry(each)  # type: ignore[operator]


def test_a_card_shows_its_last_four_digits() -> None:
    assert Card.of(ALICE.card).last4 == ALICE.card[-4:]


@pytest.mark.parametrize("name", ["", "  ", "\x00", "a\u202eb", "名" * 101])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(MalformedError, match="name"):
        Person.of(name, ALICE.number)


@pytest.mark.parametrize(("key_id", "size"), [("test", 31), ("", 32), ("Test", 32), ("a:b", 32)])
def test_what_is_no_index_key_is_refused(key_id: str, size: int) -> None:
    with pytest.raises(MalformedError, match="index key"):
        IndexKey(key_id, bytes(size))


def test_the_people_of_the_sandbox_are_all_different_and_long_dead() -> None:
    people = [citizen(index) for index in range(1_000)]
    assert len({each.number for each in people}) == len({each.card for each in people}) == 1_000
    assert all(each.number[6:8] == "18" for each in people)
    for each in people[::100]:
        each.person()
        each.bank_card()


@pytest.mark.parametrize("index", [-1, 1_000])
def test_the_sandbox_has_nobody_else(index: int) -> None:
    with pytest.raises(MalformedError):
        citizen(index)
