"""A7: a day's erasures are listed by digest, and what is listed says nothing of persons."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.entry import MAX_ENTRY_SIZE, Entry
from chain.errors import MalformedError
from domain.disputes.case import Histories
from domain.event import read_event
from domain.identity.account import (
    MAX_DIGESTS,
    PrivacyErased,
    account_of,
    check_erased,
    subjects_of,
)
from domain.identity.erasing import command_id_of
from domain.identity.erasure import erased
from tests.domain.given import BUYER, LATER, NOW, World, command_of, identifier, meta_of
from tests.domain.identity.test_a7_end import by

DATE = "2026-11-22"
DIGESTS = [sha256(bytes([number])).hexdigest() for number in range(8)]


def digests(count: int) -> list[str]:
    return [sha256(number.to_bytes(4)).hexdigest() for number in range(count)]


def listed(world: World) -> list[PrivacyErased]:
    return [each for each in world.events() if isinstance(each, PrivacyErased)]


def test_digests_of_a_day_stand_sorted_in_its_stream_and_name_nobody() -> None:
    world = World()
    world.do("list_erasures", DATE, DIGESTS)
    [entry] = listed(world)
    assert entry.originator_id == f"erasure/{DATE}"
    assert entry.data() == {"digests": sorted(DIGESTS)}


@pytest.mark.parametrize(("count", "entries"), [(900, 1), (901, 2), (1_801, 3)])
def test_more_than_900_digests_take_several_entries_of_the_days_stream(
    count: int, entries: int
) -> None:
    world = World()
    world.do("list_erasures", DATE, digests(count))
    found = listed(world)
    assert [each.originator_version for each in found] == list(range(1, entries + 1))
    spread = [digest for each in found for digest in each.digests or ()]
    assert spread == sorted(digests(count))
    assert all(len(each.digests or ()) <= MAX_DIGESTS for each in found)
    recorder = world.trade.recorder
    assert isinstance(recorder, Histories)
    for _, entry in recorder.select_history(f"erasure/{DATE}"):
        assert len(entry) <= MAX_ENTRY_SIZE
        Entry.parse(entry)


def test_a_second_list_of_the_day_follows_the_first_in_one_stream() -> None:
    world = World()
    world.do("list_erasures", DATE, DIGESTS[:2])
    world.do("list_erasures", DATE, DIGESTS[2:4])
    world.do("list_erasures", "2026-11-23", DIGESTS[4:])
    assert [(each.originator_id[-2:], each.originator_version) for each in listed(world)] == [
        ("22", 1),
        ("22", 2),
        ("23", 1),
    ]
    known = erased(world.trade.recorder)
    assert known.judged() == set(DIGESTS)
    assert known.decided == set()


def test_the_same_list_again_is_recorded_once() -> None:
    world = World()
    name = command_id_of(DATE, DIGESTS)
    assert name == command_id_of(DATE, [*DIGESTS[::-1], DIGESTS[0]])
    for _ in "ab":
        world.trade.list_erasures(command_of(name, world.sealer), DATE, DIGESTS)
    assert len(listed(world)) == 1


@pytest.mark.parametrize(
    ("date", "given_digests"),
    [(DATE, []), ("2026-11-2", DIGESTS), ("today", DIGESTS), (DATE, ["ab"]), (DATE, ["A" * 64])],
)
def test_what_is_no_list_is_not_recorded(date: str, given_digests: list[str]) -> None:
    world = World()
    with pytest.raises(MalformedError):
        world.do("list_erasures", date, given_digests)
    assert world.size() == 0


def test_what_two_persons_decided_is_known_by_its_data_subjects() -> None:
    world = World()
    by(world, "staff-1", "ask_erasure", BUYER, NOW)
    assert erased(world.trade.recorder).decided == set()
    by(world, "staff-2", "erase_person", BUYER, LATER)
    known = erased(world.trade.recorder)
    assert known.decided == {BUYER, account_of(BUYER)}
    assert known.judged() == set()


def test_entries_of_version_1_are_read_as_before_and_judged_by_data_subject() -> None:
    """They listed no digests: an audit has nothing else to go by."""
    data = {"asked_by": "staff-1", "party": BUYER, "subjects": list(subjects_of(BUYER))}
    meta = json.loads(meta_of("cmd/old").spell(1))
    body = json.dumps({"data": data, "meta": meta}, sort_keys=True, separators=(",", ":"))
    found = read_event(account_of(BUYER), 3, "privacy.erased", body.encode())
    assert isinstance(found, PrivacyErased)
    assert (found.party, found.asked_by) == (BUYER, "staff-1")
    assert found.subjects == subjects_of(BUYER)
    world = World()
    world.trade.save(found.__class__(account_of(BUYER), 1, found.meta, **found.data()))
    known = erased(world.trade.recorder)
    assert known.decided == known.unlisted == known.judged() == set(subjects_of(BUYER))


DIGEST = st.sampled_from(DIGESTS)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "party": st.just(BUYER),
            "asked_by": st.just("staff-1"),
            "subjects": st.just((BUYER,)),
            "digests": st.lists(DIGEST, max_size=4).map(tuple),
        },
    )
)
def test_an_entry_is_of_an_account_or_of_a_day_and_never_both(members: dict[str, object]) -> None:
    is_account = {"party", "asked_by"} <= members.keys() and "digests" not in members
    given_digests = members.get("digests", ())
    assert isinstance(given_digests, tuple)
    is_sorted = bool(given_digests) and list(given_digests) == sorted(set(given_digests))
    is_day = members.keys() == {"digests"} and is_sorted
    try:
        check_erased(PrivacyErased(identifier("acc"), 1, meta_of("cmd/a"), **members))  # type: ignore[arg-type]
    except MalformedError:
        assert not is_account
        assert not is_day
    else:
        assert is_account or is_day
