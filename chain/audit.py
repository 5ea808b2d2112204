"""Audits a stretch of the log: every entry parsed, hashed and linked again.

Pure: takes rows as they are stored and says what is wrong with them, and hands on what
only the whole log can decide (`RangeReport`): where each stream began and ended in the
stretch, which sealed values and commands were named, and the hashes for the tree. So
stretches can be audited by several processes and joined in their order, in memory that
does not depend on the log's size; `chain.store.auditor` does that. Entries, chains and
tree are those of formats.md, sections 1 and 2.

The usual entry is checked by comparing its first line with the one line that would be
right; only where they differ is it parsed. ``tests/chain/test_audit.py`` proves that both
ways agree and that every kind of fault is named at its index.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, cast

from blake3 import blake3

from chain.entry import HEADER, MAX_ENTRY_SIZE, Entry, parse_at, unescape_stream
from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash, node_hash
from chain.merkle import RightEdge

Row = tuple[int, str, int, str, bytes]
"""One entry as it is stored: leaf index, stream, seq, type, and the exact bytes."""

MAX_FINDINGS = 100
"""Of one stretch: an auditor wants the first ones, not a million."""

_AT_START = len('{"at":"')
_AT_SECOND = _AT_START + len("2026-11-22T10:00:00.")
_AT_END = _AT_SECOND + len("123456")
_SEALED_KEY = b'{"sealed":"'  # rfind is several times faster than `in` on long entries
_SEALED = re.compile(rb'\{"sealed":"([0-9a-f]{64})"\}')
_COMMAND_KEY = b'"command_id":"'
_NO_COMMAND = b"\n\n"  # stands in no entry that is one
_PLAIN_STREAM = re.compile(r"[!#-\[\]-~]{1,128}").fullmatch  # nothing to escape in it
_COMMAND = re.compile(rb'"command_id":"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    index: int | None
    """Leaf index of the first entry that it concerns; None where it concerns none."""

    what: str
    """The fault, in words."""

    where: str
    """Table or file that it was found in."""


class Segment(NamedTuple):
    """What a stretch holds of one stream: its first entry there, and its last."""

    stream: str
    first_index: int
    first_seq: int
    first_prev: str | None
    last_index: int
    last_seq: int
    last_hash: str


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """An entry whose ``prev`` is not the hash of the entry before it in its stream."""

    index: int
    before: int


@dataclass(slots=True)
class RangeReport:
    """What a stretch ``[start, stop)`` of the log holds."""

    start: int
    stop: int
    """One beyond the last entry that was there without a gap."""

    first_at: bytes = b""
    last_at: bytes = b""
    leaves: bytes = b""
    """The leaf hashes, one after another."""

    edge: RightEdge = field(default_factory=RightEdge)
    """Right edge of the tree over this stretch alone."""

    cuts: dict[int, RightEdge] = field(default_factory=dict)
    """The same at each size, counted in the whole log, that the caller asked for."""

    segments: list[Segment] = field(default_factory=list)
    sealed: list[tuple[bytes, int]] = field(default_factory=list)
    """Digests of sealed values with the index of the entry that names them."""

    commands: list[tuple[int, bytes | None]] = field(default_factory=list)
    """From which index on the entries name which command, in JSON's spelling."""

    kinds: frozenset[str] = frozenset()
    """Every type that an entry has."""

    findings: list[Finding] = field(default_factory=list)
    broken_links: list[BrokenLink] = field(default_factory=list)


def audit_range(
    start: int, rows: Iterable[Sequence[Row]], cuts: Sequence[int] = (), *, where: str = "entries"
) -> RangeReport:
    """Audit the entries of *rows*, the first of which must be at leaf index *start*.

    Ends early at a missing or doubled index: what follows has no place in the tree.

    Args:
        start: the first leaf index, a multiple of the stretches' width.
        rows: the entries, some at a time.
        cuts: sizes of the log, ascending, at which the tree's edge is wanted.
        where: named in the findings.
    """
    audit = _RangeAudit(start, cuts, where)
    for some in rows:
        if not audit.take(some):
            break
    return audit.report()


def join(edge: RightEdge, part: RightEdge) -> RightEdge:
    """Return the edge of a tree that goes on with the leaves under *part*.

    The size of *edge* must be a multiple of a power of two that *part* does not exceed.
    """
    hashes = list(edge.hashes)
    size = int(edge.size)
    left = int(part.size)
    for subtree in part.hashes:
        width = 1 << left.bit_length() - 1
        left -= width
        assert size % width == 0, "stretches must be aligned"  # noqa: S101 — our own arithmetic
        carry = TreeHash(subtree)
        while size & width:
            carry = node_hash(hashes.pop(), carry)
            size -= width
            width <<= 1
        hashes.append(carry)
        size += width
    return RightEdge(size, hashes)


class _RangeAudit:
    """The state of `audit_range`."""

    def __init__(self, start: int, cuts: Sequence[int], where: str) -> None:
        self._report = RangeReport(start, start)
        self._where = where
        self._cuts = [cut for cut in cuts if cut > start]
        self._leaves: list[bytes] = []
        self._in_edge = 0
        self._first: dict[str, tuple[int, int, str | None]] = {}
        self._last: dict[str, tuple[int, str, int]] = {}  # seq, chain hash, index
        self._second = b"-"  # a header's start up to the second, once that has been parsed
        self._at = b""
        self._opening = b"-"  # an entry's start up to its time, once one was good
        self._kinds: set[str] = set()
        self._command = _NO_COMMAND

    def take(self, rows: Sequence[Row]) -> bool:
        """Audit *rows*; return whether the log can go on after them."""
        expected = self._report.stop
        gap = next((n for n, row in enumerate(rows, expected) if row[0] != n), None)
        good = rows if gap is None else rows[: gap - expected]
        self._take_placed(good)
        self._report.stop = expected + len(good)
        if gap is not None:
            self._misplaced(rows[len(good)][0], gap)
            return False
        self._grow()
        return True

    def _take_placed(self, rows: Sequence[Row]) -> None:
        """Audit *rows*, whose indexes are right.

        What can be asked of all entries at once is: it is most of the time that an audit
        takes. What nearly every header says is put together and compared, in a third of
        the time that reading it takes. Whatever differs is looked at closely.
        """
        first, last, kinds = self._first, self._last, self._kinds
        entries = [row[4] for row in rows]
        self._leaves += [sha256(b"\0" + entry).digest() for entry in entries]
        hashes = [blake3(entry).hexdigest() for entry in entries]
        whole = b"".join(entries)
        ascii_only = whole.isascii()
        sealed = whole.rfind(_SEALED_KEY) >= 0
        for (index, stream, seq, kind, entry), digest in zip(rows, hashes, strict=True):
            before = last.get(stream)
            start = 0
            if before is None:
                known = 0 <= seq <= 1 and kind in kinds and _PLAIN_STREAM(stream) is not None
                link = "null"
            else:
                known = seq == before[0] + 1 and kind in kinds
                link = f'"{before[1]}"'
            if known:
                line = (
                    f'Z","prev":{link},"seq":{seq},"stream":"{stream}","type":"{kind}","v":1}}\n'
                ).encode()
                if entry.startswith(line, _AT_END) and (
                    entry.startswith(self._opening) or self._is_later(entry)
                ):
                    start = _AT_END + len(line)
                    if before is None:
                        first[stream] = (index, seq, None)
            if (
                not start
                or entry.find(b"\n", start) != len(entry) - 1
                or len(entry) > MAX_ENTRY_SIZE
                or not (ascii_only or entry.isascii() or _is_utf8(entry))
            ):
                stream, seq = self._look_closely(index, stream, seq, kind, entry)  # noqa: PLW2901 — what was hashed counts
            last[stream] = (seq, digest, index)
            if sealed and entry.rfind(_SEALED_KEY) >= 0:
                named = {bytes.fromhex(each.decode()) for each in _SEALED.findall(entry)}
                self._report.sealed += [(value, index) for value in named]
            found = entry.rfind(_COMMAND_KEY)
            if found < 0 or not entry.startswith(self._command, found):
                self._note_command(index, entry, found)

    def _is_later(self, entry: bytes) -> bool:
        """Say whether *entry* begins with a good time that is not before the last one."""
        at = entry[_AT_START:_AT_END]
        if at >= self._at and entry.startswith(self._second) and at[-6:].isdigit():
            self._at = at
            self._opening = entry[:_AT_END]
            return True
        return False

    def report(self) -> RangeReport:
        """Return what was found."""
        self._grow()
        report = self._report
        report.leaves = b"".join(self._leaves)
        report.last_at = self._at
        report.kinds = frozenset(self._kinds)
        for stream, (index, seq, prev) in self._first.items():
            last_seq, last_hash, last_index = self._last[stream]
            report.segments.append(
                Segment(stream, index, seq, prev, last_index, last_seq, last_hash)
            )
        return report

    def _grow(self) -> None:
        """Put the new leaves into the tree, stopping where its edge is wanted."""
        report = self._report
        while True:
            end = report.stop - report.start
            cut = self._cuts[0] - report.start if self._cuts else end + 1
            new = self._leaves[self._in_edge : min(cut, end)]
            report.edge.extend(cast("list[LeafHash]", new))
            self._in_edge = min(cut, end)
            if cut > end:
                return
            report.cuts[self._cuts.pop(0)] = report.edge.copy()

    def _note_command(self, index: int, entry: bytes, found: int) -> None:
        """Note that from *index* on the entries name another command, or none."""
        match = _COMMAND.match(entry, found) if found >= 0 else None
        name = match[1] if match else None
        commands = self._report.commands
        if not commands or commands[-1][1] != name:
            commands.append((index, name))
        self._command = match[0] if match else _NO_COMMAND

    def _look_closely(
        self, index: int, stream: str, seq: int, kind: str, entry: bytes
    ) -> tuple[str, int]:
        """Check one entry by reading it, name what is wrong, and return its stream and seq."""
        try:
            at, prev, said_seq, said_stream, said_kind = self._read(entry)
        except MalformedError as error:
            self._find(index, f"not an entry: {error}")
            self._first.setdefault(stream, (index, seq, None))
            return stream, seq
        if (stream, seq, kind) != (said_stream, said_seq, said_kind):
            said = (
                ("stream", stream, said_stream),
                ("seq", seq, said_seq),
                ("type", kind, said_kind),
            )
            for column, stored, value in said:
                if stored != value:
                    self._find(
                        index, f"column {column} is {stored!r}, and the entry says {value!r}"
                    )
        if at < self._at:
            self._find(index, f"at goes back from {self._at.decode()}Z to {at.decode()}Z")
        else:
            self._at = at
        if not self._report.first_at:
            self._report.first_at = at
        self._kinds.add(said_kind)
        before = self._last.get(said_stream)
        if before is None:
            self._first.setdefault(said_stream, (index, said_seq, prev))
            return said_stream, said_seq
        fault = link_fault(said_seq, prev, before[0], before[1])
        if fault == "":
            self._report.broken_links.append(BrokenLink(index, before[2]))
        elif fault is not None:
            self._find(index, fault)
        return said_stream, said_seq

    def _read(self, entry: bytes) -> tuple[bytes, str | None, int, str, str]:
        """Return at, prev, seq, stream and type of *entry*, as `Entry.parse` would.

        Raises:
            MalformedError: it is not an entry.
        """
        match = HEADER.match(entry)
        end = match.end() if match else 0
        if (
            match is None
            or not entry.startswith(b"\n", end)
            or entry.find(b"\n", end + 1) != len(entry) - 1
            or len(entry) > MAX_ENTRY_SIZE
            or not (entry.isascii() or _is_utf8(entry))
        ):
            Entry.parse(entry)
            raise AssertionError("an entry that parses has a header")
        at, prev, seq, stream, kind = match.groups()
        if not entry.startswith(self._second):
            parse_at(at.decode())  # a day of the calendar, which HEADER does not look at
            self._second = entry[:_AT_SECOND]
        return (
            at[:-1],
            None if prev is None else prev.decode(),
            int(seq),
            unescape_stream(stream),
            kind.decode(),
        )

    def _misplaced(self, index: int, expected: int) -> None:
        if index < expected:
            self._find(index, "two entries have this leaf index")
        else:
            self._find(expected, f"entry is missing: the next one has index {index}")

    def _find(self, index: int, what: str) -> None:
        if len(self._report.findings) < MAX_FINDINGS:
            self._report.findings.append(Finding(index, what, self._where))


def _is_utf8(entry: bytes) -> bool:
    try:
        entry.decode()
    except UnicodeDecodeError:
        return False
    return True


def link_fault(seq: int, prev: str | None, last_seq: int, last_hash: str) -> str | None:
    """Say how an entry fails to follow the one before it in its stream.

    Returns None if it follows; an empty text if it is only that ``prev`` is not the hash
    of the entry before, so that either of the two may have been changed.
    """
    if seq != last_seq + 1:
        return f"version {seq} of its stream follows version {last_seq}"
    if prev is None:
        return "prev is null, and its stream has an entry before"
    return None if prev == last_hash else ""


def first_fault(seq: int, prev: str | None) -> str | None:
    """Say why an entry cannot be its stream's first, None if it can."""
    if prev is not None:
        return "prev names an entry before, and its stream has none"
    if seq > 1:
        return f"version {seq} begins its stream"
    return None
