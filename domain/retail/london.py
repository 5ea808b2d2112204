"""Local time in London to UTC, for a file whose times have no zone.

British Summer Time since 1996: from the last Sunday of March to the last Sunday of
October, both at 01:00 UTC. The hour that comes twice in October is read as summer time.
A rule of our own, so that the import does not hang on a machine's time zone files;
``tests/domain/retail/test_london.py`` compares it with them.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SUMMER = timedelta(hours=1)


@lru_cache(maxsize=1024)
def utc_of(local: str) -> str:
    """Return the UTC time, RFC 3339, of *local* time in London (``2010-12-01 08:26:00``).

    Raises:
        ValueError: there is no such day or hour.
    """
    wall = datetime.fromisoformat(local).replace(tzinfo=UTC)
    # In spring the clock jumps at 01:00 wall time, in autumn back at 02:00 wall time.
    begin = _last_sunday(wall.year, 3) + timedelta(hours=1)
    end = _last_sunday(wall.year, 10) + timedelta(hours=2)
    moment = wall - SUMMER if begin <= wall < end else wall
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def wall_milliseconds(milliseconds: int) -> int:
    """Return what London's clocks show at Unix *milliseconds*, as if they showed UTC."""
    year = datetime.fromtimestamp(milliseconds // 1000, UTC).year
    begin = _last_sunday(year, 3) + timedelta(hours=1)
    end = _last_sunday(year, 10) + timedelta(hours=1)
    is_summer = begin.timestamp() * 1000 <= milliseconds < end.timestamp() * 1000
    return milliseconds + 3_600_000 * is_summer


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
