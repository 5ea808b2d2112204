"""Facts: what is read of an entry, and what is refused."""

import pytest

from chain.errors import MalformedError
from domain import topics
from domain.event import EVENTS
from projections.fact import read_fact

assert topics.EVENTS
META = b'"meta":{"actor":"a","role":"staff","schema":%d}'
HEAD = b'{"at":"2026-11-22T10:00:00.123456Z","prev":null}\n'


def entry(data: bytes, schema: int, more: bytes = b"") -> bytes:
    return HEAD + b'{"data":%b,%b%b}\n' % (data, META[:-1] % schema, more + b"}")


def test_an_older_payload_version_is_led_up_by_the_same_upcasters_as_the_aggregates() -> None:
    fact = read_fact(4, "ord_x", 1, "order.placed", entry(b'{"units":1}', 1))
    assert (fact.index, fact.data, fact.moment) == (4, {"units": 1}, "2026-11-22T10:00:00Z")


def test_when_it_happened_comes_before_when_the_log_took_it() -> None:
    said = b',"occurred_at":"2026-11-01T08:00:00Z"'
    assert read_fact(0, "x", 1, "order.paid", entry(b"{}", 1, said)).moment == (
        "2026-11-01T08:00:00Z"
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{}}', b"\xff"])
def test_what_is_no_events_body_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError, match="entry 3: its body is no event's"):
        read_fact(3, "x", 1, "order.paid", HEAD + body + b"\n")


def test_a_payload_newer_than_the_program_is_refused() -> None:
    newer = EVENTS["order.placed"].SCHEMA + 1
    with pytest.raises(MalformedError, match="upgrade it"):
        read_fact(3, "x", 1, "order.placed", entry(b"{}", newer))
