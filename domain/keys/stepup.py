"""A step-up: the buyer has shown anew, a moment ago, who asks (``features.md``, E9).

How that is done is the identity provider's affair; what the domain is handed is who did it,
when and how. ``tests/domain/keys/test_e9_reveal.py``.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.disputes.deadline import seconds_of
from domain.errors import StepUpNeededError
from domain.keys.events import StepUpMethod

STEP_UP_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StepUp:
    """A proof that the buyer is there."""

    by: str
    at: str
    method: StepUpMethod

    def check(self, buyer: str, now: str) -> None:
        """Refuse unless *buyer* gave it, less than ten minutes before *now*.

        Raises:
            StepUpNeededError: somebody else did, or it is too old, or of a time to come.
        """
        age = seconds_of(now) - seconds_of(self.at)
        if self.by != buyer or not timedelta(0) <= age < STEP_UP_LIFE:
            raise StepUpNeededError("confirm again who you are: the proof is not yours, or too old")
