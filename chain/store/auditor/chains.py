"""Audits the streams' chains across stretches, in memory that one partition needs."""

from pathlib import Path
from struct import Struct
from zlib import crc32

from chain.audit import BrokenLink, Finding, Segment, first_fault, link_fault
from chain.store.auditor.partitions import Partitions

STREAMS_EACH = 2**19
"""Streams that a partition may have before its memory matters, some 100 MB."""

_NUMBERS = Struct(">qqqq").pack
_HASHES = len(_NUMBERS(0, 0, 0, 0))
_HASH = 64


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
            last: dict[str, Segment] = {}
            for record in self.partitions.read(number):
                segment = _unpack(record)
                before = last.get(segment.stream)
                last[segment.stream] = segment
                self._follow(segment, before, findings, broken)
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


def _pack(segment: Segment, name: bytes) -> bytes:
    numbers = _NUMBERS(segment.first_index, segment.first_seq, segment.last_index, segment.last_seq)
    prev = segment.first_prev or ""
    return b"".join((numbers, segment.last_hash.encode(), prev.encode().ljust(_HASH), name))


def _unpack(record: bytes) -> Segment:
    first_index, first_seq, last_index, last_seq = Struct(">qqqq").unpack_from(record)
    last_hash = record[_HASHES : _HASHES + _HASH].decode()
    prev = record[_HASHES + _HASH : _HASHES + 2 * _HASH].decode().strip()
    stream = record[_HASHES + 2 * _HASH :].decode()
    return Segment(stream, first_index, first_seq, prev or None, last_index, last_seq, last_hash)
