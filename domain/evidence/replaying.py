"""Replaying the rulings in a package: do its own entries and rules give them (F7, T25)?

What `chain.evidence.verification` asks of a `Replayer`. The case is made of the package's
entries alone; where a ruling rests on an entry that is not among them, nothing is said.
``tests/scripts/test_evidence.py``.
"""

from chain.errors import MalformedError
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.names import entry_name
from chain.evidence.package import Package
from domain.disputes.case import Recorded, recorded
from domain.disputes.events import RulingIssued
from domain.disputes.replay import replay
from domain.errors import NotFoundError
from domain.topics import EVENTS

assert EVENTS  # noqa: S101 — importing it has declared every event


def replay_package(package: Package) -> None:
    """Check every ruling in *package*.

    Raises:
        Fault: ``different_ruling``.
        Unchecked: the package does not hold what it takes, or is of a newer payload version.
    """
    events: list[Recorded] = []
    for index in package.indexes:
        content = package.files.get(entry_name(index))
        if content is None:
            raise Unchecked("needs_ledger", entry_name(index))
        try:
            events.append(recorded(index, content))
        except MalformedError:
            raise Unchecked("unknown_body_schema", entry_name(index)) from None
    held = {each.index for each in events}
    for each in events:
        if not isinstance(each.event, RulingIssued):
            continue
        name = entry_name(each.index)
        if not held.issuperset(each.event.rests_on or ()):
            raise Unchecked("needs_ledger", name)
        try:
            found = replay(each, events)
        except (NotFoundError, MalformedError):
            raise Unchecked("needs_ledger", name) from None
        if not found.is_same:
            raise Fault("different_ruling", name)
