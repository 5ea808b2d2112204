"""Which goods come first (``features.md``, C3): relevance, weighted by the seller's credit.

The weight stands in the merchant's credit file and never passes its cap; a sanction in
force takes from it when the ranking is made, and gives it back by ending. Proved by
``tests/domain/credit/test_c3_ranking.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.credit.rules import NEWEST, PARTS, Grade


@dataclass(frozen=True, slots=True)
class Good:
    """One product among those that were found."""

    product: str
    relevance: int
    """How well it fits what was asked for; not negative."""
    grade: Grade = NEWEST.start
    """Of its merchant."""
    weight: int = PARTS
    """Of its merchant, in basis points."""


def weight_of(grade: Grade, traffic: int = PARTS) -> int:
    """Return the weight of a merchant's goods, in basis points, never above the cap.

    Args:
        grade: of the merchant.
        traffic: what its sanctions leave of it, in basis points.
    """
    return min(NEWEST.band(grade).weight, NEWEST.weight_cap) * min(traffic, PARTS) // PARTS


def rank(goods: Iterable[Good]) -> list[Good]:
    """Return *goods*, the best first: of equal ones, the better grade, then the identifier."""
    return sorted(goods, key=lambda good: (-good.relevance * good.weight, good.grade, good.product))
