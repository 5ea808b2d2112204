"""Events of a feed have one spelling, and what is not spelt so is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.entry import Entry
from chain.errors import MalformedError
from chain.feed.event import (
    CheckpointEvent,
    EntryEvent,
    LeavesEvent,
    batch_bytes,
    parse_batch,
    parse_event,
    read_cursor,
)
from chain.hashes import LeafHash, TreeHash
from tests.chain.feed.making import MadeLog, entries
from tests.chain.keys import ORIGIN

LOG = MadeLog(entries(300), [300])
STREAMS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(STREAMS, st.text(max_size=50).filter(lambda text: "\n" not in text), st.integers(0, 2**53))
def test_every_entry_goes_there_and_back(stream: str, text: str, index: int) -> None:
    try:
        body = json.dumps(text, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    entry = Entry("2026-11-22T10:00:00.000000Z", None, 1, stream, "order.placed", body).to_bytes()
    spelt = EntryEvent(index, entry).to_bytes(ORIGIN)
    assert parse_event(spelt, ORIGIN) == EntryEvent(index, entry)
    members = json.loads(spelt)
    assert (members["id"], members["subject"], members["type"]) == (
        str(index),
        stream,
        "order.placed",
    )
    assert members["data"]["entry"].encode() == entry
    assert list(members) == sorted(members)
    assert b"\n" not in spelt


def test_a_page_goes_there_and_back() -> None:
    page = LOG.page(0, 256)
    spelt = batch_bytes(each.to_bytes(ORIGIN) for each in page)
    assert parse_batch(spelt, ORIGIN) == page
    with pytest.raises(MalformedError):
        parse_batch(spelt, "another.example/log")


@pytest.mark.parametrize(
    "change",
    [
        (b'"id":"0"', b'"id":"00"'),
        (b'"specversion":"1.0"', b'"specversion":"1.1"'),
        (b'"type":"order.placed"', b'"type":"order.paid"'),
        (b'"subject":"ord_x"', b'"subject":"ord_y"'),
        (b'"time":"2026', b'"time":"2027'),
        (b'{"data"', b'{ "data"'),
        (b'"source"', b'"extra":1,"source"'),
        (b"\\n{", b"{"),
    ],
)
def test_another_spelling_is_refused(change: tuple[bytes, bytes]) -> None:
    spelt = EntryEvent(0, LOG.entries[0]).to_bytes(ORIGIN)
    changed = spelt.replace(*change, 1)
    assert changed != spelt
    with pytest.raises(MalformedError):
        parse_event(changed, ORIGIN)


@pytest.mark.parametrize(
    "event",
    [
        LeavesEvent(0, ()),
        LeavesEvent(0, (LeafHash(b"short"),)),
        LeavesEvent(0, (LeafHash(bytes(32)),) * 257),
        CheckpointEvent(1, b"\xff", (), ()),
        CheckpointEvent(1, b"x", (TreeHash(b"short"),), ()),
        EntryEvent(0, b"no entry"),
        EntryEvent(
            0,
            b'{"at":"2026-11-22T10:00:00.000000Z","prev":null,"seq":1,"stream":"x",'
            b'"type":"xiyou.leaves","v":1}\n{}\n',
        ),
    ],
)
def test_what_is_no_event_is_not_written(
    event: EntryEvent | LeavesEvent | CheckpointEvent,
) -> None:
    with pytest.raises(MalformedError):
        event.to_bytes(ORIGIN)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120) | st.text().map(str.encode))
def test_any_bytes_are_refused_or_are_an_event(data: bytes) -> None:
    for parse in (parse_event, parse_batch):
        try:
            found = parse(data, ORIGIN)
        except MalformedError:
            continue
        assert data == b"[]"
        assert found == []


@pytest.mark.parametrize(("text", "size"), [("0", 1), ("255", 256), ("size-0", 0), ("size-9", 9)])
def test_a_cursor_is_an_index_or_a_size(text: str, size: int) -> None:
    assert read_cursor(text) == size
