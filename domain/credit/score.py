"""The score: an integer from 0 to 1000, made of six inputs that the log alone decides.

``features.md``, C1. Rates are taken over the orders of the window and some that everybody
is thought to have had, so that one complaint says little about a small shop. Every division
is of integers and rounds down. `score` is a pure function of the events below a position:
whoever has them gets the same bytes. ``tests/domain/credit/test_c1_score.py``; a score that
must never change is ``tests/golden/credit/score-1.json``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from chain.canonical import to_bytes
from domain.credit.rules import NEWEST, PARTS, Corner, InputName, Penalty, Rules, Speed
from domain.credit.tally import Logged, Mark, Tally
from domain.payload import Amount, Count


@dataclass(frozen=True, slots=True)
class Input:
    """One of the things that a score is made of."""

    name: InputName
    value: Amount
    """Orders for the volume, basis points for the others."""
    points: int
    """What it adds to the base; negative where it costs."""
    events: Count
    """How many events it rests on."""
    newest: tuple[Count, ...]
    """Leaf indexes of the newest of them, newest day first."""


@dataclass(frozen=True, slots=True)
class Score:
    """A merchant's score at a position of the log."""

    merchant: str
    score: int
    scale: int
    rules: int
    """Version of the rules."""
    log_size: int
    """It rests on the leaf indexes below this one."""
    log_time: str
    """The latest moment that those events tell of."""
    since: str
    """First day of the window."""
    inputs: tuple[Input, ...]
    contributing: str
    """SHA-256 over all contributing leaf indexes, see `Tally.digest`."""

    def members(self) -> dict[str, Any]:
        """Return the score as JSON members: the payload of ``credit.recomputed``."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        found["inputs"] = [
            {name: getattr(each, name) for name in each.__dataclass_fields__}
            for each in self.inputs
        ]
        return found

    def canonical(self) -> bytes:
        """Return its one spelling."""
        return to_bytes(self.members())


MARKS: dict[InputName, tuple[Mark, ...]] = {
    "trade_volume": ("sale",),
    "complaint_rate": ("complaint",),
    "fulfilment_speed": ("on_time", "late"),
    "fault_rulings": ("total_fault", "partial_fault"),
    "fault_refunds": ("fault_refund",),
    "chargebacks": ("chargeback",),
}
"""Under which marks the events of an input stand."""


def score(events: Iterable[Logged], merchant: str, size: int, rules: Rules = NEWEST) -> Score:
    """Return the score of *merchant* that the first *size* entries of the log give.

    Args:
        events: of the log in its order; those of other topics than `TOPICS` may be missing,
            and those from leaf index *size* on are not looked at.
        merchant: whose score.
        size: the position, a count of entries.
        rules: a version of the rules.
    """
    tally = Tally(rules)
    for each in events:
        if each.leaf >= size:
            break
        tally.take(each)
    tally.reach(size)
    return assess(tally, merchant)


def assess(tally: Tally, merchant: str) -> Score:
    """Return the score of *merchant* that *tally* gives."""
    rules, marks = tally.rules, tally.count(merchant)
    worth = _weigh(marks, rules)
    inputs = tuple(
        Input(
            name,
            *worth[name],
            sum(marks.get(mark, 0) for mark in under),
            tuple(islice(tally.leaves(merchant, *under), rules.named)),
        )
        for name, under in MARKS.items()
    )
    total = rules.base + sum(each.points for each in inputs)
    return Score(
        merchant=merchant,
        score=min(max(total, 0), rules.scale),
        scale=rules.scale,
        rules=rules.version,
        log_size=tally.size,
        log_time=tally.clock,
        since=tally.window()[0],
        inputs=inputs,
        contributing=tally.digest(merchant),
    )


def contributing(tally: Tally, merchant: str) -> dict[InputName, list[int]]:
    """Return every leaf index that the score of *merchant* rests on, by input."""
    return {name: sorted(tally.leaves(merchant, *under)) for name, under in MARKS.items()}


def _weigh(marks: dict[Mark, int], rules: Rules) -> dict[InputName, tuple[int, int]]:
    """Return value and points of each input."""
    orders = marks.get("sale", 0)
    faults = rules.total_fault * marks.get("total_fault", 0) + marks.get("partial_fault", 0)
    return {
        "trade_volume": (orders, _volume(orders, rules.volume)),
        "complaint_rate": _rate(marks.get("complaint", 0), orders, rules, rules.complaint),
        "fulfilment_speed": _speed(marks.get("on_time", 0), marks.get("late", 0), rules.speed),
        "fault_rulings": _rate(faults, orders, rules, rules.fault_ruling),
        "fault_refunds": _rate(marks.get("fault_refund", 0), orders, rules, rules.fault_refund),
        "chargebacks": _rate(marks.get("chargeback", 0), orders, rules, rules.chargeback),
    }


def _volume(orders: int, corners: tuple[Corner, ...]) -> int:
    """Return the points on the line through *corners*, flat after the last."""
    for low, high in pairwise(corners):
        if orders < high.orders:
            rise = (high.points - low.points) * (orders - low.orders)
            return low.points + rise // (high.orders - low.orders)
    return corners[-1].points


def _rate(found: int, orders: int, rules: Rules, penalty: Penalty) -> tuple[int, int]:
    """Return how many were *found* of the orders, in basis points, and what that costs."""
    rate = found * PARTS // (orders + rules.prior_orders)
    return rate, -min(rate // penalty.per_point, penalty.most)


def _speed(on_time: int, late: int, speed: Speed) -> tuple[int, int]:
    """Return the share of deliveries in time, in basis points, and what it earns or costs."""
    prior = speed.prior * speed.neutral
    share = (on_time * PARTS + prior) // (on_time + late + speed.prior)
    points = (share - speed.neutral) // speed.per_point
    return share, max(-speed.most, min(points, speed.most))
