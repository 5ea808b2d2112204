"""Whether two samples can be told apart: the Mann-Whitney test, by its normal approximation.

``tests/scripts/test_refusals.py``.
"""

from collections.abc import Sequence
from math import erfc, sqrt


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely a difference of this size is by chance, two-sided, ties corrected.

    Both samples should have twenty values or more.
    """
    ordered = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    total, first = len(ordered), len(one)
    ranks = 0.0
    ties = 0
    start = 0
    while start < total:
        stop = start
        while stop < total and ordered[stop][0] == ordered[start][0]:
            stop += 1
        mean = (start + 1 + stop) / 2
        ranks += mean * sum(1 for _, who in ordered[start:stop] if who == 0)
        ties += (stop - start) ** 3 - (stop - start)
        start = stop
    pairs = first * (total - first)
    u = ranks - first * (first + 1) / 2
    variance = pairs / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    return erfc(abs(u - pairs / 2) / sqrt(2 * variance))
