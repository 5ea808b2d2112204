"""C3: equal goods rank by grade; no weight passes its cap."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credit.ranking import Good, rank, weight_of
from domain.credit.rules import NEWEST, Grade

GRADES: tuple[Grade, ...] = get_args(Grade)


@given(st.permutations(GRADES), st.integers(0, 10**9))
def test_c3_equal_goods_rank_by_grade(grades: list[Grade], relevance: int) -> None:
    # The identifiers run against the grades, lest they decide.
    names = dict(zip(GRADES, "4321", strict=True))
    goods = [Good(f"prd_{names[each]}", relevance, each, weight_of(each)) for each in grades]
    assert [each.grade for each in rank(goods)] == list(GRADES)


@given(st.sampled_from(GRADES), st.integers(0, 10**6))
def test_c3_no_weight_passes_the_cap(grade: Grade, traffic: int) -> None:
    assert 0 <= weight_of(grade, traffic) <= NEWEST.weight_cap


def test_c3_much_better_goods_come_first_whatever_the_grade() -> None:
    fine, poor = Good("prd_1", 200, "D", weight_of("D")), Good("prd_2", 100, "A", weight_of("A"))
    assert rank([poor, fine]) == [fine, poor]


def test_c3_goods_equal_in_all_rank_by_identifier() -> None:
    goods = [Good("prd_2", 5), Good("prd_1", 5)]
    assert [each.product for each in rank(goods)] == ["prd_1", "prd_2"]


@pytest.mark.parametrize("grade", GRADES)
def test_c3_a_sanction_takes_its_part_of_the_weight(grade: Grade) -> None:
    assert weight_of(grade, 5_000) == weight_of(grade) // 2
