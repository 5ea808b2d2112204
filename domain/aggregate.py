"""Aggregates: the smallest things with rules of their own, rebuilt from their events.

An aggregate has one or more machines, each an attribute and a table of legal transitions
(``features.md``, section 3); what no table allows is refused and records nothing. The
tables are data, so that documents and tests are made from them. `project` is the
projector function that the eventsourcing library's repository takes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar

from domain.command import Command
from domain.errors import IllegalTransitionError
from domain.event import Event, Meta

Table = Mapping[str, Mapping[str, str]]
"""By topic: the states in which the event may happen, and the state that follows."""

NEW = "new"
"""The state of a thing that has no event yet."""

E = TypeVar("E", bound=Event)
AGGREGATES: dict[str, type["Aggregate"]] = {}
"""Every aggregate class by its identifiers' prefix."""


class Aggregate:
    """One stream's state and rules."""

    TOPIC: ClassVar[str]
    """The aggregate's stable name."""
    PREFIX: ClassVar[str]
    """Of its identifiers."""
    MACHINES: ClassVar[Mapping[str, Table]] = {}
    """By attribute: its table."""
    _steps: ClassVar[dict[str, tuple[tuple[str, Mapping[str, str]], ...]]]

    __slots__ = ("id", "version")

    def __init__(self, aggregate_id: str) -> None:
        """Begin with nothing having happened to *aggregate_id* yet."""
        self.id = aggregate_id
        self.version = 0

    def __init_subclass__(cls) -> None:
        for name in ("TOPIC", "PREFIX"):
            if name not in cls.__dict__:
                raise TypeError(f"{cls.__qualname__} must have a {name} of its own")
        AGGREGATES[cls.PREFIX] = cls
        steps: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
        for attribute, table in cls.MACHINES.items():
            for topic, changes in table.items():
                steps.setdefault(topic, []).append((attribute, changes))
        cls._steps = {topic: tuple(found) for topic, found in steps.items()}

    @classmethod
    def project(cls, aggregate: Self | None, events: Iterable[Any]) -> Self | None:
        """Return *aggregate* after *events*; None begins a new one, if there are any."""
        for each in events:
            if aggregate is None:
                aggregate = cls(each.originator_id)
            aggregate.evolve(each)
        return aggregate

    def check(self, topic: str) -> None:
        """Refuse unless an event of *topic* may happen now.

        Raises:
            IllegalTransitionError: a machine of this thing does not allow it.
        """
        for attribute, changes in self._steps[topic]:
            state = getattr(self, attribute)
            if state not in changes:
                raise IllegalTransitionError(self.id, topic, f"{attribute} {state}")

    def happen(self, command: Command, event: E) -> E:
        """Let *event* happen: check it against the tables, apply it, add it to *command*.

        Raises:
            IllegalTransitionError: a machine of this thing does not allow it.
        """
        self.check(event.TOPIC)
        command.touch(self)
        self.evolve(event)
        command.events.append(event)
        return event

    def bearing(self) -> Any:  # noqa: ANN401 — each class has its own
        """Return how it stands now, for the comparison when the command is recorded."""
        return None

    def evolve(self, event: Event) -> None:
        """Take the state that *event* leads to: from the tables, then by its own `apply`."""
        for attribute, changes in self._steps[event.TOPIC]:
            setattr(self, attribute, changes[getattr(self, attribute)])
        event.apply(self)
        self.version = event.originator_version

    def follows(self, command: Command) -> tuple[str, int, Meta]:
        """Return what an event's first three fields are: stream, version, meta."""
        return self.id, self.version + 1, command.meta
