"""How long disputes take: with rulings by rule, against the same cases all ruled by persons.

``features.md``, F5 and U8: the baseline is the same cases, all manual, by the same staff;
compared are the medians, and the mix of the cases is stated. Times and cases come from the
log's events alone. What a person needs is a model, the same in both worlds: so many people,
working hours and days, minutes a case, first come, first served; a case that the table sent
to a person waits for one in both worlds. Proved by ``tests/domain/disputes/test_f5_median.py``.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Final

from domain.disputes.case import Recorded
from domain.disputes.deadline import WEEKDAYS, ZONE, Calendar, seconds_of
from domain.disputes.events import (
    DisputeAssigned,
    DisputeOpened,
    EvidenceGathered,
    RulingIssued,
)
from domain.disputes.rules import CURRENT

TOPICS: Final = (
    *("dispute.opened", "dispute.assigned", "dispute.conceded", "dispute.withdrawn"),
    *("evidence.gathered", "ruling.issued"),
)
LEFT_OUT: Final = frozenset({"dispute.conceded", "dispute.withdrawn"})
"""Ends that neither a rule nor an arbitrator decides; the same in both worlds."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The people who decide, as both worlds have them."""

    people: int = 2
    minutes: int = 45
    """Of work on one case."""
    opens: time = time(9)
    closes: time = time(18)
    """Working hours in the market's own zone."""
    calendar: Calendar = WEEKDAYS

    def begin(self, moment: datetime) -> datetime:
        """Return the first working moment from *moment* on."""
        local = moment.astimezone(ZONE)
        day = local.date()
        if local.time() >= self.closes:
            day += timedelta(days=1)
        while not self.calendar.is_working(day):
            day += timedelta(days=1)
        return max(local, self._at(day, self.opens))

    def finish(self, moment: datetime) -> datetime:
        """Return when a case is done that somebody takes up at *moment*; work goes over nights."""
        left = timedelta(minutes=self.minutes)
        at = self.begin(moment)
        while at + left > self._at(at.date(), self.closes):
            left -= self._at(at.date(), self.closes) - at
            at = self.begin(self._at(at.date(), self.closes))
        return at + left

    @staticmethod
    def _at(day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, ZONE)


@dataclass(frozen=True, slots=True)
class Handled:
    """One case up to its first ruling."""

    dispute: str
    opened: datetime
    ruled: datetime | None
    """By rule; None where a person had to."""
    why: str
    """The row of the table, or what sent it to a person."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both medians, in seconds, and the cases that they are of."""

    cases: int
    automatic: int
    manual: int
    left_out: dict[str, int]
    mix: dict[str, int]
    """Cases by row, or by what sent them to a person."""
    median_with_rules: int
    median_all_manual: int
    staff: Staff

    @property
    def saved(self) -> int:
        """How much shorter the median is with rules, in basis points of the all-manual one."""
        if not self.median_all_manual:
            return 0
        return 10_000 - self.median_with_rules * 10_000 // self.median_all_manual


def handled(entries: Iterable[Recorded]) -> tuple[list[Handled], dict[str, int]]:
    """Return the cases that a rule or a person has to decide, and how many ended otherwise.

    Args:
        entries: of `TOPICS`, in the log's order. A case without any end yet is in neither.
    """
    opened: dict[str, datetime] = {}
    found: dict[str, Handled] = {}
    ends: Counter[str] = Counter()
    why: dict[str, str] = {}
    for each in entries:
        event, dispute = each.event, each.event.originator_id
        if isinstance(event, DisputeOpened):
            opened[dispute] = seconds_of(each.moment)
        elif dispute in found or dispute not in opened:
            continue
        elif isinstance(event, EvidenceGathered):
            obstacles = [each.obstacle for each in event.hindrances or ()]
            why[dispute] = "+".join(obstacles) or CURRENT.match(event.facts).row
        elif isinstance(event, DisputeAssigned):
            reason = why.get(dispute, "no facts")
            found[dispute] = Handled(dispute, opened[dispute], None, reason)
        elif isinstance(event, RulingIssued) and event.mode == "auto":
            ruled = max(opened[dispute], seconds_of(each.moment))
            found[dispute] = Handled(dispute, opened[dispute], ruled, str(event.row))
        elif event.TOPIC in LEFT_OUT:
            ends[event.TOPIC.partition(".")[2]] += 1
            del opened[dispute]
    return list(found.values()), dict(sorted(ends.items()))


def compare(entries: Iterable[Recorded], staff: Staff) -> Comparison | None:
    """Compare both worlds on the cases in *entries*; None where there is no case."""
    cases, left_out = handled(entries)
    if not cases:
        return None
    hard = [each for each in cases if each.ruled is None]
    by_rule = [each.ruled - each.opened for each in cases if each.ruled is not None]
    with_rules = by_rule + waits(hard, staff)
    all_manual = waits(cases, staff)
    return Comparison(
        cases=len(cases),
        automatic=len(by_rule),
        manual=len(hard),
        left_out=left_out,
        mix=dict(sorted(Counter(each.why for each in cases).items())),
        median_with_rules=_median(with_rules),
        median_all_manual=_median(all_manual),
        staff=staff,
    )


def waits(cases: Sequence[Handled], staff: Staff) -> list[timedelta]:
    """Return how long each of *cases* takes from opening to ruling if *staff* decide them all."""
    free = [datetime.min.replace(tzinfo=ZONE)] * staff.people
    found = []
    for each in sorted(cases, key=lambda case: (case.opened, case.dispute)):
        # Whoever is free first takes the case that has waited longest.
        done = staff.finish(max(each.opened, free[0]))
        heapq.heapreplace(free, done)
        found.append(done - each.opened)
    return found


def _median(lengths: Sequence[timedelta]) -> int:
    return int(median([int(each.total_seconds()) for each in lengths]))
