"""C1 to C5: the rules are data, frozen by version, and make sense."""

from itertools import pairwise
from typing import get_args

import pytest

from domain.credit.grade import NAMES
from domain.credit.ladder import LADDERS, Ground, Ladder, Level
from domain.credit.rules import PARTS, RULES, Grade, InputName, Rules
from domain.credit.score import MARKS
from domain.credit.tally import Mark
from tests.golden.credit.generate import FOLDER, files

EVERY_RULES = [pytest.param(each, id=f"rules {each.version}") for each in RULES.values()]
EVERY_LADDER = [pytest.param(each, id=f"ladder {each.version}") for each in LADDERS.values()]


def test_c1_no_version_of_rules_ladder_or_score_has_changed() -> None:
    frozen = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert frozen == files(), "run python -m tests.golden.credit.generate"


def test_c1_every_input_and_every_mark_has_its_place_and_its_name() -> None:
    assert set(MARKS) == set(NAMES) == set(get_args(InputName))
    marks = [mark for each in MARKS.values() for mark in each]
    assert sorted(marks) == sorted(get_args(Mark))


@pytest.mark.parametrize("rules", EVERY_RULES)
def test_c2_bands_stand_in_order_and_overlap_with_none_but_the_next(rules: Rules) -> None:
    assert tuple(each.grade for each in rules.bands) == get_args(Grade)
    for better, worse in pairwise(rules.bands):
        assert better.enter > better.leave >= worse.enter
    assert rules.bands[-1].leave == 0
    assert rules.scale >= rules.bands[0].enter


@pytest.mark.parametrize("rules", EVERY_RULES)
def test_c2_the_points_lie_on_a_line_that_rises(rules: Rules) -> None:
    for low, high in pairwise(rules.volume):
        assert low.orders < high.orders
        assert low.points < high.points
    assert rules.volume[0].orders == 0


@pytest.mark.parametrize("rules", EVERY_RULES)
def test_c3_a_better_grade_weighs_more_and_none_more_than_the_cap(rules: Rules) -> None:
    weights = [each.weight for each in rules.bands]
    assert weights == sorted(set(weights), reverse=True)
    assert max(weights) <= rules.weight_cap


@pytest.mark.parametrize("rules", EVERY_RULES)
def test_c4_a_better_grade_pays_a_smaller_deposit_and_waits_less(rules: Rules) -> None:
    for better, worse in pairwise(rules.bands):
        assert better.deposit < worse.deposit
        assert better.release_hold < worse.release_hold
    assert [each.release_hold for each in rules.bands] == [0, 24, 72, 168]


@pytest.mark.parametrize("ladder", EVERY_LADDER)
def test_c5_the_ladder_is_graded_and_every_ground_is_named(ladder: Ladder) -> None:
    assert tuple(each.level for each in ladder.steps) == get_args(Level)
    for mild, hard in pairwise(ladder.steps):
        assert mild.traffic >= hard.traffic
        assert mild.forfeit <= hard.forfeit <= PARTS
        assert mild.stops_listing <= hard.stops_listing
    assert set(ladder.grounds) == set(ladder.names) == set(get_args(Ground))
    assert all(0 <= place < len(ladder.steps) for place in ladder.grounds.values())


@pytest.mark.parametrize("ladder", EVERY_LADDER)
def test_c5_every_sanction_ends_and_can_be_appealed_before_it_does(ladder: Ladder) -> None:
    assert all(each.days * 24 > ladder.appeal_hours > 0 for each in ladder.steps)
