"""Domain events to stored events and back, for every type, from their own schemas."""

from dataclasses import fields
from typing import Any
from unicodedata import normalize

import pytest
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from domain import topics
from domain.event import Event, Meta
from domain.identifiers import make
from domain.ledger.journal import LedgerPosted, Line
from domain.mapper import EventMapper

MAPPER = EventMapper()
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), max_size=20).map(
    lambda each: normalize("NFC", each)
)
metas = st.builds(
    Meta,
    actor=texts,
    role=st.sampled_from(["consumer", "platform", "channel"]),
    source=texts,
    channel=texts,
    command_id=texts,
    correlation_id=texts,
    causation=st.none() | st.integers(0, 2**53 - 1),
    occurred_at=st.none() | st.just("2010-12-01T08:26:00Z"),
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for what a field of *schema* may hold."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "object":
        return st.fixed_dictionaries({n: values(s) for n, s in schema["properties"].items()})
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=3)
    return st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else texts


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event of any type."""
    cls = topics.EVENTS[draw(st.sampled_from(sorted(topics.EVENTS)))]
    data: dict[str, Any] = {}
    for each in cls.FIELDS:
        drawn = draw(
            values(each.kind.schema) if each.required else st.none() | values(each.kind.schema)
        )
        data[each.name] = None if drawn is None else each.kind.read(drawn)
    return cls(draw(texts), draw(st.integers(1, 99)), draw(metas), **data)


@given(events())
def test_every_event_comes_back_as_it_went(event: Event) -> None:
    stored = MAPPER.to_stored_event(event)
    assert stored.topic == event.TOPIC
    assert to_bytes(parse(stored.state)) == stored.state
    assert MAPPER.to_domain_event(stored) == event


def test_no_python_path_and_no_time_stamp_is_stored() -> None:
    for cls in topics.EVENTS.values():
        assert {each.name for each in fields(cls)}.isdisjoint({"timestamp", "originator_topic"})
        assert ":" not in cls.TOPIC


def test_nested_lines_are_spelt_out_as_objects() -> None:
    meta = Meta("a", "platform", "t", "c", "cmd", "cmd")
    lines = (Line("SVC", 5), Line("channel", -5))
    posted = LedgerPosted("ledger/or-2010-12-01", 1, meta, "service_sale", "GBP", lines)
    assert (
        b'"lines":[{"account":"SVC","amount":5},{"account":"channel","amount":-5}]' in posted.body()
    )


def test_an_event_of_another_library_is_refused() -> None:
    class Foreign(DomainEvent):
        pass

    with pytest.raises(MalformedError, match="Foreign is not declared by @event"):
        MAPPER.to_stored_event(object.__new__(Foreign))  # type: ignore[arg-type]


def test_a_stored_event_of_an_unknown_type_is_refused() -> None:
    stored = StoredEvent(make("ord", 0, 0), 1, "domain.orders.order:Order.Placed", b"{}")
    with pytest.raises(MalformedError, match="unknown to this program"):
        MAPPER.to_domain_event(stored)
