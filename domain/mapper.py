"""Domain events to stored events and back: the body is canonical JSON, the topic a name.

A subclass of the eventsourcing library's mapper that stores neither Python paths nor
time stamps nor pickles. Proved by ``tests/domain/test_mapper.py``.
"""

from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from chain.errors import MalformedError
from domain.event import Event, read_event


class EventMapper(Mapper[str]):
    """Maps the events of this floor; the library's transcoder, compressor and cipher idle."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Return *domain_event* as the recorder keeps it.

        Raises:
            MalformedError: it is not an event of this floor, or has no canonical spelling.
        """
        if not isinstance(domain_event, Event):
            raise MalformedError(f"{type(domain_event).__qualname__} is not declared by @event")
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.TOPIC,
            domain_event.body(),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401 — the library's generic
        """Return the event that *stored_event* holds, its payload brought up to date.

        Raises:
            MalformedError: no honest writer wrote it.
        """
        return read_event(
            str(stored_event.originator_id),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
        )
