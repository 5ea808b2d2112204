"""B3: a fingerprint on a stolen-key list never reaches ``listed``, whoever imports it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NoGroundForQuarantineError,
    ReasonMissingError,
    SecondPersonMissingError,
    StolenKeyError,
    UpstreamNotUnusedError,
    WrongPartyError,
)
from domain.keys.fingerprint import fingerprint
from domain.keys.upstream import Answer
from domain.qualification.stolen import Listing, StolenSet, find_any
from domain.qualification.store.stolen_lists import SUFFIX, StolenLists, write_list
from tests.domain.given import BUYER, LATER, MERCHANT, NOW, PRICE, SECRET, identifier
from tests.domain.qualification.applying import (
    ANN,
    BEN,
    HOUR_LATER,
    RULE,
    SELLER,
    Applying,
    Who,
)

STOLEN = "AAAA-BBBB-CCCC"
HONEST = "DDDD-EEEE-FFFF"


def list_of(*raw_keys: str, version: str = "1") -> StolenSet:
    marks = [mark for each in raw_keys for mark in fingerprint(each, SECRET)]
    return StolenSet("bank", version, marks)


def quarantined() -> tuple[Applying, str]:
    """Return a world with a key that was listed and is set aside, as a list holds it."""
    world = Applying()
    (key,) = world.brought([STOLEN])
    world.by(RULE, "quarantine_key", key, list_of(STOLEN))
    return world, key


@pytest.mark.parametrize("merchant", [MERCHANT, "M-ZHU", "SVC"])
@pytest.mark.parametrize("spelling", [STOLEN, "AAAABBBBCCCC", "aaaa bbbb cccc", "AAAA BBBB-cccc"])
def test_b3_a_stolen_key_is_set_aside_at_import_whoever_brings_it(
    merchant: str, spelling: str
) -> None:
    world = Applying()
    world.trade.stolen = list_of(STOLEN)
    stolen, honest = world.brought([spelling, HONEST], merchant)
    assert (world.state(stolen), world.state(honest)) == ("quarantined", "listed")
    assert world.last("key.quarantined") == {
        "cause": "stolen_list",
        "stolen_list": "bank",
        "list_version": "1",
    }


def test_b3_no_way_leads_a_stolen_key_to_the_shelf() -> None:
    """A walk over every use case that lists: none of them takes it."""
    world = Applying()
    world.trade.stolen = list_of(STOLEN)
    (key,) = world.brought([STOLEN])
    with pytest.raises(StolenKeyError):
        world.do("list_key", key, NOW)
    world.by(ANN, "propose_lifting", key, "looks good", NOW)
    world.ask(key)
    with pytest.raises(StolenKeyError, match="bank, version 1"):
        world.by(BEN, "lift_quarantine", key, "looks good", NOW)
    world.trade.stolen = list_of(HONEST)
    # Nor does the list's end alone.
    with pytest.raises(IllegalTransitionError):
        world.do("list_key", key, NOW)
    assert "key.listed" not in world.topics()


def test_b3_a_key_that_is_reported_while_it_is_off_the_shelf_does_not_come_back() -> None:
    world = Applying()
    (key,) = world.brought([STOLEN])
    world.do("unlist_key", key)
    world.trade.stolen = list_of(STOLEN)
    with pytest.raises(StolenKeyError):
        world.do("list_key", key, NOW)
    assert world.by(RULE, "quarantine_key", key) == ["key.quarantined"]


def test_b3_a_key_that_is_reported_while_it_is_on_the_shelf_is_not_reserved() -> None:
    world = Applying()
    (key,) = world.brought([STOLEN])
    world.trade.stolen = list_of(STOLEN)
    with pytest.raises(StolenKeyError):
        world.place(key)
    assert "key.reserved" not in world.topics()


def test_b3_a_qualified_merchant_s_stolen_key_is_set_aside_too() -> None:
    world = Applying()
    world.admitted()
    world.granted()
    world.trade.stolen = list_of(STOLEN)
    (key,) = world.brought([STOLEN])
    assert world.state(key) == "quarantined"


def test_b3_a_key_is_set_aside_for_a_reason_that_can_be_checked() -> None:
    world = Applying()
    (key,) = world.brought([HONEST])
    with pytest.raises(NoGroundForQuarantineError):
        world.by(RULE, "quarantine_key", key, list_of(STOLEN))
    world.do("check_upstream", key, Answer("operator", "used"))
    assert world.by(RULE, "quarantine_key", key) == ["key.quarantined"]
    assert world.last("key.quarantined") == {"cause": "upstream_used"}


def test_b3_a_buyer_s_key_is_set_aside_by_its_refund_alone() -> None:
    world = Applying()
    (key,) = world.brought([STOLEN])
    world.place(key)
    for state in ("reserved", "sold"):
        assert world.state(key) == state
        with pytest.raises(WrongPartyError, match="refund"):
            world.by(RULE, "quarantine_key", key, list_of(STOLEN))
        if state == "reserved":
            payment, order = identifier("pay"), identifier("ord")
            world.do("initiate_payment", payment, identifier("chk"), PRICE)
            world.do("capture_payment", payment, PRICE, [order], {"name": BUYER})


def test_b3_two_persons_and_a_new_check_let_a_key_out() -> None:
    world, key = quarantined()
    assert world.by(ANN, "propose_lifting", key, "wrong report", NOW) == ["qualification.reviewed"]
    assert world.ask(key) == ["key.upstream_checked"]
    assert world.by(BEN, "lift_quarantine", key, "wrong report", NOW) == ["key.quarantine_lifted"]
    assert world.last("key.quarantine_lifted") == {
        "lifted_at": NOW,
        "reason": "wrong report",
        "proposed_by": ANN[0],
    }
    assert world.state(key) == "sealed"
    assert world.do("list_key", key, NOW) == ["key.listed"]


def test_b3_one_person_lets_no_key_out() -> None:
    world, key = quarantined()
    world.ask(key)
    with pytest.raises(SecondPersonMissingError):
        world.by(ANN, "lift_quarantine", key, "wrong report", NOW)
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(ANN, "lift_quarantine", key, "wrong report", NOW)
    with pytest.raises(ReasonMissingError):
        world.by(BEN, "lift_quarantine", key, " ", NOW)
    assert world.state(key) == "quarantined"


@pytest.mark.parametrize("who", [SELLER, RULE, (BUYER, "consumer")])
def test_b3_nobody_but_staff_lets_a_key_out(who: Who) -> None:
    world, key = quarantined()
    world.ask(key)
    with pytest.raises(ConflictOfInterestError):
        world.by(who, "propose_lifting", key, "mine", NOW)
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(who, "lift_quarantine", key, "mine", NOW)


def test_b3_what_was_known_before_the_quarantine_lets_no_key_out() -> None:
    world = Applying()
    (key,) = world.brought([STOLEN])
    world.ask(key)
    world.by(RULE, "quarantine_key", key, list_of(STOLEN))
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    with pytest.raises(UpstreamNotUnusedError):
        world.by(BEN, "lift_quarantine", key, "wrong report", NOW)


@pytest.mark.parametrize("mark", ["USED", "ELSE", "REGN", "RVKD", "NONE", "SLNT"])
def test_b3_a_check_that_says_anything_but_unused_lets_no_key_out(mark: str) -> None:
    world = Applying()
    raw = f"AAAA-{mark}"
    (key,) = world.brought([raw])
    world.by(RULE, "quarantine_key", key, list_of(raw))
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    world.ask(key)
    with pytest.raises(UpstreamNotUnusedError):
        world.by(BEN, "lift_quarantine", key, "wrong report", NOW)


def test_b3_a_check_of_yesterday_lets_no_key_out() -> None:
    world, key = quarantined()
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    world.ask(key)
    with pytest.raises(UpstreamNotUnusedError):
        world.by(BEN, "lift_quarantine", key, "wrong report", "2026-11-23T10:00:01Z")
    assert world.by(BEN, "lift_quarantine", key, "x", LATER) == ["key.quarantine_lifted"]


def test_b3_a_vote_counts_for_one_quarantine_alone() -> None:
    world, key = quarantined()
    world.by(ANN, "propose_lifting", key, "wrong report", NOW)
    world.ask(key)
    world.by(BEN, "lift_quarantine", key, "wrong report", NOW)
    world.by(RULE, "quarantine_key", key, list_of(STOLEN, version="2"))
    world.ask(key)
    with pytest.raises(SecondPersonMissingError):
        world.by(BEN, "lift_quarantine", key, "wrong report", HOUR_LATER)


def test_b3_a_new_list_is_held_against_all_that_is_in_stock(tmp_path: Path) -> None:
    world = Applying()
    lists = StolenLists(tmp_path, SECRET)
    world.trade.stolen = lists
    stolen, honest, sold, aside = world.brought([STOLEN, HONEST, "SOLD-0001", "ASIDE-001"])
    world.place(sold)
    world.do("check_upstream", aside, Answer("operator", "used"))
    world.by(RULE, "quarantine_key", aside)
    assert list(world.trade.stolen_in_stock()) == []
    write_list(tmp_path, Listing("bank", "1"), [STOLEN, "SOLD-0001", "ASIDE-001"], SECRET)
    lists.reload()
    assert list(world.trade.stolen_in_stock()) == [stolen]
    assert world.by(RULE, "quarantine_key", stolen) == ["key.quarantined"]
    assert list(world.trade.stolen_in_stock()) == []
    assert world.state(honest) == "listed"


def test_b3_a_list_that_is_refused_leaves_what_was_known(tmp_path: Path) -> None:
    write_list(tmp_path, Listing("bank", "1"), [STOLEN], SECRET)
    lists = StolenLists(tmp_path, SECRET)
    (tmp_path / f"other{SUFFIX}").write_text("nonsense")
    with pytest.raises(MalformedError):
        lists.reload()
    assert find_any(lists, fingerprint(STOLEN, SECRET)) == Listing("bank", "1")


# --- the lists


@settings(max_examples=50)
@given(st.lists(st.text("abcXYZ0189 -", min_size=1).filter(lambda t: t.strip(" -")), max_size=20))
def test_b3_a_list_finds_what_was_put_into_it_in_any_spelling_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, raw_keys: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    write_list(folder, Listing("bank", "7"), raw_keys, SECRET)
    lists = StolenLists(folder, SECRET)
    for each in raw_keys:
        for spelling in (each, each.upper(), f" {each}-"):
            assert find_any(lists, fingerprint(spelling, SECRET)) == Listing("bank", "7")
    assert find_any(lists, fingerprint("something else?", SECRET)) is None


def test_b3_a_list_holds_no_raw_key_and_no_bare_hash(tmp_path: Path) -> None:
    write_list(tmp_path, Listing("bank", "7"), [STOLEN], SECRET)
    text = (tmp_path / f"bank{SUFFIX}").read_text()
    assert "AAAA" not in text.upper()
    assert all(mark in text for mark in fingerprint(STOLEN, SECRET))
    assert not any(mark in text for mark in fingerprint(STOLEN, bytes(32)))


def test_b3_several_lists_are_asked_and_a_new_version_takes_the_old_one_s_place(
    tmp_path: Path,
) -> None:
    write_list(tmp_path, Listing("bank", "1"), [STOLEN], SECRET)
    write_list(tmp_path, Listing("court", "1"), [HONEST], SECRET)
    lists = StolenLists(tmp_path, SECRET)
    assert find_any(lists, fingerprint(HONEST, SECRET)) == Listing("court", "1")
    write_list(tmp_path, Listing("bank", "2"), [], SECRET)
    lists = StolenLists(tmp_path, SECRET)
    assert find_any(lists, fingerprint(STOLEN, SECRET)) is None


def test_b3_a_list_made_with_another_index_key_is_refused(tmp_path: Path) -> None:
    """It would find nothing, and say nothing."""
    write_list(tmp_path, Listing("bank", "7"), [STOLEN], os.urandom(32))
    with pytest.raises(MalformedError, match="another index key"):
        StolenLists(tmp_path, SECRET)


def test_b3_where_there_is_no_folder_nothing_is_known_to_be_stolen(tmp_path: Path) -> None:
    assert StolenLists(tmp_path / "none", SECRET).find("0" * 64) is None


DAMAGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line dropped": lambda lines: lines[:-1],
    "a line twice": lambda lines: [*lines, lines[-1]],
    "out of order": lambda lines: [lines[0], *lines[:0:-1]],
    "upper case": lambda lines: [lines[0], *(each.upper() for each in lines[1:])],
    "a raw key": lambda lines: [*lines[:-1], STOLEN],
    "no head": lambda lines: lines[1:],
    "another name": lambda lines: [lines[0].replace("bank", "bamk"), *lines[1:]],
    "loose JSON": lambda lines: [lines[0].replace(":", ": "), *lines[1:]],
    "another member": lambda lines: [lines[0].replace("version", "versions"), *lines[1:]],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_b3_a_list_that_is_not_in_its_form_is_refused_whole(tmp_path: Path, damage: str) -> None:
    write_list(tmp_path, Listing("bank", "7"), [STOLEN, HONEST], SECRET)
    path = tmp_path / f"bank{SUFFIX}"
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{each}\n" for each in DAMAGES[damage](lines)))
    with pytest.raises(MalformedError):
        StolenLists(tmp_path, SECRET)


def test_b3_a_list_has_a_name_that_can_be_a_file_s(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="list"):
        write_list(tmp_path, Listing("../keys/x", "7"), [], SECRET)
