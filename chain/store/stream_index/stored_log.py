"""What the index takes from the log's database: entries, and the commitments among them.

``tests/chain/store/stream_index/test_indexer.py``.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chain.audit import Row
from chain.canonical import parse
from chain.entry import Entry
from chain.errors import MalformedError
from chain.hashes import leaf_hash
from chain.store.reader import LogReader
from chain.store.stream_index.listing import Indexed
from chain.stream_index.commitment import EVENT_TYPE, STREAM, Commitment


class Committed(NamedTuple):
    """A commitment, and the leaf index of its entry."""

    leaf_index: int
    commitment: Commitment


class StoredLog:
    """The log in its database, as the index sees it."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    def size(self) -> int:
        """Return how many entries it has."""
        return self._reader.size()

    def entries(self, start: int, stop: int) -> Iterator[Sequence[Indexed]]:
        """Give the entries from leaf index *start* to before *stop*, some at a time."""
        for rows in self._reader.steps(start, stop):
            yield [indexed(row) for row in rows]

    def newest(self, before: int) -> Committed | None:
        """Return the last commitment among the first *before* entries, None if there is none.

        Raises:
            MalformedError: it is not one.
        """
        stored = self._reader.last_of(STREAM, before)
        return None if stored is None else Committed(stored.leaf_index, commitment_in(stored.entry))

    def latest(self, count: int) -> list[Committed]:
        """Return the last *count* commitments, the newest first."""
        found: list[Committed] = []
        before = self.size()
        while len(found) < count and (each := self.newest(before)) is not None:
            found.append(each)
            before = each.leaf_index
        return found


def indexed(row: Row) -> Indexed:
    """Return what the index takes of a stored entry."""
    _, stream, seq, kind, entry = row
    return Indexed(stream, seq, kind, leaf_hash(entry))


def commitment_in(entry: bytes) -> Commitment:
    """Return the commitment in the bytes of an ``index.committed`` entry.

    Raises:
        MalformedError: the entry is none.
    """
    read = Entry.parse(entry)
    body = parse(read.body)
    if read.type != EVENT_TYPE or not isinstance(body, dict) or "data" not in body:
        raise MalformedError(f"version {read.seq} of {read.stream}: is not {EVENT_TYPE}")
    return Commitment.of_members(body["data"])
