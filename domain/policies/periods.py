"""The periods that timers go by: the defaults of ``features.md``, 3.8, as data.

Those of a dispute's parties (the answer, the appeal, the arbitrator's days) are fixed when
the dispute's own events are recorded, which name the moments: `domain.disputes.deadline`.
``tests/domain/policies/test_timers.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from domain.credit.rules import Grade
from domain.disputes.deadline import seconds_of, spell


def _holds() -> Mapping[Grade, int]:
    return {"A": 0, "B": 24, "C": 72, "D": 168}


@dataclass(frozen=True, slots=True)
class Periods:
    """How long what may take, unless product or tenant has agreed on something else."""

    reservation_minutes: int = 15
    delivery_minutes: int = 10
    voucher_hours: int = 24
    window_hours: int = 168
    """From delivery to the confirmation by the timer; the refund window."""
    hold_hours: Mapping[Grade, int] = field(default_factory=_holds)
    """From confirmation to the release of the money, by the merchant's grade."""
    late_claim_days: int = 180
    upstream_minutes: int = 5
    """For the operator's answer after a dispute was opened; without one the facts are read."""
    deposit_days: int = 7
    """For the merchant to pay what its deposit is short of, before that is a breach."""


DEFAULTS: Final = Periods()


def later(moment: str, *, minutes: int = 0, hours: int = 0, days: int = 0) -> str:
    """Return the moment that much after *moment*, RFC 3339 in UTC.

    Raises:
        MalformedError: *moment* is none.
    """
    return spell(seconds_of(moment) + timedelta(minutes=minutes, hours=hours, days=days))
