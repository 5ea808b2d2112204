"""The ladder of sanctions: which breach leads to which step, as data with a version.

``features.md``, C5. A breach begins at its own step; each earlier sanction that was not
lifted leads one step further. Frozen by ``tests/golden/credit/sanctions-1.json``; proved
by ``tests/domain/credit/test_c5_sanctions.py``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from domain.credit.rules import PARTS

Level = Literal["warning", "traffic_halved", "listing_stopped", "deposit_forfeited", "delisted"]
"""From the mildest to the hardest."""

Ground = Literal[
    "late_delivery",
    "partial_fault",
    "total_fault",
    "chargeback",
    "deposit_unpaid",
    "stolen_keys",
    "false_documents",
]


@dataclass(frozen=True, slots=True)
class Step:
    """What a sanction of one level does, and for how long."""

    level: Level
    days: int
    stops_listing: bool = False
    traffic: int = PARTS
    """What it leaves of the merchant's weight in rankings, in basis points."""
    forfeit: int = 0
    """Share of the deposit that is lost, in basis points, once no appeal is open."""
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """One version of the list of sanctions."""

    version: int
    steps: tuple[Step, ...]
    """From the mildest to the hardest."""
    grounds: Mapping[Ground, int]
    """On which step, counted from 0, a first breach stands."""
    names: Mapping[Ground, tuple[str, str]]
    """Each ground in Chinese and in English."""
    lookback: int
    """Days for which an earlier sanction leads a step further."""
    appeal_hours: int

    def step(self, level: Level) -> Step:
        """Return the step of *level*."""
        return next(each for each in self.steps if each.level == level)

    def climb(self, ground: Ground, earlier: int) -> Step:
        """Return the step for a breach after *earlier* sanctions; the last one has no next."""
        return self.steps[min(self.grounds[ground] + earlier, len(self.steps) - 1)]

    def members(self) -> dict[str, Any]:
        """Return the ladder as JSON members, to be published and frozen."""
        return asdict(self)


LADDERS: Final[Mapping[int, Ladder]] = {
    1: Ladder(
        version=1,
        steps=(
            Step("warning", 30, name_zh="警告", name_en="warning"),
            Step(
                "traffic_halved",
                14,
                traffic=5_000,
                name_zh="流量减半",
                name_en="half the traffic",
            ),
            Step(
                "listing_stopped",
                14,
                stops_listing=True,
                traffic=5_000,
                name_zh="暂停上架",
                name_en="no new listings",
            ),
            Step(
                "deposit_forfeited",
                30,
                stops_listing=True,
                traffic=5_000,
                forfeit=5_000,
                name_zh="暂停上架并没收部分保证金",
                name_en="no new listings, part of the deposit lost",
            ),
            Step(
                "delisted",
                180,
                stops_listing=True,
                traffic=1_000,
                forfeit=PARTS,
                name_zh="长期停止上架并没收保证金",
                name_en="no listings for half a year, the deposit lost",
            ),
        ),
        grounds={
            "late_delivery": 0,
            "partial_fault": 0,
            "total_fault": 1,
            "chargeback": 1,
            "deposit_unpaid": 2,
            "stolen_keys": 3,
            "false_documents": 3,
        },
        names={
            "late_delivery": ("多次延迟发货", "late delivery"),
            "partial_fault": ("商品与描述不完全相符", "goods short of their description"),
            "total_fault": ("买家未能获得商品", "a buyer got nothing"),
            "chargeback": ("拒付成立", "a chargeback that stood"),
            "deposit_unpaid": ("未按期补足保证金", "a deposit not topped up"),
            "stolen_keys": ("提供来源不合法的卡密", "stolen card keys"),
            "false_documents": ("提供虚假资质", "false documents"),
        },
        lookback=180,
        appeal_hours=72,
    ),
}
"""Every version that was ever in force."""

NEWEST: Final = LADDERS[max(LADDERS)]
"""The version in force."""
