"""Erasures of a day: which sealed values are destroyed, over all persons together (A7).

``evidence.md``, section 5: ``privacy.erased`` in the stream ``erasure/<date>`` lists digests,
sorted, at most 900 an entry, and no person, so that a list does not say which of them belong
together. The entries come before the destruction (`chain.store.forgetting`): a value that is
gone is always on record, and one that is on record and not gone yet is destroyed by the next
run. ``tests/domain/identity/test_erasure.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple, Protocol

from eventsourcing.persistence import Notification

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, read_event
from domain.identity.account import MAX_DIGESTS, PrivacyErased, check_erased, subjects_of

PAGE: Final = 1_000

ERASURE_TABLE: Table = {PrivacyErased.TOPIC: {NEW: "listed", "listed": "listed"}}


class Erasure(Aggregate):
    """What is destroyed on one day, UTC."""

    TOPIC = "erasure"
    PREFIX = "erasure/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": ERASURE_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW

    def list_digests(self, command: Command, digests: Sequence[str]) -> None:
        """Record that the values with *digests* are destroyed, in as many entries as it takes."""
        ordered = sorted(set(digests))
        for start in range(0, len(ordered), MAX_DIGESTS):
            part = tuple(ordered[start : start + MAX_DIGESTS])
            check_erased(self.happen(command, PrivacyErased(*self.follows(command), digests=part)))


class Logged(Protocol):
    """A recorder that hands out the log's events in their order."""

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> Sequence[Notification]:
        """Return events from the log; an id is a leaf index plus one."""


class Erased(NamedTuple):
    """What the log says of erasures."""

    decided: frozenset[str]
    """Data subjects all of whose values are to be destroyed."""
    unlisted: frozenset[str]
    """Those among them whose entries are of version 1, which listed no digests."""
    listed: Mapping[str, int]
    """By digest: leaf index of the entry that lists it."""

    def judged(self) -> frozenset[str]:
        """Return what an audit must take for erased: digests, and subjects of version 1."""
        return self.unlisted | self.listed.keys()


def erased(log: Logged) -> Erased:
    """Return what the entries of *log* say of erasures.

    Raises:
        MalformedError: an entry that says so is not one that this program writes.
    """
    decided: set[str] = set()
    unlisted: set[str] = set()
    listed: dict[str, int] = {}
    for index, each in _erasures(log):
        for digest in each.digests or ():
            listed.setdefault(digest, index)
        if each.party is not None:
            decided.update(each.subjects or subjects_of(each.party))
            unlisted.update(each.subjects or ())
    return Erased(frozenset(decided), frozenset(unlisted), listed)


def _erasures(log: Logged) -> Iterator[tuple[int, PrivacyErased]]:
    start = 1
    while True:
        page = log.select_notifications(start, PAGE, topics=[PrivacyErased.TOPIC])
        for each in page:
            found: Event = read_event(
                str(each.originator_id), each.originator_version, each.topic, each.state
            )
            assert isinstance(found, PrivacyErased)  # noqa: S101 — it was asked for by topic
            check_erased(found)
            yield each.id - 1, found
        if len(page) < PAGE:
            return
        start = page[-1].id + 1
