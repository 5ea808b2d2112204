"""Lines of a file: ends, BOM, blanks, and every reason why one holds no raw key."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.keys.line import MAX_LINE_SIZE, LineFaultError, read_line, read_lines


def lines(content: bytes) -> list[bytes]:
    return list(read_lines(BytesIO(content)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"A", [b"A"]),
        (b"A\n", [b"A"]),
        (b"A\r\nB\r\n", [b"A", b"B"]),
        (b"A\n\nB", [b"A", b"", b"B"]),
        (b"\n", [b""]),
        (b"\xef\xbb\xbfA\nB", [b"A", b"B"]),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb\xbf\r\n", [b""]),
        (b"A\rB\n", [b"A\rB"]),
    ],
)
def test_t17_ends_of_lines_and_a_bom_belong_to_no_line(
    content: bytes, expected: list[bytes]
) -> None:
    assert lines(content) == expected


@pytest.mark.parametrize("size", [MAX_LINE_SIZE - 1, MAX_LINE_SIZE, MAX_LINE_SIZE + 1, 9_999])
def test_of_a_line_that_is_too_long_no_more_is_kept_than_shows_it(size: int) -> None:
    first, second = lines(b"x" * size + b"\nB\n")
    assert len(first) == min(size, MAX_LINE_SIZE)
    assert second == b"B"
    with pytest.raises(LineFaultError, match="too_long"):
        read_line(first)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"", "empty"),
        (b" \t ", "empty"),
        (b" - - ", "empty"),
        ("\u3000".encode(), "empty"),
        (b"AAAA\x07", "not_printable"),
        (b"AAAA\rBBBB", "not_printable"),
        (b"AAAA\x00", "not_printable"),
        ("AAAA\u200bBBBB".encode(), "not_printable"),
        ("AAAA\u202eBBBB".encode(), "not_printable"),
        ("\ufeffAAAA".encode(), "not_printable"),
        ("\ud800", "not_printable"),
        (b"\xff\xfeA\x00", "not_utf8"),
        ("卡密".encode("gb18030"), "not_utf8"),
        (b"E" * 513, "too_long"),
    ],
)
def test_a_line_that_holds_no_raw_key_says_why_and_not_what(line: bytes | str, fault: str) -> None:
    with pytest.raises(LineFaultError) as caught:
        read_line(line)
    assert caught.value.fault == fault
    assert str(caught.value) == fault


def test_the_widest_raw_key_is_taken() -> None:
    assert read_line(("𠮷" * 512).encode()).text == "𠮷" * 512


def test_blanks_around_a_raw_key_are_no_part_of_it() -> None:
    raw = read_line(b"  AAAA-BBBB\t")
    assert (raw.text, raw.normal) == ("AAAA-BBBB", "AAAABBBB")


def test_a_raw_key_is_in_no_message() -> None:
    assert "AAAA" not in repr(read_line(b"AAAA-BBBB"))


@given(st.binary(max_size=60))
def test_t17_no_line_is_lost_or_made_up(content: bytes) -> None:
    found = lines(content)
    body = content.removeprefix(b"\xef\xbb\xbf")
    expected = body.count(b"\n") + (not body.endswith(b"\n") and bool(body))
    assert len(found) == expected
