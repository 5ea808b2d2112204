"""What the facts of a case owe to events that are not there.

"No `order.waiver_confirmed` in this order" is as good as the history is whole. The case is
read from whole streams at one size of the log; whoever doubts that takes a package whose
head index was committed at that size or later: with a chain unbroken from its first event
to its head, a type that is not among a history's entries had not been recorded in it
(``docs/evidence-format.md``, section 4a). ``tests/domain/disputes/test_absence.py``.
"""

from dataclasses import dataclass

from domain.disputes.case import Case
from domain.disputes.events import EvidenceGathered
from domain.disputes.facts import PROVENANCE

DELIVERY = ("order.delivered",)
WAIVER = ("order.waiver_confirmed",)
USE = ("bundle.unit_used", "key.activated", "key.revealed")


@dataclass(frozen=True, slots=True)
class Absence:
    """A fact, and the events whose absence from a whole history it rests on."""

    fact: str
    """A fact of the rule table, or what sent the case to a person."""
    stream: str
    types: tuple[str, ...]
    version: int
    """Of the stream's last event at that size."""
    log_size: int
    """At which the history was whole; a head index committed to as much or more proves it."""


def absences_of(case: Case, gathered: EvidenceGathered) -> tuple[Absence, ...]:
    """Return the absences on which the facts in *gathered* rest.

    A type that occurs in a history, if only before this order's time, is none.

    Args:
        case: that it was gathered from, or a later state of it.
        gathered: the facts.
    """
    before = case.before(gathered.log_size)
    asked: list[tuple[str, str, tuple[str, ...]]] = []
    if not gathered.delivered:
        asked.append(("delivered", case.order, DELIVERY))
    if gathered.activated == "no":
        asked.append(("activated", case.key, USE))
    for each in gathered.hindrances or ():
        if each.obstacle == "waiver_missing":
            asked.append((each.obstacle, case.order, WAIVER))
        if each.obstacle == "provenance_missing":
            asked.append((each.obstacle, case.key, tuple(sorted(PROVENANCE))))
    found = []
    for fact, stream, types in asked:
        history = before.history(stream)
        missing = tuple(each for each in types if not before.find(stream, each))
        if history and missing:
            version = history[-1].event.originator_version
            found.append(Absence(fact, stream, missing, version, gathered.log_size))
    return tuple(found)
