"""Two persons, both recorded: the first one's vote, and whoever may add the second.

Where ``features.md`` marks an action S², neither person can do it alone and neither counts
twice; the vote of the first is an event of its own, so that who agreed to what, and when, does
not rest on the word of the second. ``tests/domain/qualification/test_b2_two_reviewers.py``.
"""

from typing import TYPE_CHECKING, Protocol

from domain.command import Command
from domain.errors import ConflictOfInterestError, ReasonMissingError, SecondPersonMissingError

if TYPE_CHECKING:
    from domain.qualification.events import Purpose, QualificationReviewed

Votes = dict[tuple[str, str | None], "QualificationReviewed"]
"""The first persons' votes that wait for a second, by purpose and category."""


class Voted(Protocol):
    """A thing over which two persons decide."""

    id: str
    votes: Votes


def first_of_two(
    command: Command, thing: Voted, purpose: "Purpose", category: str | None = None
) -> "QualificationReviewed":
    """Return the vote to which the caller adds the second.

    Raises:
        SecondPersonMissingError: nobody has voted for it.
        ConflictOfInterestError: the caller has, or is no member of the staff.
    """
    check_staff(command, thing.id)
    first = thing.votes.get((purpose, category))
    about = f"{thing.id}: {purpose}" + (f" of {category}" if category else "")
    if first is None:
        raise SecondPersonMissingError(f"{about} takes two persons; the first has not voted")
    if first.meta.actor == command.meta.actor:
        raise ConflictOfInterestError(f"{about} takes two persons, and these are one")
    return first


def check_staff(command: Command, thing: str) -> None:
    """Refuse whoever is no member of the staff.

    Raises:
        ConflictOfInterestError: the caller is a party, a rule or a machine.
    """
    if command.meta.role != "staff":
        raise ConflictOfInterestError(f"{thing}: is decided by staff, not by a {command.meta.role}")


def check_reason(reason: str, what: str) -> str:
    """Return *reason*.

    Raises:
        ReasonMissingError: it says nothing.
    """
    if not reason.strip():
        raise ReasonMissingError(f"{what}: say why")
    return reason
