"""Head indexes for test packages: a true one, and every part open to mischief."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.entry import Entry
from chain.evidence.writing import HeadIndex, ProvenEntry
from chain.hashes import leaf_hash
from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import Indexed, MemoryListing
from chain.store.stream_index.proving import prove_head
from chain.stream_index.commitment import EVENT_TYPE, STREAM
from chain.stream_index.heads import HeadProof
from chain.stream_index.ranges import Range, coarsest_cover
from tests.chain.evidence.making import ERASURE, ORDER, Maker, TestLog, trade

OTHERS = ("ord_01jdb0t3k5e6wbk9xv2c7m4n8a", "ord_01jdb0t3k5e6wbk9xv2c7m4n8z")
"""Orders of nobody's concern, before and after the one that packages are about."""


def busy() -> TestLog:
    """Return the log of `trade`, with strangers' events after it: eight entries."""
    log = trade()
    for stream in (*OTHERS, OTHERS[0]):
        log.add(stream, "order.placed", {"amount": 1})
    return log


@dataclass
class Indexing:
    """The index of a log, as it was at one size.

    Args:
        log: whose first entries are indexed.
        size: how many; all by default.
        cover: ranges as (level, number); the coarsest by default.
    """

    log: TestLog
    size: int | None = None
    cover: Sequence[tuple[int, int]] | None = None
    index: int = -1
    """Leaf index of the commitment."""

    def __post_init__(self) -> None:
        size = len(self.log.entries) if self.size is None else self.size
        read = [(Entry.parse(each), leaf_hash(each)) for each in self.log.entries[:size]]
        entries = [Indexed(e.stream, e.seq, e.type, leaf) for e, leaf in read]
        given = [Range(*each) for each in self.cover or ()]
        parts = given or coarsest_cover(0, size)
        self.listings = [MemoryListing(each, entries[each.start : each.end]) for each in parts]
        self.members: dict[str, Any] = commitment_of(self.listings).members()

    def commit(self, schema: int = 1) -> "Indexing":
        """Log the commitment."""
        self.index = self.log.add(STREAM, EVENT_TYPE, self.members, schema)
        return self

    def proof(self, stream: str) -> HeadProof:
        return prove_head(self.listings, stream)

    def heads(self, shown: Sequence[int], checkpoint: int | None = None) -> HeadIndex:
        """Return what a package of the entries *shown* under a checkpoint has in ``heads/``."""
        size = len(self.log.entries) if checkpoint is None else checkpoint
        last = {Entry.parse(self.log.entries[i]).stream: i for i in shown}
        content = self.log.entries[self.index]
        return HeadIndex(
            ProvenEntry(self.index, content, self.log.hashes(self.index, size)),
            {i: self.proof(stream) for stream, i in last.items() if stream != ERASURE},
        )


def whole(shown: Sequence[int] = (0, 2, 3, 4), **given: Any) -> Maker:
    """Return the maker of a good package with a head index, or of one that shows less."""
    log = busy()
    index = Indexing(log).commit()
    return Maker(log=log, shown=shown, heads=index.heads(shown), **given)


__all__ = ["ORDER", "Indexing", "busy", "whole"]
