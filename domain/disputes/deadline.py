"""Deadlines of a dispute: hours on the clock, and working days of a calendar.

``features.md``, 3.8. A working day is one of the market's own zone (UTC+8, no summer
time): Monday to Friday, less the holidays, plus the weekends that are worked in their
place. The day on which a period begins is not counted. Proved by
``tests/domain/disputes/test_f4_deadline.py``.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from chain.errors import MalformedError

ANSWER_HOURS: Final = 48
"""For the parties to answer, and to bring evidence."""
APPEAL_HOURS: Final = 72
RULING_DAYS: Final = 5
"""Working days that an arbitrator has."""

ZONE: Final = timezone(timedelta(hours=8))
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked, where it is not as the day of the week says."""

    holidays: frozenset[date] = field(default=frozenset())
    worked_weekends: frozenset[date] = field(default=frozenset())

    def is_working(self, day: date) -> bool:
        """Say whether *day* is worked."""
        if day in self.worked_weekends:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def end_of(self, days: int, moment: str) -> str:
        """Return the end of the last of *days* working days after the day of *moment*.

        Raises:
            MalformedError: *moment* is not RFC 3339 in UTC, in seconds.
        """
        day = seconds_of(moment).astimezone(ZONE).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working(day)
        midnight = datetime.combine(day + timedelta(days=1), time(), ZONE)
        return spell(midnight)


WEEKDAYS: Final = Calendar()
"""Monday to Friday."""


def seconds_of(moment: str) -> datetime:
    """Return the moment that *moment* spells.

    Raises:
        MalformedError: it is not RFC 3339 in UTC, in whole seconds: ``2026-11-22T10:00:00Z``.
    """
    try:
        found = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or spell(found) != moment:
        raise MalformedError(f"{moment!a:.40}: write a moment as 2026-11-22T10:00:00Z")
    return found


def after(moment: str, hours: int) -> str:
    """Return the moment that is *hours* after *moment*."""
    return spell(seconds_of(moment) + timedelta(hours=hours))


def spell(moment: datetime) -> str:
    """Return *moment* as RFC 3339 in UTC, in whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
