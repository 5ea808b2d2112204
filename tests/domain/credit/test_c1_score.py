"""C1: the score is what the log says, at every position, byte for byte."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.canonical import parse, to_bytes
from chain.entry import Entry
from chain.errors import MalformedError
from domain.credit.rules import RULES
from domain.credit.score import MARKS, Score, assess, contributing, score
from domain.credit.tally import EPOCH, Logged, Tally
from tests.domain.credit.trades import OTHER, SHOP, START, Trades, logs, moment

RULES_1 = RULES[1]


def score_of(trades: Trades, shop: str = SHOP) -> Score:
    """Return the score at the end of the log."""
    return score(trades.log, shop, len(trades.log), RULES_1)


def points(found: Score) -> dict[str, int]:
    """Return the points of each input."""
    return {each.name: each.points for each in found.inputs}


@settings(deadline=None, max_examples=60)
@given(logs())
def test_c1_folding_on_equals_folding_from_scratch_at_every_prefix(log: list[Logged]) -> None:
    tally = Tally(RULES_1)
    for size in range(len(log) + 1):
        for shop in (SHOP, OTHER):
            assert assess(tally, shop).canonical() == score(log, shop, size, RULES_1).canonical()
        if size < len(log):
            tally.take(log[size])


@settings(deadline=None, max_examples=60)
@given(logs(), st.data())
def test_c1_what_comes_later_changes_no_earlier_score(
    log: list[Logged], data: st.DataObject
) -> None:
    size = data.draw(st.integers(0, len(log)))
    assert score(log, SHOP, size).canonical() == score(log[:size], SHOP, size).canonical()


@settings(deadline=None, max_examples=60)
@given(logs())
def test_c1_every_contributing_event_is_named_and_is_of_the_shop(log: list[Logged]) -> None:
    tally = Tally(RULES_1)
    tally.read(log)
    named = contributing(tally, SHOP)
    for each in assess(tally, SHOP).inputs:
        assert each.events == len(named[each.name])
        assert set(each.newest) <= set(named[each.name])
        assert len(each.newest) == min(each.events, RULES_1.named)
    theirs = {leaf for leaves in contributing(tally, OTHER).values() for leaf in leaves}
    assert not theirs & {leaf for leaves in named.values() for leaf in leaves}


@settings(deadline=None, max_examples=60)
@given(logs())
def test_c1_a_score_is_an_integer_of_its_scale_and_reads_back(log: list[Logged]) -> None:
    found = score(log, SHOP, len(log))
    assert 0 <= found.score <= found.scale == 1000
    assert to_bytes(parse(found.canonical())) == found.canonical()


def test_c1_a_shop_without_history_has_the_base() -> None:
    found = score([], SHOP, 0)
    assert (found.score, found.log_time, found.log_size) == (600, EPOCH, 0)
    assert set(points(found).values()) == {0}


def test_c1_each_input_moves_the_score_its_way() -> None:
    trades = Trades()
    trades.sales(50)
    assert points(score_of(trades)) == {
        "trade_volume": 60,
        "complaint_rate": 0,
        "fulfilment_speed": 71,
        "fault_rulings": 0,
        "fault_refunds": 0,
        "chargebacks": 0,
    }
    trades.end(trades.dispute(trades.sale()), "refund", "total")
    trades.concede(trades.dispute(trades.sale(), fault="revoked"))
    trades.end(trades.dispute(trades.sale(), "channel"))
    trades.sale(seconds=601)
    found = {each.name: (each.value, each.points) for each in score_of(trades).inputs}
    assert found == {
        "trade_volume": (54, 60),
        "complaint_rate": (3 * 10_000 // 104, -36),
        "fulfilment_speed": ((53 * 10_000 + 160_000) // 74, 66),
        "fault_rulings": (3 * 10_000 // 104, -36),
        "fault_refunds": (10_000 // 104, -12),
        "chargebacks": (10_000 // 104, -24),
    }


def test_c1_a_complaint_that_was_withdrawn_or_rejected_leaves_no_trace_in_the_rate() -> None:
    trades = Trades()
    first, second, third = trades.sale(), trades.sale(), trades.sale()
    before = points(score_of(trades))
    trades.withdraw(trades.dispute(first))
    trades.end(trades.dispute(second), "rejected", "none")
    trades.end(trades.dispute(third, "channel"), "rejected", "none")
    assert points(score_of(trades)) == before


def test_c1_what_the_platform_opens_is_no_complaint() -> None:
    trades = Trades()
    trades.dispute(trades.sale(), "platform")
    assert points(score_of(trades))["complaint_rate"] == 0


def test_c1_assumed_deliveries_speak_neither_for_nor_against() -> None:
    trades = Trades()
    trades.sale(seconds=5, basis="assumed")
    found = {each.name: each.events for each in score_of(trades).inputs}
    assert (found["trade_volume"], found["fulfilment_speed"]) == (1, 0)


def test_c1_a_refunded_order_is_no_trade() -> None:
    trades = Trades()
    trades.refund(trades.sale())
    assert score_of(trades).inputs[0].value == 0


@pytest.mark.parametrize(("seconds", "late"), [(600, False), (601, True), (-5, False)])
def test_c1_the_deadline_itself_is_in_time(seconds: int, late: bool) -> None:  # noqa: FBT001 — a table's column
    trades = Trades()
    trades.sale(seconds=seconds)
    assert (points(score_of(trades))["fulfilment_speed"] < 0) is late


def test_c1_the_window_forgets_on_its_day() -> None:
    trades = Trades()
    trades.dispute(trades.sale())
    trades.now = START + timedelta(days=179)
    trades.sale(OTHER)
    assert points(score_of(trades))["complaint_rate"] < 0
    trades.now = START + timedelta(days=180)
    trades.sale(OTHER)
    assert points(score_of(trades)) == dict.fromkeys(MARKS, 0)


def test_c1_a_clock_that_steps_back_moves_no_window() -> None:
    trades = Trades()
    trades.now = START + timedelta(days=200)
    trades.sales(10)
    before = score_of(trades)
    trades.now = START
    trades.sale(OTHER)
    after = score_of(trades)
    assert (after.since, after.log_time) == (before.since, before.log_time)
    assert after.inputs == before.inputs


def test_c1_a_moment_of_no_calendar_is_no_moment() -> None:
    trades = Trades()
    order = trades.sale(seconds=None)
    last = trades.log[-1]
    for leaf, wrong in ((2, "2026-02-30T00:00:00Z"), (3, None)):
        trades.tell(type(last.event), order, "pay_x")
        trades.log[leaf] = trades.log[leaf]._replace(moment=wrong)
    assert score_of(trades).log_time == moment(START)


def test_c1_of_a_year_of_trade_a_score_names_the_newest_and_binds_all() -> None:
    trades = Trades()
    for _ in range(120):
        trades.sale()
        trades.wait(hours=20)
    found = score_of(trades).inputs[0]
    assert (found.events, len(found.newest)) == (120, 50)
    assert list(found.newest) == sorted(found.newest, reverse=True)
    assert found.newest[0] == max(found.newest)


def test_c1_another_contributing_event_is_another_digest() -> None:
    one, two = Trades(), Trades()
    one.sales(3)
    two.sale(OTHER)
    two.sales(3)
    first, second = score_of(one), score_of(two)
    assert first.inputs[0].value == second.inputs[0].value
    assert first.contributing != second.contributing


def test_c1_a_tally_takes_each_entry_once() -> None:
    trades = Trades()
    trades.sale()
    tally = Tally(RULES_1)
    tally.read(trades.log)
    with pytest.raises(ValueError, match="has read 3 entries"):
        tally.take(trades.log[0])


def entries_of(log: Sequence[Logged], taken: str) -> list[bytes]:
    """Return the entries of *log*, all taken at one moment."""
    return [
        Entry(
            taken,
            b"\x00" * 32 if each.event.originator_version > 1 else None,  # type: ignore[arg-type]
            each.event.originator_version,
            each.event.originator_id,
            each.event.TOPIC,
            each.event.body(),
        ).to_bytes()
        for each in log
    ]


def test_c1_the_entries_themselves_give_the_same_score() -> None:
    trades = Trades()
    trades.sales(5)
    trades.dispute(trades.sale())
    entries = entries_of(trades.log, "2026-12-31T00:00:00.000000Z")
    read = [Logged.read(leaf, entry) for leaf, entry in enumerate(entries)]
    assert score(read, SHOP, len(read)).canonical() == score_of(trades).canonical()


def test_c1_a_fact_is_not_later_than_its_entry() -> None:
    trades = Trades()
    trades.now += timedelta(days=10_000)
    trades.sale()
    (first, *_) = entries_of(trades.log, "2026-01-02T00:00:00.999999Z")
    assert Logged.read(0, first).moment == "2026-01-02T00:00:00Z"


def test_c1_an_undated_fact_is_as_old_as_its_entry() -> None:
    trades = Trades()
    trades.sale()
    event = replace(trades.log[0].event, meta=replace(trades.log[0].event.meta, occurred_at=None))
    (entry,) = entries_of([Logged(0, None, event)], "2026-01-02T00:00:00.999999Z")
    assert Logged.read(0, entry).moment == "2026-01-02T00:00:00Z"


def test_c1_an_entry_that_no_honest_writer_wrote_is_refused() -> None:
    with pytest.raises(MalformedError):
        Logged.read(0, b"{}\n{}\n")
