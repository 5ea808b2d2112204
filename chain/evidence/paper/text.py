"""How facts are spelt on paper: digests in groups, Beijing time, nothing invisible.

A printed page has no "show raw bytes": a character that the font lacks, or that a reader
would not see, is spelt by its code point as in every other view of a package. Proved by
``tests/chain/evidence/paper/test_text.py``.
"""

import re
import unicodedata
from datetime import timedelta, timezone
from typing import Final

from chain.entry import parse_at

BEIJING: Final = timezone(timedelta(hours=8))
GROUP: Final = 8
"""Hexadecimal digits of a digest that stand together."""

_LATIN: Final = range(0x20, 0x180)
_MISSING: Final = "\u0251\u0261\u2609"
"""Of GBK's characters those that the font has not."""
_BREAK: Final = "\u200b"
_LONG: Final = re.compile(r"[!-~]{33,}")
"""So many characters without a space may be wider than their cell; our own names are not."""


def grouped(digest: str) -> str:
    """Return the hexadecimal *digest* in groups of eight digits."""
    return " ".join(digest[at : at + GROUP] for at in range(0, len(digest), GROUP))


def beijing(at: str) -> str:
    """Return the time *at*, as entries spell it, in China's time and with its offset."""
    return f"{parse_at(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S.%f} +08:00"


def utc(at: str) -> str:
    """Return the time *at*, as entries spell it, in UTC."""
    return f"{parse_at(at):%Y-%m-%d %H:%M:%S.%f} UTC"


def printable(text: str) -> str:
    """Return *text* as it can be printed: one line, every character seen, long words broken."""
    spelt = "".join(each if is_printable(each) else f"[U+{ord(each):04X}]{_BREAK}" for each in text)
    return _LONG.sub(lambda found: _broken(found[0]), spelt)


def is_printable(character: str) -> bool:
    """Say whether the font has *character* and a reader would see it."""
    if character == " ":
        return True
    if unicodedata.category(character)[0] in "CZM":
        return False
    if ord(character) in _LATIN:
        return True
    try:
        return len(character.encode("gbk")) > 1 and character not in _MISSING
    except UnicodeEncodeError:
        return False


def _broken(word: str) -> str:
    """Return *word* with places, seen by nobody, where a line may end."""
    return _BREAK.join(word[at : at + GROUP] for at in range(0, len(word), GROUP))
