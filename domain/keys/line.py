"""One line of a merchant's file: the raw key in it, or why it holds none (``features.md``, G1).

A file is read in constant memory: of a line that is too long no more is kept than shows
that it is. ``tests/domain/keys/test_line.py``.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple
from unicodedata import normalize

from chain.errors import MalformedError
from domain.catalogue.batch import LineFault
from domain.keys.content import Lines
from domain.keys.fingerprint import normal_form

MAX_RAW_KEY_SIZE: Final = 512
"""Characters of a raw key; a longer line is not a key."""
MAX_LINE_SIZE: Final = 4 * MAX_RAW_KEY_SIZE + 64
"""Bytes of a line that are looked at: a raw key of the widest characters, and some blanks."""

BOM: Final = b"\xef\xbb\xbf"


class RawKey(NamedTuple):
    """A raw key: as it is sealed, and as it is compared."""

    text: str
    normal: str

    def __repr__(self) -> str:
        return "RawKey()"


class LineFaultError(Exception):
    """A line holds no raw key; `fault` says why. The line itself is in no message."""

    def __init__(self, fault: LineFault) -> None:
        """Name the *fault*."""
        super().__init__(fault)
        self.fault: LineFault = fault


def read_lines(file: Lines) -> Iterator[bytes]:
    r"""Give the lines of *file* without their ends, ``\n`` or ``\r\n``; a BOM is left out.

    Of a line that is longer than `MAX_LINE_SIZE` its beginning is given, which is too long
    as well.
    """
    first = True
    while line := file.readline(MAX_LINE_SIZE):
        rest = line
        while rest and not rest.endswith(b"\n") and len(rest) == MAX_LINE_SIZE:
            rest = file.readline(MAX_LINE_SIZE)
        if first:
            line, first = line.removeprefix(BOM), False
            if not line:
                return
        yield line.removesuffix(b"\n").removesuffix(b"\r")


def read_line(line: bytes | str) -> RawKey:
    """Return the raw key in *line*: in normal form C, without the blanks around it.

    Raises:
        LineFaultError: there is none.
    """
    if isinstance(line, bytes):
        if len(line) >= MAX_LINE_SIZE:
            raise LineFaultError("too_long")
        try:
            line = line.decode()
        except UnicodeDecodeError:
            raise LineFaultError("not_utf8") from None
    text = line.strip()
    if not text:
        raise LineFaultError("empty")
    if not text.isprintable():
        raise LineFaultError("not_printable")
    if len(text) > MAX_RAW_KEY_SIZE:
        raise LineFaultError("too_long")
    text = normalize("NFC", text)
    try:
        return RawKey(text, normal_form(text))
    except MalformedError:
        raise LineFaultError("empty") from None
