"""The credit rules: every number that makes a score, a grade, a weight or a deposit.

``features.md``, C1 to C4 and 3.8. Rules are data with a version: a score names the version
that made it, and an old version stays here, so that an old score can be made again. Rates
and shares are basis points, parts of ten thousand; nothing here is a float. Frozen by
``tests/golden/credit/rules-1.json``; proved by ``tests/domain/credit/test_c1_rules.py``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Grade = Literal["A", "B", "C", "D"]
"""A is the best."""

InputName = Literal[
    "trade_volume",
    "complaint_rate",
    "fulfilment_speed",
    "fault_rulings",
    "fault_refunds",
    "chargebacks",
]
"""What a score is made of."""

PARTS: Final = 10_000
"""Basis points of a whole."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner of the line that leads from paid orders to points."""

    orders: int
    points: int


@dataclass(frozen=True, slots=True)
class Penalty:
    """How a rate, in basis points of the orders, costs points."""

    per_point: int
    """Basis points that cost one point."""
    most: int
    """Points that it can cost."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How the share of deliveries in time earns or costs points."""

    deadline: int
    """Seconds from payment to delivery."""
    prior: int
    """Deliveries of the neutral share that everybody is thought to have made before."""
    neutral: int
    """The share, in basis points, that earns nothing."""
    per_point: int
    most: int
    """Points that it can earn or cost."""


@dataclass(frozen=True, slots=True)
class Band:
    """A grade: where it begins, where it is lost, and what it brings."""

    grade: Grade
    enter: int
    """The score with which a merchant of a lower grade comes in."""
    leave: int
    """The score below which a merchant of this grade falls out; below `enter`."""
    weight: int
    """Of the merchant's goods in a ranking, in basis points (C3)."""
    deposit: int
    """Share of the base deposit that is asked for, in basis points (C4)."""
    release_hold: int
    """Hours from confirmation until the funds are released (3.8)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the credit rules."""

    version: int
    scale: int
    """The best score; the worst is 0."""
    base: int
    """The score of a merchant without history."""
    window: int
    """Days that a score looks back, the last one included."""
    prior_orders: int
    """Orders without fault that everybody is thought to have had: few orders say little."""
    volume: tuple[Corner, ...]
    complaint: Penalty
    fault_ruling: Penalty
    fault_refund: Penalty
    chargeback: Penalty
    total_fault: int
    """How many partial faults a total one counts for."""
    speed: Speed
    bands: tuple[Band, ...]
    """From the best to the worst."""
    start: Grade
    """The grade of a merchant without history."""
    weight_cap: int
    """The largest weight in a ranking, in basis points."""
    named: int
    """How many of the newest contributing events a score names for each input."""

    def band(self, grade: Grade) -> Band:
        """Return the band of *grade*."""
        return next(each for each in self.bands if each.grade == grade)

    def members(self) -> dict[str, Any]:
        """Return the rules as JSON members, to be published and frozen."""
        return asdict(self)


RULES: Final[Mapping[int, Rules]] = {
    1: Rules(
        version=1,
        scale=1000,
        base=600,
        window=180,
        prior_orders=50,
        volume=(
            Corner(0, 0),
            Corner(10, 20),
            Corner(50, 60),
            Corner(200, 90),
            Corner(1000, 120),
            Corner(5000, 150),
        ),
        complaint=Penalty(per_point=8, most=250),
        fault_ruling=Penalty(per_point=8, most=300),
        fault_refund=Penalty(per_point=8, most=150),
        chargeback=Penalty(per_point=4, most=200),
        total_fault=3,
        speed=Speed(deadline=600, prior=20, neutral=8000, per_point=20, most=100),
        bands=(
            Band("A", enter=800, leave=740, weight=12_000, deposit=2_500, release_hold=0),
            Band("B", enter=660, leave=600, weight=11_000, deposit=5_000, release_hold=24),
            Band("C", enter=460, leave=400, weight=10_000, deposit=10_000, release_hold=72),
            Band("D", enter=0, leave=0, weight=8_000, deposit=20_000, release_hold=168),
        ),
        start="C",
        weight_cap=12_000,
        named=50,
    ),
}
"""Every version that was ever in force."""

NEWEST: Final = RULES[max(RULES)]
"""The version in force."""
