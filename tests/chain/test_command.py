from collections.abc import Sequence

import pytest

from chain.command import Command, NewEvent
from chain.errors import MalformedError

GOOD = NewEvent("ord_1", 1, "order.placed", b"{}")

BAD_EVENTS = {
    "empty-stream": (GOOD._replace(stream=""), "stream"),
    "stream-with-space": (GOOD._replace(stream="ord 1"), "stream"),
    "stream-with-newline": (GOOD._replace(stream="ord_1\n"), "stream"),
    "stream-not-ascii": (GOOD._replace(stream="订单"), "stream"),
    "stream-of-129": (GOOD._replace(stream="x" * 129), "stream"),
    "negative-seq": (GOOD._replace(seq=-1), "seq"),
    "seq-beyond-2-53": (GOOD._replace(seq=1 << 53), "seq"),
    "empty-type": (GOOD._replace(type=""), "type"),
    "type-is-a-python-path": (GOOD._replace(type="domain.orders:Order.Placed"), "type"),
    "type-of-65": (GOOD._replace(type="x" * 65), "type"),
    "body-with-newline": (GOOD._replace(body=b"{\n}"), "newline at byte 1"),
    "body-not-utf8": (GOOD._replace(body=b'{"a":"\xff"}'), "not UTF-8 at byte 6"),
    "body-over-the-limit": (GOOD._replace(body=b"x" * 65_536), "65536 bytes"),
}


@pytest.mark.parametrize(("event", "fault"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_event_is_refused_by_name(event: NewEvent, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault) as refusal:
        Command("cmd_1", [GOOD, event]).check()
    if event.stream and event.stream == GOOD.stream:
        assert f"(version {event.seq} of stream {event.stream}" in str(refusal.value)


@pytest.mark.parametrize(
    ("command_id", "events", "fault"),
    [
        pytest.param("cmd_1", [], "has no events", id="no-events"),
        pytest.param("", [GOOD], "1 to 128", id="empty-id"),
        pytest.param("x" * 129, [GOOD], "1 to 128", id="id-of-129"),
        pytest.param("a b", [GOOD], "without space", id="id-with-space"),
        pytest.param("\ud800", [GOOD], "printable ASCII", id="id-with-lone-surrogate"),
    ],
)
def test_a_bad_command_is_refused(command_id: str, events: Sequence[NewEvent], fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        Command(command_id, events).check()


def test_a_good_command_passes() -> None:
    Command("cmd_1", [GOOD, GOOD._replace(stream='a"b\\c', seq=0)]).check()
