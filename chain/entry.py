r"""Entries: what the log keeps of one event, as exactly two lines of UTF-8.

The format is formats.md, section 1: a header, which is canonical JSON with the
members ``at``, ``prev``, ``seq``, ``stream``, ``type`` and ``v``, then a newline, the
event's own bytes, and a newline. The bytes that were hashed are the bytes that are
stored; nothing writes them anew.

There are two ways through this file. `Entry` is the convenient one. The sequencer,
which makes some 100,000 entries a second, calls `check_stream`, `check_type` and
`check_body` on what a caller brings and then `assemble`; the auditor matches `HEADER`.
``tests/chain/test_entry.py`` proves that the ways agree: `HEADER` accepts a line just if
`read_header`, which parses the JSON strictly, accepts it (the calendar apart).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Self

from chain import canonical
from chain.errors import EntryTooLargeError, MalformedError
from chain.hashes import HASH_SIZE, ChainHash

MAX_ENTRY_SIZE = 65_535
"""Bytes of a whole entry: the length in an entry bundle has 16 bits."""

ENTRY_FORMAT = 1
"""The header's ``v``."""

_NEWLINE = 0x0A  # as a number: looked for six times as fast as b"\n"

MAX_SEQ = canonical.MAX_INTEGER

_AT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
# The hyphen is for users of the library alone: its shipped recorder tests have such a topic.
_TYPE = r"[a-z0-9_.-]{1,64}"


def _upto(largest: str) -> str:
    """Return a pattern for the integers from 0 to *largest*, without leading zeros."""
    shorter = f"[1-9][0-9]{{0,{len(largest) - 2}}}"
    lower = [
        f"{largest[:place]}[{'1' if place == 0 else '0'}-{int(digit) - 1}]"
        f"[0-9]{{{len(largest) - place - 1}}}"
        for place, digit in enumerate(largest)
        if int(digit) > (place == 0)
    ]
    return "|".join(["0", shorter, *lower, largest])


# A null prev stands only before seq 0 or 1; before seq 0 nothing else can stand.
HEADER: re.Pattern[bytes] = re.compile(
    (
        rf'\{{"at":"({_AT})",'
        r'"prev":(?:null(?=,"seq":[01],)|"([0-9a-f]{64})"(?!,"seq":0,)),'
        rf'"seq":({_upto(str(MAX_SEQ))}),'
        # The first alternative is the usual stream; the second allows for escapes.
        r'"stream":"([!#-\[\]-~]{1,128}(?=")|(?:[!#-\[\]-~]|\\["\\]){1,128})",'
        rf'"type":"({_TYPE})","v":{ENTRY_FORMAT}\}}'
    ).encode()
)
"""Matches (``fullmatch``) every header line, without its newline, and no other text.

Groups: at, prev (None for null), seq, stream (JSON-escaped, see `unescape_stream`),
type. Whether ``at`` is a day of the calendar is left to `parse_at`.
"""

_AT_TEXT = re.compile(_AT)
_TYPE_TEXT = re.compile(_TYPE)
_STREAM_TEXT = re.compile(r"[!-~]{1,128}")
_HEX_HASH = re.compile(r"[0-9a-f]{64}")


class Header(NamedTuple):
    """An entry's first line."""

    at: str
    prev: ChainHash | None
    seq: int
    stream: str
    type: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as the log keeps it. Construction checks nothing; `to_bytes` does."""

    at: str
    """When the log took it: RFC 3339 in UTC with six decimals, see `format_at`."""

    prev: ChainHash | None
    """Chain hash of the whole previous entry of the stream; None in its first."""

    seq: int
    """The event's version in its stream."""

    stream: str
    type: str
    body: bytes
    """The event's own bytes, without a newline."""

    def to_bytes(self) -> bytes:
        """Return the entry's two lines.

        Raises:
            MalformedError: a field is outside its limits.
            EntryTooLargeError: the entry would be over `MAX_ENTRY_SIZE`.
        """
        parse_at(self.at)
        _check_link(self.seq, self.prev)
        stream_text = check_stream(self.stream)
        check_type(self.type)
        check_body(self.body)
        return assemble(self.at, self.prev, self.seq, stream_text, self.type, self.body)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the entry that *data* spells.

        Whether ``seq`` and ``prev`` follow from the entry before is for the audit.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        if len(data) > MAX_ENTRY_SIZE:
            raise MalformedError(f"an entry has at most {MAX_ENTRY_SIZE} bytes, not {len(data)}")
        line, newline, rest = data.partition(b"\n")
        if not newline or not rest.endswith(b"\n"):
            raise MalformedError("an entry is two lines, each ended by a newline")
        match = HEADER.fullmatch(line)
        if match is None:
            read_header(line)
            # Never reached while the two agree; and if not, the stricter one wins.
            raise MalformedError("header: not as it would be written")
        at, prev, seq, stream, kind = match.groups()
        parse_at(at.decode())
        body = rest[:-1]
        check_body(body)
        return cls(
            at.decode(),
            None if prev is None else ChainHash(bytes.fromhex(prev.decode())),
            int(seq),
            unescape_stream(stream),
            kind.decode(),
            body,
        )


def assemble(
    at: str, prev: ChainHash | None, seq: int, stream_text: str, kind: str, body: bytes
) -> bytes:
    """Return an entry's bytes from parts that the checks below have passed.

    Args:
        at: from `format_at`.
        prev: chain hash of the stream's last entry, None for its first.
        seq: an integer from 0 to `MAX_SEQ`.
        stream_text: what `check_stream` returned.
        kind: the event's type, passed by `check_type`.
        body: passed by `check_body`.

    Raises:
        EntryTooLargeError: the entry would be over `MAX_ENTRY_SIZE`.
    """
    link = "null" if prev is None else f'"{prev.hex()}"'
    header = (
        f'{{"at":"{at}","prev":{link},"seq":{seq},'
        f'"stream":"{stream_text}","type":"{kind}","v":{ENTRY_FORMAT}}}\n'
    )
    entry = header.encode() + body + b"\n"
    if len(entry) > MAX_ENTRY_SIZE:
        raise EntryTooLargeError(
            stream=stream_text, seq=seq, kind=kind, size=len(entry), limit=MAX_ENTRY_SIZE
        )
    return entry


def check_stream(stream: str) -> str:
    """Return the text of *stream* as it stands between the quotes of a header.

    Raises:
        MalformedError: *stream* is not 1 to 128 bytes of printable ASCII without space.
    """
    if not _STREAM_TEXT.fullmatch(stream):
        raise MalformedError(
            f"stream {stream!r}: must be 1 to 128 bytes of printable ASCII without space"
        )
    if '"' in stream or "\\" in stream:
        return stream.replace("\\", "\\\\").replace('"', '\\"')
    return stream


def unescape_stream(stream_text: bytes) -> str:
    """Return the stream that `HEADER` captured as *stream_text*."""
    stream = stream_text.decode()
    if "\\" in stream:
        return re.sub(r"\\(.)", r"\1", stream)
    return stream


@lru_cache(maxsize=1024)
def check_type(kind: str) -> None:
    """Check an event's type: ``area.past_tense``, never a Python path.

    Raises:
        MalformedError: *kind* is not 1 to 64 of ``[a-z0-9_.-]``.
    """
    if not _TYPE_TEXT.fullmatch(kind):
        raise MalformedError(f"type {kind!r}: must be 1 to 64 characters of [a-z0-9_.-]")


def check_body(body: bytes) -> None:
    """Check the bytes of an event: one line of UTF-8 that fits an entry.

    Raises:
        MalformedError: *body* holds a newline, is not UTF-8, or is too long whatever
            the header (the exact limit is `assemble`'s).
    """
    if _NEWLINE in body:
        raise MalformedError(
            f"body: newline at byte {body.index(_NEWLINE)}; an entry's second line cannot hold one"
        )
    if len(body) > MAX_ENTRY_SIZE:
        raise MalformedError(f"body: {len(body)} bytes do not fit an entry of {MAX_ENTRY_SIZE}")
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise MalformedError(f"body: not UTF-8 at byte {error.start}") from None


def format_at(moment: datetime) -> str:
    """Return *moment* as a header spells it: ``2026-11-22T10:00:00.123456Z``.

    Raises:
        MalformedError: *moment* has no time zone.
    """
    if moment.tzinfo is None:
        raise MalformedError("at: a moment without a time zone is ambiguous; give UTC")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


@lru_cache(maxsize=1024)
def parse_at(text: str) -> datetime:
    """Return the moment, in UTC, that *text* spells; the entries of one batch share it.

    Raises:
        MalformedError: *text* is not what `format_at` writes.
    """
    if _AT_TEXT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            if format_at(moment) == text:
                return moment
    raise MalformedError(f"at {text!r}: must be RFC 3339 in UTC with six decimals and Z")


def read_header(line: bytes) -> Header:
    """Return the header that *line*, without its newline, spells; the slow, strict way.

    Raises:
        MalformedError: *line* is not a header; the message names the member.
    """
    try:
        members = canonical.parse(line)
    except MalformedError as error:
        raise MalformedError(f"header: {error}") from None
    if not isinstance(members, dict):
        raise MalformedError("header: must be a JSON object")
    wanted = {"at", "prev", "seq", "stream", "type", "v"}
    if members.keys() != wanted:
        names = ", ".join(sorted(members.keys() ^ wanted))
        raise MalformedError(f"header: missing or unknown members: {names}")
    at, prev, seq, stream, kind, version = (members[name] for name in sorted(wanted))
    if version != ENTRY_FORMAT or version is True:
        raise MalformedError(f"v: this program knows entry format {ENTRY_FORMAT}, not {version}")
    if not (isinstance(at, str) and isinstance(stream, str) and isinstance(kind, str)):
        raise MalformedError("header: at, stream and type must be strings")
    if prev is not None and not (isinstance(prev, str) and _HEX_HASH.fullmatch(prev)):
        raise MalformedError("prev: must be null or 64 lower-case hexadecimal digits")
    if not isinstance(seq, int) or isinstance(seq, bool):
        raise MalformedError("seq: must be an integer")
    link = None if prev is None else ChainHash(bytes.fromhex(prev))
    _check_link(seq, link)
    parse_at(at)
    check_stream(stream)
    check_type(kind)
    return Header(at, link, seq, stream, kind)


def _check_link(seq: int, prev: ChainHash | None) -> None:
    if not 0 <= seq <= MAX_SEQ:
        raise MalformedError(f"seq: must be from 0 to 2^53-1, not {seq}")
    if prev is None and seq > 1:
        raise MalformedError(f"prev: must not be null at seq {seq}, only in a stream's first entry")
    if prev is not None and seq == 0:
        raise MalformedError("prev: must be null at seq 0, the first entry of its stream")
    if prev is not None and len(prev) != HASH_SIZE:
        raise MalformedError(f"prev: must be {HASH_SIZE} bytes, not {len(prev)}")
