"""C2: grades with hysteresis; one complaint does not move a grade back and forth."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.credit.grade import explain, grade_after
from domain.credit.rules import RULES, Grade
from domain.credit.score import Input, Score, score
from tests.domain.credit.trades import SHOP, Trades

RULES_1 = RULES[1]
GRADES: tuple[Grade, ...] = get_args(Grade)
SCORES = st.integers(0, RULES_1.scale)
NARROWEST = min(each.enter - each.leave for each in RULES_1.bands[:-1])


@given(st.sampled_from(GRADES), SCORES)
def test_c2_a_grade_stays_where_it_came_to(before: Grade, points: int) -> None:
    after = grade_after(before, points, RULES_1)
    assert grade_after(after, points, RULES_1) == after
    band = RULES_1.band(after)
    assert points >= band.leave
    assert after == before or after > before or points >= band.enter


@given(st.sampled_from(GRADES), SCORES, SCORES)
def test_c2_a_better_score_is_never_a_worse_grade(before: Grade, one: int, two: int) -> None:
    low, high = sorted((one, two))
    assert grade_after(before, high, RULES_1) <= grade_after(before, low, RULES_1)


@given(
    st.sampled_from(GRADES),
    st.integers(0, RULES_1.scale - NARROWEST),
    st.lists(st.integers(0, NARROWEST - 1), min_size=1),
)
def test_c2_inside_a_band_s_width_the_grade_moves_one_way_only(
    before: Grade, floor: int, swings: list[int]
) -> None:
    grades = [grade_after(before, floor, RULES_1)]
    for swing in swings:
        grades.append(grade_after(grades[-1], floor + swing, RULES_1))
    changes = [(old, new) for old, new in pairwise(grades) if old != new]
    assert len({new < old for old, new in changes}) <= 1, "it went up and down"


@settings(deadline=None, max_examples=80)
@given(
    sales=st.integers(0, 300),
    complaints=st.integers(0, 60),
    faults=st.integers(0, 20),
    late=st.integers(0, 30),
    refunded=st.booleans(),
)
def test_c2_one_complaint_moves_the_score_less_than_the_narrowest_band(
    *, sales: int, complaints: int, faults: int, late: int, refunded: bool
) -> None:
    trades = Trades()
    trades.sales(sales)
    trades.sales(late, seconds=700)
    for _ in range(complaints):
        trades.dispute(trades.sale())
    for _ in range(faults):
        trades.end(trades.dispute(trades.sale()), "refund", "total")
    order = trades.sale()
    before = score(trades.log, SHOP, len(trades.log)).score
    trades.dispute(order)
    if refunded:
        trades.refund(order)
    after = score(trades.log, SHOP, len(trades.log)).score
    assert abs(before - after) < NARROWEST


@pytest.mark.parametrize("sales", [0, 1, 9, 49, 50, 75, 76, 77, 80, 199, 999])
def test_c2_complaints_that_come_and_go_change_a_grade_at_most_once(sales: int) -> None:
    trades = Trades()
    trades.sales(sales)
    grade, changes = RULES_1.start, 0
    order = trades.sale()
    grade = grade_after(grade, score(trades.log, SHOP, len(trades.log)).score, RULES_1)
    for _ in range(6):
        dispute = trades.dispute(order)
        for withdraws in (False, True):
            if withdraws:
                trades.withdraw(dispute)
            points = score(trades.log, SHOP, len(trades.log)).score
            after = grade_after(grade, points, RULES_1)
            changes += after != grade
            grade = after
    assert changes <= 1


def inputs_of(**points: int) -> tuple[Input, ...]:
    """Return inputs with these points."""
    return tuple(Input(name, 0, worth, 0, ()) for name, worth in points.items())  # type: ignore[arg-type]


def test_c2_a_fall_names_the_line_and_what_weighed_most() -> None:
    now = inputs_of(trade_volume=60, complaint_rate=-90, fault_rulings=-20)
    before = {"trade_volume": 60, "complaint_rate": -10, "fault_rulings": -10}
    change = explain("B", 550, RULES_1, before, now)  # type: ignore[arg-type]
    assert change is not None
    assert (change.after, change.line, change.chiefly) == ("C", 600, "complaint_rate")
    assert change.reason_zh == ("信用等级由B级变为C级: 信用分550, 低于600分; 主要因素: 投诉率。")
    assert change.reason_en == (
        "Grade B to C: the score is 550 and fell below 600; chiefly the complaint rate."
    )


def test_c2_a_rise_names_the_line_that_was_reached() -> None:
    now = inputs_of(trade_volume=120, fulfilment_speed=98)
    change = explain("C", 818, RULES_1, {}, now)
    assert change is not None
    assert (change.after, change.line, change.chiefly) == ("A", 800, "trade_volume")
    assert change.reason_en.endswith("reached 800; chiefly trade volume.")


def test_c2_a_deep_fall_passes_several_grades_at_once() -> None:
    change = explain("A", 100, RULES_1, {}, inputs_of(chargebacks=-200))
    assert change is not None
    assert (change.after, change.line) == ("D", 400)


def test_c2_no_change_needs_no_reason() -> None:
    assert explain("C", 600, RULES_1, {}, inputs_of(trade_volume=0)) is None


def test_c2_a_score_says_nothing_of_a_grade() -> None:
    assert "grade" not in Score.__dataclass_fields__
