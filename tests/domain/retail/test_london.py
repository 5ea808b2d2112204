"""London's clocks, compared with the time zone database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.retail.london import utc_of, wall_milliseconds

try:
    LONDON: ZoneInfo | None = ZoneInfo("Europe/London")
except ZoneInfoNotFoundError:
    LONDON = None


@pytest.mark.skipif(LONDON is None, reason="this machine has no time zone database")
@example(datetime(2000, 10, 29, 1))  # noqa: DTZ001 — wall time, and twice
@given(st.datetimes(datetime(1996, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001 — wall time
def test_it_agrees_with_the_time_zone_database(wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    moment = wall.replace(tzinfo=LONDON)
    utc = datetime.fromisoformat(utc_of(str(wall)))
    back = utc.astimezone(LONDON).replace(tzinfo=None)
    if back == wall:  # else the hour that a spring night leaves out
        # In UTC: of the hour that comes twice, Python calls no two zones' times equal (PEP 495).
        assert utc == moment.astimezone(UTC)
        shown = timedelta(milliseconds=wall_milliseconds(int(utc.timestamp() * 1000)))
        assert datetime(1970, 1, 1) + shown == wall  # noqa: DTZ001 — wall time


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2010-12-01 08:26:00", "2010-12-01T08:26:00Z"),
        ("2011-03-27 00:59:00", "2011-03-27T00:59:00Z"),
        ("2011-03-27 02:00:00", "2011-03-27T01:00:00Z"),
        ("2011-07-01 12:00:00", "2011-07-01T11:00:00Z"),
        ("2011-10-30 01:30:00", "2011-10-30T00:30:00Z"),
        ("2011-10-30 02:00:00", "2011-10-30T02:00:00Z"),
    ],
)
def test_summer_time_begins_and_ends_on_its_sundays(local: str, utc: str) -> None:
    assert utc_of(local) == utc


@pytest.mark.parametrize("local", ["2011-02-29 00:00:00", "2011-01-01 24:00:00", "x"])
def test_a_time_that_no_clock_shows_is_refused(local: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        utc_of(local)
