"""T20: by the time of the answer nobody can tell why a code was refused."""

from collections import Counter
from math import erfc, sqrt
from random import Random
from typing import Any

import pytest

from scripts.bench.refusals import CAUSES, QUICK, run
from scripts.bench.separation import p_value


def drawn(dice: Random, by: float = 0.0, count: int = 60) -> list[float]:
    """Return values with many ties, as clocks give."""
    return [round(dice.gauss(by, 1), 1) for _ in range(count)]


def test_samples_of_one_kind_look_different_as_often_as_chance_has_it() -> None:
    dice = Random(1)
    found = [p_value(drawn(dice), drawn(dice)) for _ in range(400)]
    assert 4 <= sum(each < 0.05 for each in found) <= 40
    assert p_value([1.0] * 50, [1.0] * 50) == 1.0


def test_samples_of_two_kinds_look_different() -> None:
    dice = Random(2)
    assert max(p_value(drawn(dice), drawn(dice, 1.5)) for _ in range(50)) < 1e-4


def test_it_counts_what_counting_every_pair_counts() -> None:
    dice = Random(3)
    for _ in range(20):
        one, other = drawn(dice, 0.0, 30), drawn(dice, 0.3, 45)
        u = sum((x > y) + (x == y) / 2 for x in one for y in other)
        ties = sum(n**3 - n for n in Counter(one + other).values())
        variance = 30 * 45 / 12 * (76 - ties / (75 * 74))
        expected = erfc(abs(u - 675) / sqrt(2 * variance))
        assert p_value(one, other) == pytest.approx(expected)
        assert p_value(one, other) == pytest.approx(p_value(other, one))


def test_t20_the_causes_of_refusal_cannot_be_told_apart_by_their_time() -> None:
    """Setono/SyliusGiftCardPlugin#340; the full run is ``xiyou bench refusals``."""
    # By chance alone one run in a hundred looks like a difference; a leak looks so twice.
    for _ in range(2):
        measured: dict[str, Any] = run(quick=True)
        results = measured["results"]
        assert results["samples"] == QUICK
        assert set(results["paced_median_ms"]) == set(CAUSES)
        if results["paced_p"] > 0.01:
            return
    raise AssertionError(results)
