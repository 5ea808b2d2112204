"""The figures that the rules of identity go by, version 1.

Amounts are minor units of one order. ``tests/domain/identity/test_a6_no_anonymous.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def _unverified_orders() -> Mapping[str, int]:
    return {"CNY": 20_000, "EUR": 2_500, "GBP": 2_000, "HKD": 20_000, "JPY": 4_000, "USD": 2_500}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is enough, and how much goes without."""

    face_score: int = 8_000
    """Of 10,000; a face below it is another person's."""
    life_days: int = 730
    """How long a verification is good, unless the document ends before."""
    unverified_order: Mapping[str, int] = field(default_factory=_unverified_orders)
    """The dearest order of an unverified buyer; in a currency that is not here, none."""

    def good_until(self, now: str, document_until: str) -> str:
        """Return the moment up to which a verification of *now* is good."""
        then = datetime.strptime(now, _FORM) + timedelta(days=self.life_days)  # noqa: DTZ007 — the form says UTC
        return min(then.strftime(_FORM), document_until)


VERSION_1: Final = Limits()
