"""A7: how long data are kept is told by the log: three years from the completion of a trade."""

import pytest

from domain.disputes.case import Recorded
from domain.identity.retention import (
    TOPICS,
    Duty,
    duty_of,
    longest,
    trades_of,
    years_after,
)
from domain.policies.policy import Entries
from domain.retail.importing import RetailImport
from domain.retail.rows import read_rows
from tests.domain.given import BUYER, LATER, MERCHANT, NOW, SECRET, World, identifier
from tests.domain.policies.followed import Followed
from tests.domain.retail.shop import shop

LATE = "2029-06-01T00:00:00Z"


def entries_of(world: World) -> list[Recorded]:
    """Return what the log would hand out, each at the moment that its event says."""
    return [
        Recorded(index, each, each.meta.occurred_at or NOW)
        for index, each in enumerate(world.events())
        if each.TOPIC in TOPICS
    ]


def duty(world: World, party: str = BUYER, now: str = LATE) -> Duty | None:
    return longest(trades_of(entries_of(world), party), now)


def test_nobody_keeps_the_data_of_whoever_never_traded() -> None:
    world = World()
    world.delivered()
    assert duty(world, identifier("usr", "somebody else")) is None
    assert duty(world, "M-ZHU") is None


def test_a_trade_that_goes_on_has_no_end_yet() -> None:
    world = World()
    order = world.delivered()
    for party in (BUYER, MERCHANT):
        found = duty(world, party)
        assert found is not None
        assert found.until == "2032-06-01T00:00:00Z"
        assert f"{order} not completed yet" in found.basis
        assert found.runs(LATE)


def test_a_trade_that_was_never_paid_counts_from_its_end() -> None:
    world = World()
    order = world.placed()
    world.do("expire_order", order, LATER)
    found = duty(world)
    assert found is not None
    last = max(each.moment for each in entries_of(world))
    assert found.until == years_after(last)
    assert f"{order} completed {last}" in found.basis


def test_money_that_is_still_to_go_back_is_part_of_the_trade() -> None:
    world = World()
    order, refund = world.delivered(), identifier("rfd")
    world.do("request_refund", refund, order)
    trades = trades_of(entries_of(world), BUYER)
    assert [sorted(each.open) for each in trades] == [sorted([order, refund])]


def test_past_sales_from_a_file_are_complete_by_what_the_file_says() -> None:
    world = World()
    RetailImport(world.trade.submit, world.sealer, SECRET).run(read_rows(shop()))
    found = entries_of(world)
    buyers = {str(e.event.data()["buyer"]) for e in found if e.event.TOPIC == "order.placed"}
    assert len(buyers) > 1
    for buyer in buyers:
        known = longest(trades_of(found, buyer), LATE)
        assert known is not None
        assert not known.runs(LATE)


def test_the_duty_that_ends_last_is_the_one_that_is_named() -> None:
    world = World()
    first, second = world.stocked(["AAAA-BBBB", "CCCC-DDDD"])
    world.delivered(first)
    world.delivered(second, "b")
    trades = trades_of(entries_of(world), BUYER)
    trades[0].open.clear()
    found = longest(trades, LATE)
    assert found is not None
    assert trades[1].order in found.basis
    assert len(found.basis) < 165


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-11-22T10:00:00Z", "2029-11-22T10:00:00Z"),
        ("2028-02-29T23:59:59Z", "2031-03-01T23:59:59Z"),
        ("2025-02-28T00:00:00Z", "2028-02-28T00:00:00Z"),
    ],
)
def test_three_years_are_three_years_of_the_calendar(moment: str, ends: str) -> None:
    assert years_after(moment) == ends


def test_a_duty_ends_with_its_last_second() -> None:
    known = Duty("basis", "2029-11-22T10:00:00Z")
    assert known.runs("2029-11-22T09:59:59Z")
    assert not known.runs("2029-11-22T10:00:00Z")


def test_every_page_of_the_log_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.identity.retention.PAGE", 3)
    world = Followed()
    order = world.delivered()
    log = world.trade.recorder
    assert isinstance(log, Entries)
    found = duty_of(log, BUYER, world.size(), LATE)
    assert found is not None
    assert order in found.basis
