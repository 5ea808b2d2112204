"""What the game's or service's operator says of a key (``features.md``, B5; section 4, U and F).

The answer is recorded as it came; what follows from it in a dispute is decided by
`domain.disputes.facts`. ``tests/domain/keys/test_upstream.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from domain.event import Event, event, unchanged, upcaster
from domain.outside.party import WaitCause
from domain.payload import Moment

if TYPE_CHECKING:
    from domain.keys.key import Key

UpstreamState = Literal["used", "unused", "unknown"]
"""``unknown``: no answer, or none in time."""
Finding = Literal[
    "used_by_other",
    "revoked",
    "not_existing",
    "wrong_region",
    "wrong_edition",
    "wrong_duration",
]


@event("key.upstream_checked", schema=2)
class KeyUpstreamChecked(Event):
    """The operator was asked about the key."""

    operator: str
    state: UpstreamState
    findings: tuple[Finding, ...]
    """What the operator says beyond the state."""
    first_used_at: Moment | None = None
    """When the key was first used, as the operator says."""
    sandbox: bool | None = None
    """True where the operator is a stand-in."""
    checked_at: Moment | None = None
    """By our own clock; absent where an answer came on paper, and then it is never fresh."""
    waits: WaitCause | None = None
    """Why there is no answer, where there is none."""

    def _apply(self, key: "Key") -> None:
        key.upstream = self

    def is_good(self, operator: str | None, since: str) -> bool:
        """Say whether *operator* has found nothing wrong with the key since then."""
        return (
            self.state == "unused"
            and not self.findings
            and self.operator == (operator or self.operator)
            and self.checked_at is not None
            and self.checked_at >= since
        )


# Version 1 did not say when, nor why there was no answer.
upcaster("key.upstream_checked", 1)(unchanged)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator answered."""

    operator: str
    state: UpstreamState
    findings: tuple[Finding, ...] = ()
    first_used_at: str | None = None
    sandbox: bool | None = None
