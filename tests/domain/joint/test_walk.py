"""A walk over order, key, funds and dispute reaches the 23 combinations of 3.6, and no other."""

from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.domain.joint.actions import POLICIES
from tests.domain.joint.combinations import COMBINATIONS
from tests.domain.joint.tables import reached
from tests.domain.joint.walk import Walk


def test_a_walk_finds_the_23_combinations_and_no_other() -> None:
    walk = Walk().run(2_500, Random(4))
    walk.check_all()
    assert set(walk.seen) == COMBINATIONS
    assert len(COMBINATIONS) == 23
    assert min(walk.accepted[name] for name in ("clear", "bank", "give_up", "decide")) > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_the_tables_lead_to_exactly_these_23_under_every_policy(policy: str) -> None:
    assert set(reached(policy)) == COMBINATIONS


def test_the_program_goes_every_shortest_way_to_the_23() -> None:
    for combination, path in reached(POLICIES[1]).items():
        walk = Walk(name=str(combination))
        for action in path:
            walk.take(action)
        assert walk.model.combination(0) == combination
        walk.check_all()


class AnyWalk(RuleBasedStateMachine):
    """Hypothesis chooses where to go, and shortens a walk that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = Walk()

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """Take one step."""
        self.walk.step(Random(seed))

    def teardown(self) -> None:
        """Compare everything once more."""
        self.walk.check_all()


TestAnyWalk = AnyWalk.TestCase
TestAnyWalk.settings = settings(
    max_examples=25,
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
