"""Events: their bodies, what is refused when they are read, old payload versions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chain.canonical import to_bytes
from chain.errors import MalformedError
from domain.event import EVENTS, UPCASTERS, Event, Meta, event, read_event, upcaster
from domain.orders.events import OrderDelivered, OrderPlaced
from tests.domain.given import BUYER, MERCHANT, NOW, PRODUCT, identifier, meta_of

STREAM = identifier("ord")


@pytest.fixture
def coloured() -> Iterator[type[Event]]:
    """A test's own event in its second payload version: the colour was split off the name."""

    @event("test.painted", schema=2)
    class TestPainted(Event):
        """Something was painted."""

        name: str
        colour: str

    @upcaster("test.painted", 1)
    def split(data: dict[str, Any]) -> dict[str, Any]:
        name, colour = data["name"].split("/")
        return {"name": name, "colour": colour}

    yield TestPainted
    del EVENTS["test.painted"], UPCASTERS["test.painted", 1]


def body_of(data: object, **meta: object) -> bytes:
    """Return a body with a good meta, changed by *meta*."""
    good = json.loads(meta_of("cmd/1").spell(1))
    return to_bytes(
        {"data": data, "meta": {k: v for k, v in (good | meta).items() if v != "absent"}}
    )


def test_a_body_is_canonical_json_of_data_and_meta() -> None:
    delivered = OrderDelivered(STREAM, 4, meta_of("cmd/1"), basis="assumed")
    assert delivered.body() == to_bytes(json.loads(delivered.body()))
    assert json.loads(delivered.body()) == {
        "data": {"basis": "assumed"},
        "meta": {
            "actor": identifier("usr", "buyer"),
            "causation": None,
            "channel": "web",
            "command_id": "cmd/1",
            "correlation_id": "cmd/1",
            "occurred_at": NOW,
            "role": "consumer",
            "schema": 1,
            "source": "test",
        },
    }


def test_what_does_not_apply_is_absent() -> None:
    meta = Meta("rules", "platform", "test", "timer", "cmd/1", "cmd/0", causation=7)
    spelt = json.loads(OrderDelivered(STREAM, 4, meta).body())
    assert spelt["data"] == {}
    assert "occurred_at" not in spelt["meta"]
    assert spelt["meta"]["causation"] == 7


def test_an_event_cannot_be_changed() -> None:
    delivered = OrderDelivered(STREAM, 4, meta_of("cmd/1"))
    with pytest.raises(AttributeError):
        delivered.basis = "assumed"  # type: ignore[misc]


def test_an_old_payload_is_brought_up_to_date(coloured: type[Event]) -> None:
    read = read_event("s", 1, "test.painted", body_of({"name": "door/red"}))
    assert read == coloured("s", 1, meta_of("cmd/1"), name="door", colour="red")  # type: ignore[call-arg]
    assert json.loads(read.body())["meta"]["schema"] == 2


def test_a_payload_of_a_newer_program_is_refused(coloured: type[Event]) -> None:
    with pytest.raises(MalformedError, match="payload version 3 is newer than this program"):
        read_event("s", 1, "test.painted", body_of({"name": "x"}, schema=3))


def test_an_old_payload_without_its_upcaster_is_refused(coloured: type[Event]) -> None:
    step = UPCASTERS.pop(("test.painted", 1))
    with pytest.raises(MalformedError, match="payload version 1 has no upcaster"):
        read_event("s", 1, "test.painted", body_of({"name": "door/red"}))
    UPCASTERS["test.painted", 1] = step


def test_a_payload_version_has_one_upcaster(coloured: type[Event]) -> None:
    with pytest.raises(ValueError, match="has its upcaster already"):
        upcaster("test.painted", 1)


@pytest.mark.parametrize(
    "topic", ["OrderPlaced", "order", "order.Placed", "domain.orders:X", "a.b.c"]
)
def test_a_name_that_is_not_area_and_past_tense_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="past_tense"):
        event(topic)


def test_one_name_stands_for_one_fact() -> None:
    with pytest.raises(ValueError, match="is the name of OrderPlaced already"):

        @event("order.placed")
        class Other(Event):
            """Something else."""


def test_a_payload_holds_no_floating_point_number() -> None:
    with pytest.raises(TypeError, match="cannot stand in a payload"):

        @event("test.weighed")
        class TestWeighed(Event):
            """Something was weighed."""

            weight: float


BAD_BODIES = {
    "not-json": (b"{", "not JSON"),
    "not-canonical": (b'{"meta":{},"data":{}}', "canonical"),
    "array": (b"[]", "must be an object"),
    "no-meta": (b'{"data":{}}', "meta: is missing"),
    "third-member": (b'{"data":{},"meta":{},"more":1}', "more: unknown member"),
    "unknown-field": (body_of({"colour": "red"}), "colour: unknown member"),
    "wrong-choice": (body_of({"basis": "guessed"}), "basis: must be one of"),
    "null-for-absent": (body_of({"basis": None}), "basis: must be one of"),
    "data-is-text": (body_of("x"), "must be an object"),
    "meta-without-actor": (body_of({}, actor="absent"), "meta: actor: is missing"),
    "meta-without-causation": (body_of({}, causation="absent"), "causation and schema"),
    "causation-negative": (body_of({}, causation=-1), "leaf index or null"),
    "schema-zero": (body_of({}, schema=0), "payload version from 1"),
    "schema-true": (body_of({}, schema=True), "payload version from 1"),
    "role-unknown": (body_of({}, role="god"), "meta: role: must be one of"),
    "time-with-offset": (body_of({}, occurred_at="2026-11-22T10:00:00+00:00"), "occurred_at"),
    "time-null": (body_of({}, occurred_at=None), "occurred_at"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_no_honest_writer_wrote_is_refused(name: str) -> None:
    body, fault = BAD_BODIES[name]
    with pytest.raises(MalformedError, match=fault):
        read_event(STREAM, 4, "order.delivered", body)


def test_an_unknown_event_type_is_refused_by_name() -> None:
    with pytest.raises(MalformedError, match=r"event type 'order\.teleported'"):
        read_event(STREAM, 1, "order.teleported", body_of({}))


def test_a_refusal_names_event_and_stream() -> None:
    with pytest.raises(MalformedError, match=rf"order\.placed \(version 1 of {STREAM}\): checkout"):
        read_event(STREAM, 1, OrderPlaced.TOPIC, body_of({}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"buyer": "somebody"}, "buyer"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"currency": "yuan"}, "currency"),
        ({"units": 0}, "units"),
        ({"meta": replace(meta_of("cmd/1"), role="thief")}, "role"),  # type: ignore[arg-type]
        ({"meta": replace(meta_of("cmd/1"), occurred_at="yesterday")}, "occurred_at"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(change: dict[str, Any], named: str) -> None:
    good = OrderPlaced(
        identifier("ord"),
        1,
        meta_of("cmd/1"),
        checkout=identifier("chk"),
        buyer=BUYER,
        merchant=MERCHANT,
        product=PRODUCT,
        key=identifier("key"),
        units=1,
        amount=100,
        currency="CNY",
    )
    assert read_event(good.originator_id, 1, good.TOPIC, good.body()) == good
    with pytest.raises(MalformedError, match=rf"order\.placed \(version 1 of ord_.*{named}"):
        replace(good, **change).body()
