"""F4: deadlines count working days of the market's own zone."""

from datetime import date

import pytest

from chain.errors import MalformedError
from domain.disputes.deadline import WEEKDAYS, Calendar, after, seconds_of

NATIONAL_DAY = Calendar(
    holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
    worked_weekends=frozenset({date(2026, 10, 10)}),
)


@pytest.mark.parametrize(
    ("moment", "days", "end"),
    [
        # A Sunday: Monday to Friday, to the end of Friday in UTC+8.
        ("2026-11-22T10:00:00Z", 5, "2026-11-27T16:00:00Z"),
        ("2026-11-23T10:00:00Z", 5, "2026-11-30T16:00:00Z"),
        # Friday 23:30 UTC is Saturday there: the same five days as for a Sunday.
        ("2026-11-27T23:30:00Z", 5, "2026-12-04T16:00:00Z"),
        ("2026-11-27T10:00:00Z", 1, "2026-11-30T16:00:00Z"),
    ],
)
def test_f4_five_working_days_end_with_the_fifth_day(moment: str, days: int, end: str) -> None:
    assert WEEKDAYS.end_of(days, moment) == end


def test_f4_holidays_do_not_count_and_worked_weekends_do() -> None:
    # From Tuesday: Wednesday 30, Thursday 8, Friday 9, Saturday 10 (worked), Monday 12.
    assert NATIONAL_DAY.end_of(5, "2026-09-29T02:00:00Z") == "2026-10-12T16:00:00Z"
    assert WEEKDAYS.end_of(5, "2026-09-29T02:00:00Z") == "2026-10-06T16:00:00Z"


def test_hours_go_on_over_a_weekend() -> None:
    assert after("2026-11-27T10:00:00Z", 72) == "2026-11-30T10:00:00Z"


@pytest.mark.parametrize(
    "bad",
    [
        *("", "2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00:00+00:00"),
        *("2026-02-30T10:00:00Z", "2026-11-22T10:00:00.5Z", "2026-11-22T25:00:00Z"),
        *("2026-11-22t10:00:00Z", "2026-1-1T1:0:0Z"),
    ],
)
def test_a_moment_has_one_spelling(bad: str) -> None:
    with pytest.raises(MalformedError):
        seconds_of(bad)
