"""When a webhook that was not taken is sent again (``reliability.md``, 5.3).

``tests/domain/webhooks/test_schedule.py``.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

WAITS: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Before each attempt, after the one before it: more than three days in all."""

ATTEMPTS: Final = len(WAITS)


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many *attempts* in vain; None: it is given up."""
    return WAITS[attempts] if attempts < ATTEMPTS else None


def is_taken(status: int | None) -> bool:
    """Say whether the receiver took it: any 2xx. A redirect is not followed, and is no taking."""
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_gone(status: int | None) -> bool:
    """Say whether the receiver wants no more: 410."""
    return status == HTTPStatus.GONE
