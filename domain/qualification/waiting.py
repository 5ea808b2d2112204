"""What waits for a reviewer, and for how long, derived from events (``features.md``, B2).

``tests/domain/qualification/test_b2_two_reviewers.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from domain.event import Event
from domain.qualification import events
from domain.qualification.categories import instant
from domain.qualification.qualification import Qualification

TOPICS: Final = (
    "qualification.submitted",
    "qualification.reviewed",
    "qualification.approved",
    "qualification.rejected",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One merchant that waits."""

    merchant: str
    needs: Literal["first_reviewer", "second_reviewer"]
    since: str
    """When it was submitted."""
    seconds: int
    """From then on; never less than nothing."""
    not_by: tuple[str, ...]
    """Who cannot be the next reviewer: the submitter, and the first one."""


def waiting_at(history: Iterable[Event], now: str) -> list[Waiting]:
    """Return the merchants that wait at *now*, the longest first.

    Args:
        history: events of `TOPICS` in the log's order; others are passed over.
        now: RFC 3339, UTC.
    """
    open_ones: dict[str, Qualification] = {}
    for each in history:
        if each.TOPIC not in TOPICS or not each.originator_id.startswith(Qualification.PREFIX):
            continue
        found = open_ones.setdefault(each.originator_id, Qualification(each.originator_id))
        if isinstance(each, events.QualificationReviewed) and each.purpose != "admission":
            continue
        # A submission begins anew, whatever ended the one before it.
        if isinstance(each, events.QualificationSubmitted):
            found = open_ones[each.originator_id] = Qualification(each.originator_id)
        found.evolve(each)
    waiting = [_waiting(each, now) for each in open_ones.values() if _is_open(each)]
    return sorted(waiting, key=lambda each: (-each.seconds, each.merchant))


def _is_open(found: Qualification) -> bool:
    return found.state in ("submitted", "in_review")


def _waiting(found: Qualification, now: str) -> Waiting:
    first = found.votes.get(("admission", None))
    gone = instant(now) - instant(found.submitted_at)
    return Waiting(
        merchant=found.merchant,
        needs="first_reviewer" if first is None else "second_reviewer",
        since=found.submitted_at,
        seconds=max(0, int(gone.total_seconds())),
        not_by=(found.submitter, *((first.meta.actor,) if first else ())),
    )
