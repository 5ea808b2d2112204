"""Entries: two lines, every limit, and two ways of reading that must agree."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.entry import (
    HEADER,
    MAX_ENTRY_SIZE,
    MAX_SEQ,
    Entry,
    assemble,
    check_body,
    check_stream,
    check_type,
    format_at,
    parse_at,
    read_header,
    unescape_stream,
)
from chain.errors import EntryTooLargeError, MalformedError
from chain.hashes import ChainHash, chain_hash

AT = "2026-11-22T10:00:00.123456Z"
LINK = chain_hash(b"the entry before")
FIRST = Entry(AT, None, 1, "ord_01jdb0t3k5e6wbk9xv2c7m4n8q", "order.placed", b'{"data":{}}')
HEAD = (
    b'{"at":"2026-11-22T10:00:00.123456Z","prev":null,"seq":1,'
    b'"stream":"ord_01jdb0t3k5e6wbk9xv2c7m4n8q","type":"order.placed","v":1}'
)

streams = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128)
kinds = st.from_regex(r"[a-z0-9_.-]{1,64}", fullmatch=True)
moments = st.datetimes(timezones=st.just(UTC)).map(format_at)
links = st.none() | st.binary(min_size=32, max_size=32).map(ChainHash)
bodies = st.text(st.characters(exclude_characters="\n", codec="utf-8")).map(str.encode)
seqs = st.integers(0, 3) | st.integers(0, MAX_SEQ)


def lawful(seq: int, prev: ChainHash | None) -> bool:
    return seq == 1 or (prev is None) == (seq == 0)


entries = st.builds(Entry, moments, links, seqs, streams, kinds, bodies).filter(
    lambda entry: lawful(entry.seq, entry.prev)
)


def test_an_entry_is_spelt_as_the_format_says() -> None:
    assert FIRST.to_bytes() == HEAD + b'\n{"data":{}}\n'


@given(entries)
def test_parsing_undoes_writing(entry: Entry) -> None:
    assert Entry.parse(entry.to_bytes()) == entry


@given(entries)
def test_the_strict_reader_agrees_with_the_fast_one(entry: Entry) -> None:
    line = entry.to_bytes().split(b"\n")[0]
    assert read_header(line) == (entry.at, entry.prev, entry.seq, entry.stream, entry.type)
    match = HEADER.fullmatch(line)
    assert match is not None
    at, prev, seq, stream, kind = match.groups()
    assert (at.decode(), int(seq), kind.decode()) == (entry.at, entry.seq, entry.type)
    assert (prev and bytes.fromhex(prev.decode())) == entry.prev
    assert unescape_stream(stream) == entry.stream


def is_header(line: bytes) -> bool:
    """Say whether the strict reader accepts *line*, which is the truth of it."""
    try:
        read_header(line)
    except MalformedError:
        return False
    return True


def fast_accepts(line: bytes) -> bool:
    match = HEADER.fullmatch(line)
    if match is None:
        return False
    try:
        parse_at(match[1].decode())
    except MalformedError:
        return False
    return True


PIECES = [
    b'"', b"\\", b"null", b"0", b"1", b"2", b"9007199254740991", b"9007199254740992", b"-1", b"1.0",
    b"00", b" ", b"\n", b"\t", b"a", b"A", b".", b",", b":", b"{", b"}", b"\\\\", b'\\"', b"\\/",
    b"\\u0041", b"\x7f", b"\x80", b"\xc3\xa9", b"~", b"!", b"v", b'"v":1', b'"x":1', b"Z", b"T",
    b"true", b"f" * 64, b'"' + b"0" * 64 + b'"',
]  # fmt: skip


@given(
    entries.map(lambda entry: entry.to_bytes().split(b"\n")[0]),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES) | st.binary(max_size=2)
        ),
        min_size=1,
        max_size=2,
    ),
)
def test_both_ways_agree_on_headers_that_were_tampered_with(
    line: bytes, edits: list[tuple[float, int, bytes]]
) -> None:
    for where, removed, added in edits:
        place = int(where * len(line))
        line = line[:place] + added + line[place + removed :]
    assert fast_accepts(line) == is_header(line)


@given(seqs | st.integers(MAX_SEQ - 40, MAX_SEQ + 2**60), links)
@example(MAX_SEQ, LINK)
@example(MAX_SEQ + 1, LINK)
@example(0, LINK)
@example(1, LINK)
@example(1, None)
@example(2, None)
def test_both_ways_agree_on_every_version_and_link(seq: int, prev: ChainHash | None) -> None:
    line = assemble(AT, prev, seq, "s", "t", b"").split(b"\n")[0]
    assert fast_accepts(line) == is_header(line) == (lawful(seq, prev) and seq <= MAX_SEQ)


def test_a_stream_may_begin_at_zero_and_then_go_on_at_one() -> None:
    for seq, prev in ((0, None), (1, None), (1, LINK), (2, LINK)):
        entry = Entry(AT, prev, seq, "s", "t", b"")
        assert Entry.parse(entry.to_bytes()) == entry


GOOD = FIRST.to_bytes()
UNSORTED = GOOD.replace(b'"seq":1,', b"").replace(b'"v":1', b'"seq":1,"v":1')
LINKED = GOOD.replace(b"null", b'"' + b"ab" * 32 + b'"')
BAD_ENTRIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "two lines"),
    "one-line": (HEAD + b"\n", "two lines"),
    "no-final-newline": (GOOD[:-1], "two lines"),
    "third-line": (GOOD + b"x\n", "newline at byte"),
    "trailing-newline": (GOOD + b"\n", "newline at byte"),
    "too-large": (HEAD + b"\n" + b"x" * MAX_ENTRY_SIZE + b"\n", "65535"),
    "body-not-utf8": (HEAD + b"\n\xff\n", "not UTF-8"),
    "header-not-json": (b"x\n{}\n", "header: not JSON"),
    "header-not-an-object": (b"[]\n{}\n", "JSON object"),
    "header-with-space": (GOOD.replace(b":1,", b": 1,", 1), "canonical"),
    "member-missing": (GOOD.replace(b',"v":1', b""), "members: v"),
    "member-unknown": (GOOD.replace(b',"v":1', b',"v":1,"w":1'), "members: w"),
    "members-unsorted": (UNSORTED, "canonical"),
    "another-format": (GOOD.replace(b'"v":1', b'"v":2'), "v: .*format 1, not 2"),
    "format-true": (GOOD.replace(b'"v":1', b'"v":true'), "v: "),
    "at-without-decimals": (GOOD.replace(b".123456", b""), "at "),
    "at-with-offset": (GOOD.replace(b"Z", b"+00:00"), "at "),
    "at-not-in-the-calendar": (GOOD.replace(b"11-22", b"02-30"), "at "),
    "at-hour-24": (GOOD.replace(b"T10", b"T24"), "at "),
    "at-leap-second": (GOOD.replace(b"00:00.", b"00:60."), "at "),
    "at-year-zero": (GOOD.replace(b"2026", b"0000"), "at "),
    "at-number": (GOOD.replace(b'"2026-11-22T10:00:00.123456Z"', b"1"), "must be strings"),
    "prev-short": (GOOD.replace(b"null", b'"ab"'), "prev"),
    "prev-upper-case": (GOOD.replace(b"null", b'"' + b"AB" * 32 + b'"'), "prev"),
    "prev-number": (GOOD.replace(b"null", b"0"), "prev"),
    "prev-at-seq-0": (LINKED.replace(b":1,", b":0,"), "null at seq 0"),
    "no-prev-at-seq-2": (GOOD.replace(b'"seq":1', b'"seq":2'), "not be null at seq 2"),
    "seq-negative": (GOOD.replace(b'"seq":1', b'"seq":-1'), "seq"),
    "seq-text": (GOOD.replace(b'"seq":1', b'"seq":"1"'), "seq: must be an integer"),
    "seq-true": (GOOD.replace(b'"seq":1', b'"seq":true'), "seq: must be an integer"),
    "seq-float": (GOOD.replace(b'"seq":1', b'"seq":1.5'), "floating-point"),
    "stream-empty": (GOOD.replace(FIRST.stream.encode(), b""), "stream"),
    "stream-with-space": (GOOD.replace(b"ord_", b"ord "), "stream"),
    "stream-not-ascii": (GOOD.replace(b"ord_", "örd".encode()), "stream"),
    "stream-of-129": (GOOD.replace(FIRST.stream.encode(), b"s" * 129), "stream"),
    "type-upper-case": (GOOD.replace(b"order.placed", b"Order.placed"), "type"),
    "type-python-path": (GOOD.replace(b"order.placed", b"a:b"), "type"),
    "type-of-65": (GOOD.replace(b"order.placed", b"t" * 65), "type"),
    "duplicate-member": (GOOD.replace(b'"v":1', b'"v":1,"v":1'), "duplicate key v"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "fault"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_bad_entry_is_refused_by_its_fault(data: bytes, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        Entry.parse(data)


BAD_FIELDS: dict[str, tuple[Entry, str]] = {
    "at": (Entry("2026-11-22", None, 1, "s", "t", b""), "at "),
    "prev-short": (Entry(AT, ChainHash(b"x"), 2, "s", "t", b""), "prev"),
    "prev-missing": (Entry(AT, None, 2, "s", "t", b""), "prev"),
    "seq-negative": (Entry(AT, None, -1, "s", "t", b""), "seq"),
    "seq-2^53": (Entry(AT, LINK, 2**53, "s", "t", b""), "seq"),
    "stream-newline": (Entry(AT, None, 1, "s\n", "t", b""), "stream"),
    "type-newline": (Entry(AT, None, 1, "s", "t\n", b""), "type"),
    "body-newline": (Entry(AT, None, 1, "s", "t", b"a\nb"), "newline at byte 1"),
    "body-not-utf8": (Entry(AT, None, 1, "s", "t", b"a\xff"), "not UTF-8 at byte 1"),
    "body-huge": (Entry(AT, None, 1, "s", "t", b"a" * 65_536), "body"),
}


@pytest.mark.parametrize(("entry", "fault"), BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_a_bad_field_is_refused_when_writing(entry: Entry, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        entry.to_bytes()


def test_an_entry_of_the_largest_size_fits_and_one_byte_more_does_not() -> None:
    room = MAX_ENTRY_SIZE - len(HEAD) - 2
    largest = Entry(AT, None, 1, FIRST.stream, FIRST.type, b"x" * room)
    assert len(largest.to_bytes()) == MAX_ENTRY_SIZE
    assert Entry.parse(largest.to_bytes()) == largest
    with pytest.raises(
        EntryTooLargeError, match=r"order\.placed .*version 1 of stream ord_.*65,536"
    ):
        Entry(AT, None, 1, FIRST.stream, FIRST.type, b"x" * (room + 1)).to_bytes()


@given(streams)
def test_a_stream_is_escaped_as_json_would(stream: str) -> None:
    assert unescape_stream(check_stream(stream).encode()) == stream


def test_a_type_may_be_a_topic_of_the_librarys_own_tests() -> None:
    check_type("non-interleaving-test-event")


def test_a_carriage_return_in_a_body_is_left_alone() -> None:
    check_body(b"a\r\x00b")


def test_a_type_is_checked_every_time() -> None:
    for _ in range(2):
        check_type("a.b_1")
        with pytest.raises(MalformedError):
            check_type("a b")


EARLIEST, LATEST = datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-01-01")


@given(st.datetimes(EARLIEST, LATEST, timezones=st.timezones()))
def test_a_moment_survives_being_written(moment: datetime) -> None:
    assert parse_at(format_at(moment)) == moment.astimezone(UTC)


def test_other_zones_are_written_in_utc() -> None:
    there = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert format_at(there) == "2026-01-01T00:00:00.000000Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(MalformedError, match="time zone"):
        format_at(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_header_pattern_is_for_bytes_and_has_five_groups() -> None:
    assert isinstance(HEADER, re.Pattern)
    assert HEADER.groups == 5
