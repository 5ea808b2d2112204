"""A case: all that the log holds about one disputed order, up to one position.

The histories of dispute, order and key, and what was detected elsewhere about the key,
each event with its leaf index: the facts of a ruling are a function of this and of nothing
else (``features.md``, F2). ``tests/domain/disputes/test_f2_facts.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from eventsourcing.persistence import Notification

from chain.entry import Entry
from domain.catalogue.batch import KeyDuplicateDetected
from domain.disputes.events import DisputeOpened
from domain.errors import NotFoundError
from domain.event import Event, read_event
from domain.keys.events import KeyReserved, KeySold
from domain.orders.events import OrderPlaced

E = TypeVar("E", bound=Event)
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event where it stands in the log."""

    index: int
    """Leaf index."""
    event: Event
    moment: str
    """When it happened, else when the log took it: RFC 3339, UTC, whole seconds."""


@runtime_checkable
class Histories(Protocol):
    """A recorder that knows where in the log an event stands."""

    def select_history(self, stream: str) -> Sequence[tuple[int, bytes]]:
        """Return leaf index and entry of every event of *stream*, in order."""

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events from the log; an id is a leaf index plus one."""

    def max_notification_id(self) -> int | None:
        """Return how many entries the log has; None for none."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the log held about a dispute when it had *size* entries."""

    dispute: str
    order: str
    key: str
    entries: tuple[Recorded, ...]
    """By leaf index."""
    size: int

    def before(self, size: int) -> "Case":
        """Return the case as it was when the log had *size* entries."""
        kept = tuple(each for each in self.entries if each.index < size)
        return Case(self.dispute, self.order, self.key, kept, size)

    def history(self, stream: str) -> list[Recorded]:
        """Return the entries of *stream*."""
        return [each for each in self.entries if each.event.originator_id == stream]

    def find(self, stream: str, *topics: str) -> list[Recorded]:
        """Return the entries of *stream* of one of *topics*."""
        return [each for each in self.history(stream) if each.event.TOPIC in topics]

    def bound(self) -> list[Recorded]:
        """Return the key's entries since it was reserved for this order.

        A key that came back and was sold again shows nothing of its other orders.
        """
        found: list[Recorded] = []
        is_ours = False
        for each in self.history(self.key):
            if isinstance(each.event, KeyReserved):
                is_ours = each.event.order == self.order
                found = [] if is_ours else found
            if is_ours:
                found.append(each)
        return found

    @property
    def opened(self) -> Recorded:
        """The entry that opened the dispute."""
        return self.find(self.dispute, "dispute.opened")[0]

    @property
    def contest(self) -> DisputeOpened:
        """What the opening says."""
        return _first(self.entries, self.dispute, DisputeOpened)

    @property
    def purchase(self) -> OrderPlaced:
        """What was ordered."""
        return _first(self.entries, self.order, OrderPlaced)

    def at_version(self, stream: str, version: int) -> Recorded | None:
        """Return the entry of *stream* with *version*, if it belongs to the case."""
        for each in self.history(stream):
            if each.event.originator_version == version:
                return each
        return None


def recorded(index: int, entry: bytes) -> Recorded:
    """Return the event that a stored *entry* holds.

    Raises:
        MalformedError: no honest writer wrote it.
    """
    read = Entry.parse(entry)
    event = read_event(read.stream, read.seq, read.type, read.body)
    return Recorded(index, event, event.meta.occurred_at or f"{read.at[:19]}Z")


def case_of(dispute: str, entries: Iterable[Recorded], size: int) -> Case:
    """Return the case of *dispute* that *entries*, in whatever order, make up.

    Raises:
        NotFoundError: they do not say what is disputed.
    """
    found = tuple(sorted((e for e in entries if e.index < size), key=lambda each: each.index))
    opened = _first(found, dispute, DisputeOpened)
    placed = _first(found, opened.order, OrderPlaced)
    return Case(dispute, opened.order, placed.key, found, size)


def read_case(log: Histories, dispute: str, size: int | None = None) -> Case:
    """Read the case of *dispute* from the log as it was when it had *size* entries.

    Args:
        log: the recorder.
        dispute: the dispute's identifier.
        size: of the log; the present one if it is not given.

    Raises:
        NotFoundError: the log does not know the dispute.
    """
    limit = (log.max_notification_id() or 0) if size is None else size
    found = _read(log, dispute, limit)
    order = _first(found, dispute, DisputeOpened).order
    found += _read(log, order, limit)
    key = _first(found, order, OrderPlaced).key
    found += _read(log, key, limit)
    case = case_of(dispute, found, limit)
    sold = [each.index for each in case.bound() if isinstance(each.event, KeySold)]
    if not sold:
        return case
    return case_of(dispute, [*found, *_duplicates(log, key, sold[-1], limit)], limit)


def _read(log: Histories, stream: str, size: int) -> list[Recorded]:
    return [recorded(index, entry) for index, entry in log.select_history(stream) if index < size]


def _duplicates(log: Histories, key: str, start: int, size: int) -> Iterable[Recorded]:
    """Give the discoveries, from leaf index *start* on, of the same raw key elsewhere."""
    topics = [KeyDuplicateDetected.TOPIC]
    following = start + 1
    while True:
        page = log.select_notifications(following, PAGE, size, topics)
        for each in page:
            event = read_event(
                str(each.originator_id), each.originator_version, each.topic, each.state
            )
            if isinstance(event, KeyDuplicateDetected) and event.first == key:
                yield Recorded(each.id - 1, event, event.meta.occurred_at or "")
        if len(page) < PAGE:
            return
        following = page[-1].id + 1


def _first(entries: Iterable[Recorded], stream: str, kind: type[E]) -> E:
    for each in entries:
        if isinstance(each.event, kind) and each.event.originator_id == stream:
            return each.event
    raise NotFoundError(f"{stream}: the log has no {kind.TOPIC} of it")
