"""The stream index in the log: what every stream's head is, committed for all to recompute.

``docs/stream-index.md``, 3: an `index.committed` entry lists the roots of ranges that cover
the first N entries. All of them stand in the one stream ``index``.
``tests/domain/witnessing/test_index.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chain.stream_index.commitment import STREAM
from domain.aggregate import Aggregate, Table
from domain.event import Event, event
from domain.payload import Count, Digest, Units

INDEX_TABLE: Table = {"index.committed": {"open": "open"}}


@dataclass(frozen=True)
class CommittedRange:
    """One range of the cover: how long its two lists are, and their roots."""

    level: Count
    number: Count
    stream_root: Digest
    streams: Units
    type_root: Digest
    types: Units


@event("index.committed")
class IndexCommitted(Event):
    """The heads of all streams, and all entries of each type, in the first *size* entries."""

    ranges: tuple[CommittedRange, ...]
    size: Units

    def _apply(self, index: "StreamIndex") -> None:
        index.size = self.size


class StreamIndex(Aggregate):
    """What has been committed up to now."""

    TOPIC = "index"
    PREFIX = STREAM
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": INDEX_TABLE}

    __slots__ = ("size", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = "open"
        self.size = 0
        """How many entries the newest commitment covers."""
