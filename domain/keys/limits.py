"""How often a code may be typed wrong (``features.md``, section 6, rule 8; T20, T21).

``tests/domain/keys/test_redemption_limits.py``.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from domain.disputes.deadline import seconds_of, spell


class Limit(NamedTuple):
    """At most *tries* wrong codes in *seconds*."""

    tries: int
    seconds: int


ACCOUNT: Final = Limit(5, 600)
DEVICE: Final = Limit(10, 3_600)
ADDRESS: Final = Limit(60, 3_600)
VOUCHER: Final = 5
"""Tries of one code by those who may not use it, before it is locked."""
FIRST_LOCK: Final = 600
"""Seconds; each further lock of the same code takes twice as long as the one before."""


def after(moment: str, seconds: int) -> str:
    """Return the moment *seconds* after *moment*."""
    return spell(seconds_of(moment) + timedelta(seconds=seconds))


def lock_seconds(locks: int) -> int:
    """Return how long the next lock is, after *locks* of them; at most a year."""
    return min(FIRST_LOCK << min(locks, 20), 365 * 86_400)
