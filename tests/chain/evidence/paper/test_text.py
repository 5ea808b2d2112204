"""How facts are spelt on paper."""

import struct
from importlib.resources import files

import pytest

from chain.evidence.paper.text import beijing, grouped, is_printable, printable, utc


def drawn() -> set[int]:
    """Return the characters that the font draws: its table ``cmap``, format 4."""
    data = files("chain.evidence.paper").joinpath("certificate.ttf").read_bytes()
    count = int.from_bytes(data[4:6])
    tables = {
        data[at : at + 4]: int.from_bytes(data[at + 8 : at + 12])
        for at in range(12, 12 + 16 * count, 16)
    }
    place = tables[b"cmap"]
    start = place + int.from_bytes(data[place + 8 : place + 12])
    kind, _, _, double = struct.unpack_from(">4H", data, start)
    assert kind == 4
    size = double // 2
    ends = struct.unpack_from(f">{size}H", data, start + 14)
    starts = struct.unpack_from(f">{size}H", data, start + 16 + double)
    return {
        code for low, high in zip(starts, ends, strict=True) for code in range(low, high + 1)
    } - {0xFFFF}


def test_every_character_that_is_printed_as_it_is_is_in_the_font() -> None:
    have = drawn()
    missing = [hex(c) for c in range(0x10000) if is_printable(chr(c)) and c not in have]
    assert missing == []


@pytest.mark.parametrize("text", ["惜友账本", "堃喆珺镕", "Ünïcode", "（案号）：“”—…", "100 %"])
def test_names_and_punctuation_are_printed_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_all_of_gb2312_is_printed_as_it_is() -> None:
    rows = [bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    characters = [each.decode("gb2312", "ignore") for each in rows]
    assert sum(bool(each) for each in characters) == 6_763
    assert all(is_printable(each) for each in characters if each)


def test_what_nobody_sees_or_the_font_lacks_is_spelt_by_its_code_point() -> None:
    text = printable("a\u202eb\n\u200b\U00020bb7\u0301")
    assert text.replace("\u200b", "") == ("a[U+202E]b[U+000A][U+200B][U+20BB7][U+0301]")


def test_our_own_names_can_be_copied_from_the_page() -> None:
    name = "ord_01jdb0t3k5e6wbk9xv2c7m4n8q"
    assert printable(name) == name


def test_a_long_word_may_end_its_line_and_keeps_its_letters() -> None:
    text = printable("x" * 100)
    assert text.replace("\u200b", "") == "x" * 100
    assert max(map(len, text.split("\u200b"))) == 8


def test_digests_stand_in_groups_of_eight() -> None:
    assert grouped("0123456789abcdef" * 2) == "01234567 89abcdef 01234567 89abcdef"


def test_times_say_where_they_are_told() -> None:
    at = "2026-11-22T20:00:05.000001Z"
    assert beijing(at) == "2026-11-23 04:00:05.000001 +08:00"
    assert utc(at) == "2026-11-22 20:00:05.000001 UTC"
