"""The base of every event: its stable name, its payload version, who did it and how.

``formats.md``, section 1: an event's body is canonical JSON with the members ``data`` and
``meta``. An event class is declared by `event`, which gives it its TOPIC, the name that
stands in the log for ever; no Python path is ever stored. A member that does not apply is
absent, so that one fact has one spelling; only ``causation`` is then null. Proved by
``tests/domain/test_event.py``; frozen by ``tests/golden/domain/events.json``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeVar, dataclass_transform

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from domain.payload import Field, Kind, Moment, Schema, object_schema, payload_fields, read_object

Role = Literal["consumer", "merchant", "platform", "staff", "arbitrator", "channel", "upstream"]
"""Who acts: the actors C, M, P, S, A, Y and U of ``features.md``, section 3."""

_TOPIC = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_OWN: Final = frozenset({"originator_id", "originator_version", "meta"})


@dataclass(frozen=True)
class Meta:
    """Who did it and how; one for all events of a command at one moment."""

    actor: str
    """A pseudonymous id, or the name of a rule or a timer."""
    role: Role
    source: str
    """The system that reported it."""
    channel: str
    """The way it came in: web, api, file, timer …"""
    command_id: str
    correlation_id: str
    """The command that began the conversation which this one continues; often itself."""
    causation: int | None = None
    """Leaf index of the entry that led to this one."""
    occurred_at: Moment | None = None
    """UTC, where the fact is older than its entry."""
    _spelt: dict[int, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def spell(self, schema: int) -> bytes:
        """Return the canonical JSON of the member ``meta`` for a payload version.

        Raises:
            MalformedError: a member is not what it must be.
        """
        if schema not in self._spelt:
            members: dict[str, object] = {
                "actor": self.actor,
                "causation": self.causation,
                "channel": self.channel,
                "command_id": self.command_id,
                "correlation_id": self.correlation_id,
                "role": self.role,
                "schema": schema,
                "source": self.source,
            }
            if self.occurred_at is not None:
                members["occurred_at"] = self.occurred_at
            _read_meta(members)
            self._spelt[schema] = to_bytes(members)
        return self._spelt[schema]


@dataclass(frozen=True)
class Event:
    """What happened to one thing. The fields of a subclass are the payload."""

    TOPIC: ClassVar[str]
    SCHEMA: ClassVar[int]
    FIELDS: ClassVar[tuple[Field, ...]]
    _optional: ClassVar[bool]
    _nested: ClassVar[bool]

    originator_id: str
    """The stream."""
    originator_version: int
    """The event's number within the stream, from 1."""
    meta: Meta

    def data(self) -> dict[str, Any]:
        """Return the payload as JSON members."""
        members = self.__dict__.copy()
        del members["originator_id"], members["originator_version"], members["meta"]
        if self._optional:
            members = {name: value for name, value in members.items() if value is not None}
        if self._nested:
            members = {name: _spell_out(value) for name, value in members.items()}
        return members

    def body(self) -> bytes:
        """Return the canonical JSON of ``data`` and ``meta``: what the log keeps.

        What `read_event` would refuse is refused here: once in the log, it would be
        unreadable for ever.

        Raises:
            MalformedError: a member is not what it must be, or has no canonical spelling.
        """
        data = self.data()
        try:
            read_object(self.FIELDS, data)
            return b'{"data":%b,"meta":%b}' % (to_bytes(data), self.meta.spell(self.SCHEMA))
        except MalformedError as error:
            named = f"{self.TOPIC} (version {self.originator_version} of {self.originator_id})"
            raise MalformedError(f"{named}: {error}") from None

    def apply(self, aggregate: object) -> None:
        """Change *aggregate* as this event says, beyond the state that its table gives."""
        self._apply(aggregate)

    def _apply(self, aggregate: Any) -> None:  # noqa: ANN401 — each event narrows it to its own
        """Do nothing: most events change no more than the state."""


EVENTS: Final[dict[str, type[Event]]] = {}
"""Every declared event by its topic; complete once `domain.topics` is imported."""

UPCASTERS: Final[dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""By topic and payload version: the function that leads to the next version."""

E = TypeVar("E", bound=Event)
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass_transform(frozen_default=True)
def event(topic: str, *, schema: int = 1) -> Callable[[type[E]], type[E]]:
    """Declare an event class: a frozen dataclass named *topic* in the log for ever.

    Args:
        topic: ``area.past_tense``, as in ``features.md``; never reused, never renamed.
        schema: the payload's version; a changed payload gets the next one and an upcaster.

    Raises:
        ValueError: the topic is no such name, or is taken.
    """
    if not _TOPIC.fullmatch(topic):
        raise ValueError(f"{topic}: an event's name is area.past_tense")

    def declare(cls: type[E]) -> type[E]:
        taken = EVENTS.get(topic)
        if taken is not None and taken.__qualname__ != cls.__qualname__:
            raise ValueError(f"{topic}: is the name of {taken.__qualname__} already")
        made = dataclass(frozen=True)(cls)
        made.TOPIC, made.SCHEMA = topic, schema
        made.FIELDS = payload_fields(made, leave_out=_OWN)
        made._optional = any(not each.required for each in made.FIELDS)  # noqa: SLF001 — our own
        made._nested = any(each.kind.schema.get("type") == "array" for each in made.FIELDS)  # noqa: SLF001 — our own
        EVENTS[topic] = made
        return made

    return declare


def upcaster(topic: str, schema: int) -> Callable[[Upcaster], Upcaster]:
    """Declare the pure function from payload version *schema* of *topic* to the next one.

    Raises:
        ValueError: there is one already.
    """
    if (topic, schema) in UPCASTERS:
        raise ValueError(f"{topic}: payload version {schema} has its upcaster already")

    def declare(function: Upcaster) -> Upcaster:
        UPCASTERS[topic, schema] = function
        return function

    return declare


def unchanged(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data*: the upcaster to a version that only knows more members or values."""
    return data


def read_event(stream: str, seq: int, topic: str, body: bytes) -> Event:
    """Return the event that an entry's *body* spells.

    An older payload version is brought up to the newest; the body itself never changes.

    Raises:
        MalformedError: the topic is unknown, or no honest writer wrote this body.
    """
    cls = EVENTS.get(topic)
    if cls is None:
        raise MalformedError(f"event type {topic!a}: unknown to this program")
    try:
        members = read_object(_BODY, parse(body))
        meta, schema = _read_meta(members["meta"])
        data = read_object(cls.FIELDS, _upcast(cls, schema, members["data"]))
        return cls(stream, seq, meta, **data)
    except MalformedError as error:
        raise MalformedError(f"{topic} (version {seq} of {stream}): {error}") from None


def json_schema(cls: type[Event]) -> Schema:
    """Return the JSON Schema (2020-12) of the body of an event of class *cls*."""
    meta = object_schema(_META_FIELDS)
    meta["properties"]["schema"] = {"const": cls.SCHEMA}
    meta["properties"]["causation"] = {"type": ["integer", "null"], "minimum": 0}
    meta["required"] = sorted({*meta["required"], "causation", "schema"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": cls.TOPIC,
        "description": (cls.__doc__ or "").split("\n\n")[0],
        "type": "object",
        "properties": {"data": object_schema(cls.FIELDS), "meta": meta},
        "required": ["data", "meta"],
        "additionalProperties": False,
    }


_ANYTHING = Kind({}, lambda value: value)
_BODY = tuple(Field(name, _ANYTHING, required=True) for name in ("data", "meta"))
_META_FIELDS = payload_fields(Meta, leave_out=frozenset({"_spelt"}))
_META_READ = tuple(each for each in _META_FIELDS if each.name != "causation")


def _read_meta(value: object) -> tuple[Meta, int]:
    if not isinstance(value, dict) or not {"causation", "schema"} <= value.keys():
        raise MalformedError("meta: must be an object with causation and schema")
    members = dict(value)
    schema, causation = members.pop("schema"), members.pop("causation")
    if type(schema) is not int or schema < 1:
        raise MalformedError("meta: schema: must be a payload version from 1")
    if causation is not None and (type(causation) is not int or causation < 0):
        raise MalformedError("meta: causation: must be a leaf index or null")
    try:
        return Meta(**read_object(_META_READ, members), causation=causation), schema
    except MalformedError as error:
        raise MalformedError(f"meta: {error}") from None


def _upcast(cls: type[Event], schema: int, data: Any) -> Any:  # noqa: ANN401 — JSON of an older shape
    if schema > cls.SCHEMA:
        raise MalformedError(f"payload version {schema} is newer than this program: upgrade it")
    for version in range(schema, cls.SCHEMA):
        step = UPCASTERS.get((cls.TOPIC, version))
        if step is None:
            raise MalformedError(f"payload version {version} has no upcaster")
        data = step(data)
    return data


def _spell_out(value: object) -> object:
    """Return *value* with dataclasses, of events that have arrays, as JSON members."""
    if isinstance(value, tuple):
        return [_spell_out(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        names = value.__dataclass_fields__
        found = {name: getattr(value, name) for name in names}
        return {name: _spell_out(item) for name, item in found.items() if item is not None}
    return value
