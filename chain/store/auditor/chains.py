"""Audits the streams' chains across stretches, in memory that one partition needs."""

from pathlib import Path
from struct import Struct
from zlib import crc32

from chain.audit import BrokenLink, Finding, Segment, first_fault, link_fault
from chain.store.auditor.partitions import Partitions

STREAMS_EACH = 2**19
"""Streams that a partition may have before its memory matters, some 100 MB."""

_NUMBERS = Struct(">qqqq")
_HASHES = _NUMBERS.size
_HASH = 64
_PREV = _HASHES + _HASH
_NAME = _PREV + _HASH
_NO_PREV = b" " * _HASH


class Chains:
    """Joins the segments of all stretches, which come in the order of the log.

    Args:
        folder: for what does not fit in memory.
        size: of the log.
        where: named in the findings.
    """

    def __init__(self, folder: Path, size: int, where: str) -> None:
        self.partitions = Partitions(folder, size // STREAMS_EACH + 1)
        self._where = where

    def take(self, segments: list[Segment]) -> None:
        """Set the segments of one stretch aside."""
        count = len(self.partitions)
        for segment in segments:
            name = segment.stream.encode()
            self.partitions.append(crc32(name) % count, _pack(segment, name))

    def judge(self) -> tuple[list[Finding], list[BrokenLink]]:
        """Return what is wrong between the stretches."""
        findings: list[Finding] = []
        broken: list[BrokenLink] = []
        for number in range(len(self.partitions)):
            last: dict[bytes, bytes] = {}
            for record in self.partitions.read(number):
                name = record[_NAME:]
                before = last.get(name)
                last[name] = record
                if not _follows(record, before):
                    segment = before and _unpack(before)
                    self._follow(_unpack(record), segment or None, findings, broken)
        return findings, broken

    def _follow(
        self,
        segment: Segment,
        before: Segment | None,
        findings: list[Finding],
        broken: list[BrokenLink],
    ) -> None:
        index, seq, prev = segment.first_index, segment.first_seq, segment.first_prev
        if before is None:
            fault = first_fault(seq, prev)
        else:
            fault = link_fault(seq, prev, before.last_seq, before.last_hash)
            if fault == "":
                broken.append(BrokenLink(index, before.last_index))
        if fault:
            findings.append(Finding(index, f"stream {segment.stream}: {fault}", self._where))


def _follows(record: bytes, before: bytes | None) -> bool:
    """Say, of two segments still packed, whether the second goes on where the first ends."""
    first_seq = _NUMBERS.unpack_from(record)[1]
    prev = record[_PREV:_NAME]
    if before is None:
        return 0 <= first_seq <= 1 and prev == _NO_PREV
    return first_seq == _NUMBERS.unpack_from(before)[3] + 1 and prev == before[_HASHES:_PREV]


def _pack(segment: Segment, name: bytes) -> bytes:
    numbers = _NUMBERS.pack(
        segment.first_index, segment.first_seq, segment.last_index, segment.last_seq
    )
    prev = segment.first_prev or ""
    return b"".join((numbers, segment.last_hash.encode(), prev.encode().ljust(_HASH), name))


def _unpack(record: bytes) -> Segment:
    first_index, first_seq, last_index, last_seq = _NUMBERS.unpack_from(record)
    last_hash = record[_HASHES:_PREV].decode()
    prev = record[_PREV:_NAME].decode().strip()
    stream = record[_NAME:].decode()
    return Segment(stream, first_index, first_seq, prev or None, last_index, last_seq, last_hash)
