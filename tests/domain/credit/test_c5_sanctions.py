"""C5: a graded list, an appeal path, an end date; an expired sanction has no effect."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.command import Command
from domain.credit.ladder import LADDERS, Ground
from domain.credit.sanction import SanctionApplied, SanctionRecord
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotFoundError,
    ReasonMissingError,
    SanctionedError,
    WindowOverError,
    WrongPartyError,
)
from domain.event import Role
from domain.keys.intake import Upload
from domain.money import Money
from tests.domain.credit.test_c4_deposits import accounts, deposit_of, paid_up
from tests.domain.credit.trades import START, moment
from tests.domain.given import MERCHANT, NOW, PRODUCT, SECRET, World, identifier, key_of_line

LADDER = LADDERS[1]
SANCTION = identifier("snc")
STOPPED: Ground = "deposit_unpaid"
"""A ground that stops listing, for two weeks."""
APPEAL_ENDS = "2026-11-25T10:00:00Z"
LAST_SECOND, END = "2026-12-06T09:59:59Z", "2026-12-06T10:00:00Z"


def by(world: World, actor: str, role: Role, at: str | None = NOW) -> Command:
    """Return a command of *actor*, in *role*, at a moment."""
    command = world.command()
    command.meta = replace(command.meta, actor=actor, role=role, occurred_at=at)
    return command


def sanctioned(ground: Ground = STOPPED) -> tuple[World, str]:
    """Return a world whose merchant is under sanction by staff-1, and a key off the shelf."""
    world = World()
    (key,) = world.stocked()
    world.do("unlist_key", key)
    apply(world, ground)
    return world, key


def apply(world: World, ground: Ground = STOPPED, sanction: str = SANCTION, now: str = NOW) -> None:
    """Let staff-1 apply a sanction."""
    command = by(world, "staff-1", "staff", now)
    world.trade.apply_sanction(command, MERCHANT, sanction, ground, [3, 5], now)


def record_of(world: World) -> SanctionRecord:
    """Return the merchant's record."""
    return world.trade.sanctions_of(MERCHANT)


def levels(world: World) -> list[str]:
    """Return the levels of all sanctions in their order."""
    return [each.level for each in world.events() if isinstance(each, SanctionApplied)]


def test_c5_the_sanction_says_why_by_what_and_until_when() -> None:
    world, _ = sanctioned("total_fault")
    (applied,) = (each for each in world.events() if isinstance(each, SanctionApplied))
    assert (applied.level, applied.rules, applied.relied_on) == ("traffic_halved", 1, (3, 5))
    assert (applied.starts_at, applied.ends_at, applied.appeal_until) == (NOW, END, APPEAL_ENDS)
    assert applied.reason_zh == f"因买家未能获得商品, 处以流量减半, 至{END}止。"
    assert applied.reason_en == f"For a buyer got nothing: half the traffic, until {END}."


@pytest.mark.parametrize(("ground", "place"), list(LADDER.grounds.items()))
def test_c5_each_breach_begins_on_its_step(ground: Ground, place: int) -> None:
    world, _ = sanctioned(ground)
    assert levels(world) == [LADDER.steps[place].level]


def test_c5_each_further_breach_leads_a_step_further_up_to_the_last() -> None:
    world = World()
    for number in range(7):
        apply(world, "partial_fault", identifier("snc", f"{number}"))
    expected = [each.level for each in LADDER.steps]
    assert levels(world) == [*expected, expected[-1], expected[-1]]


def test_c5_old_and_lifted_sanctions_lead_no_further() -> None:
    world = World()
    apply(world, "partial_fault", identifier("snc", "old"), "2026-05-01T00:00:00Z")
    lifted = identifier("snc", "lifted")
    apply(world, "partial_fault", lifted)
    lift(world, "staff-1", lifted, "error")
    apply(world, "partial_fault", identifier("snc", "new"))
    assert levels(world) == ["warning", "warning", "warning"]


def test_c5_a_sanction_in_force_stops_listing_and_says_which() -> None:
    world, key = sanctioned()
    before = world.size()
    with pytest.raises(SanctionedError, match=SANCTION):
        world.do("list_key", key)
    with pytest.raises(SanctionedError):
        world.do("list_key", key, now=LAST_SECOND)
    upload = Upload(identifier("bat", "b"), MERCHANT, PRODUCT, ["CCCC-DDDD"], 1)
    with pytest.raises(SanctionedError):
        world.do("import_batch", upload, SECRET, world.taken, key_of_line)
    assert world.size() == before


def test_c5_an_expired_sanction_has_no_effect_though_nobody_recorded_its_end() -> None:
    world, key = sanctioned()
    assert record_of(world).in_force(LAST_SECOND)
    assert record_of(world).in_force(END) == []
    assert world.do("list_key", key, now=END) == ["key.listed"]
    assert "sanction.expired" not in world.topics()


def test_c5_without_a_time_nobody_guesses_that_it_is_over() -> None:
    world, key = sanctioned()
    with pytest.raises(SanctionedError, match="name the time"):
        world.trade.list_key(by(world, "M", "merchant", None), key)
    command = by(world, "timer", "platform", END)
    world.trade.expire_sanction(command, MERCHANT, SANCTION, END)
    world.trade.list_key(by(world, "M", "merchant", None), key)


def test_c5_milder_sanctions_do_not_stop_listing() -> None:
    world, key = sanctioned("total_fault")
    assert world.do("list_key", key) == ["key.listed"]


def test_c5_the_worker_records_an_end_once_and_never_early() -> None:
    world, _ = sanctioned()
    with pytest.raises(WindowOverError, match="in force until"):
        world.do("expire_sanction", MERCHANT, SANCTION, LAST_SECOND)
    assert world.do("expire_sanction", MERCHANT, SANCTION, END) == ["sanction.expired"]
    with pytest.raises(IllegalTransitionError, match="expired"):
        world.do("expire_sanction", MERCHANT, SANCTION, END)


def test_c5_a_clock_that_steps_back_brings_no_expired_sanction_back() -> None:
    world, key = sanctioned()
    world.do("expire_sanction", MERCHANT, SANCTION, END)
    assert world.do("list_key", key, now=NOW) == ["key.listed"]


def test_c5_a_later_event_is_remembered_when_the_clock_steps_back() -> None:
    world, _ = sanctioned()
    apply(world, "partial_fault", identifier("snc", "b"), "2026-12-07T00:00:00Z")
    assert [each.id for each in record_of(world).in_force(NOW)] == [identifier("snc", "b")]


def test_c5_a_clock_that_steps_back_ends_no_right_to_appeal() -> None:
    world, _ = sanctioned()
    apply(world, "partial_fault", identifier("snc", "b"), "2027-01-01T00:00:00Z")
    world.do("appeal_sanction", MERCHANT, SANCTION, "not us", "2026-11-25T09:59:59Z")
    assert record_of(world).find(SANCTION).state == "appealed"


@given(st.lists(st.integers(0, 3_600), min_size=1, max_size=8))
def test_c5_what_is_in_force_depends_on_no_worker(hours: list[int]) -> None:
    lazy, busy = World(), World()
    for number, hour in enumerate(sorted(hours)):
        now = moment(START + timedelta(hours=hour))
        for world in (lazy, busy):
            apply(world, "late_delivery", identifier("snc", f"{number}"), now)
        for each in record_of(busy).live():
            if now >= each.ends_at:
                busy.do("expire_sanction", MERCHANT, each.id, now)
        found = [[each.id for each in record_of(world).in_force(now)] for world in (lazy, busy)]
        assert found[0] == found[1]
    assert levels(lazy) == levels(busy)


def lift(world: World, actor: str, sanction: str = SANCTION, cause: str = "appeal") -> None:
    """Let *actor* of staff lift a sanction."""
    command = by(world, actor, "staff")
    world.trade.lift_sanction(command, MERCHANT, sanction, cause, "it was not so", NOW)  # type: ignore[arg-type]


def test_c5_an_appeal_is_granted_by_another_person() -> None:
    world, key = sanctioned()
    with pytest.raises(IllegalTransitionError, match="applied"):
        lift(world, "staff-2")
    world.do("appeal_sanction", MERCHANT, SANCTION, "it was the operator", NOW)
    with pytest.raises(ConflictOfInterestError, match="staff-1"):
        lift(world, "staff-1")
    lift(world, "staff-2")
    assert world.do("list_key", key) == ["key.listed"]
    with pytest.raises(IllegalTransitionError, match="lifted"):
        lift(world, "staff-2", cause="error")


def test_c5_an_appeal_comes_in_time_once_and_with_a_reason() -> None:
    world, _ = sanctioned()
    before = world.size()
    with pytest.raises(WindowOverError, match=APPEAL_ENDS):
        world.do("appeal_sanction", MERCHANT, SANCTION, "late", APPEAL_ENDS)
    with pytest.raises(ReasonMissingError):
        world.do("appeal_sanction", MERCHANT, SANCTION, " ", NOW)
    assert world.size() == before
    world.do("appeal_sanction", MERCHANT, SANCTION, "in time", "2026-11-25T09:59:59Z")
    with pytest.raises(IllegalTransitionError, match="appealed"):
        world.do("appeal_sanction", MERCHANT, SANCTION, "again", NOW)


def test_c5_an_appeal_that_nobody_grants_changes_nothing() -> None:
    world, _ = sanctioned()
    world.do("appeal_sanction", MERCHANT, SANCTION, "please", NOW)
    assert record_of(world).in_force(LAST_SECOND)
    assert record_of(world).in_force(END) == []


def test_c5_the_merchant_lifts_nothing() -> None:
    world, _ = sanctioned()
    command = by(world, MERCHANT, "merchant")
    with pytest.raises(WrongPartyError, match="by staff"):
        world.trade.lift_sanction(command, MERCHANT, SANCTION, "error", "we say so", NOW)


def test_c5_staff_state_why_they_lift() -> None:
    world, _ = sanctioned()
    command = by(world, "staff-1", "staff")
    with pytest.raises(ReasonMissingError):
        world.trade.lift_sanction(command, MERCHANT, SANCTION, "error", "", NOW)


@pytest.mark.parametrize(
    "now", ["", "yesterday", "2026-11-22", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_c5_a_sanction_begins_at_a_moment(now: str) -> None:
    with pytest.raises(MalformedError, match="now"):
        World().do("apply_sanction", MERCHANT, SANCTION, STOPPED, [1], now)


def test_c5_a_sanction_names_the_events_that_show_the_breach() -> None:
    with pytest.raises(ReasonMissingError):
        World().do("apply_sanction", MERCHANT, SANCTION, STOPPED, [], NOW)


@pytest.mark.parametrize("sanction", ["", "snc_1", identifier("ord")])
def test_c5_a_sanction_has_an_identifier_of_its_kind(sanction: str) -> None:
    with pytest.raises(MalformedError):
        World().do("apply_sanction", MERCHANT, sanction, STOPPED, [1], NOW)


def test_c5_a_sanction_is_applied_once() -> None:
    world, _ = sanctioned()
    with pytest.raises(IllegalTransitionError, match="already"):
        apply(world)


def test_c5_what_was_never_applied_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        World().do("appeal_sanction", MERCHANT, SANCTION, "why", NOW)


def under_forfeit() -> World:
    """Return a world whose merchant has paid its deposit and may lose half of it."""
    world = paid_up(World())
    apply(world, "stolen_keys")
    return world


def test_c5_after_an_appeal_another_person_decides_on_the_deposit() -> None:
    world = under_forfeit()
    world.do("appeal_sanction", MERCHANT, SANCTION, "not ours", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.trade.forfeit_deposit(by(world, "staff-1", "staff"), MERCHANT, SANCTION, NOW)
    world.trade.forfeit_deposit(by(world, "staff-2", "staff"), MERCHANT, SANCTION, NOW)
    assert deposit_of(world).balance == 500_000


@pytest.mark.parametrize("now", ["2026-12-22T10:00:00Z", "2027-01-01T00:00:00Z"])
def test_c5_an_expired_sanction_takes_nothing(now: str) -> None:
    world = under_forfeit()
    with pytest.raises(IllegalTransitionError, match="until 2026-12-22"):
        world.do("forfeit_deposit", MERCHANT, SANCTION, now)


def test_c5_a_lifted_sanction_takes_nothing_and_gives_back_what_it_took() -> None:
    world = under_forfeit()
    world.do("forfeit_deposit", MERCHANT, SANCTION, APPEAL_ENDS)
    lift(world, "staff-1", cause="error")
    assert world.topics()[-3:] == ["sanction.lifted", "deposit.topped_up", "ledger.posted"]
    assert accounts(world)[f"deposit:{MERCHANT}"] == deposit_of(world).balance == 1_000_000
    assert accounts(world)["penalties"] == 0
    with pytest.raises(IllegalTransitionError, match="lifted"):
        world.do("forfeit_deposit", MERCHANT, SANCTION, APPEAL_ENDS)


def test_c5_a_sanction_that_takes_no_deposit_takes_none() -> None:
    world = paid_up(World())
    apply(world, "deposit_unpaid")
    with pytest.raises(IllegalTransitionError):
        world.do("forfeit_deposit", MERCHANT, SANCTION, APPEAL_ENDS)
    assert deposit_of(world).balance == Money(1_000_000, "CNY").amount
