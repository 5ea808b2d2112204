"""What the game's or service's operator says of a key (``features.md``, B5; section 4, U and F).

The answer is recorded as it came; what follows from it in a dispute is decided by
`domain.disputes.facts`. ``tests/domain/keys/test_upstream.py``.
"""

from dataclasses import dataclass
from typing import Literal

from domain.event import Event, event
from domain.payload import Moment

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


@event("key.upstream_checked")
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator answered."""

    operator: str
    state: UpstreamState
    findings: tuple[Finding, ...] = ()
    first_used_at: str | None = None
    sandbox: bool | None = None
