"""Events of a feed: an entry, a run of leaf hashes, or a checkpoint, as CloudEvents 1.0.

``evidence.md``, 10.3. One event has one spelling, canonical JSON without a newline, wherever
it is served: by polling, as a server-sent event, in a daily file. `parse_event` and
`parse_batch` refuse every other. ``docs/feeds.md`` says what each member means;
``tests/chain/feed/test_event.py``.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from chain.entry import HEADER
from chain.errors import MalformedError
from chain.hashes import HASH_SIZE, LeafHash, TreeHash, leaf_hash
from chain.merkle import check_hashes, split_hashes
from chain.vkey import decode_base64

LEAVES = "xiyou.leaves"
CHECKPOINT = "xiyou.checkpoint"
RESERVED = "xiyou."
"""How the types of the feed's own events begin; an entry of such a type is shown by its hash."""

PAGE_WIDTH = 256
"""Indexes of a page: those of a tile."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")

MAX_BATCH_SIZE = 64 * 2**20
"""Bytes of a page that a consumer reads: 256 entries of the largest size, all escaped."""


@dataclass(frozen=True, slots=True)
class EntryEvent:
    """An entry of the topic."""

    index: int
    entry: bytes

    @property
    def first(self) -> int:
        """Leaf index of the first entry that it speaks of."""
        return self.index

    @property
    def leaves(self) -> tuple[LeafHash, ...]:
        """Leaf hashes of the entries that it speaks of."""
        return (leaf_hash(self.entry),)

    def to_bytes(self, source: str) -> bytes:
        """Return the event of the log *source*.

        Raises:
            MalformedError: the entry is none, or its type is reserved.
        """
        line, newline, _ = self.entry.partition(b"\n")
        match = HEADER.fullmatch(line)
        if not newline or match is None:
            raise MalformedError(f"feed: what stands at index {self.index} is no entry")
        at, _, _, stream, kind = match.groups()
        if kind.startswith(RESERVED.encode()):
            raise MalformedError(f"feed: the type {kind.decode()} is the feed's own")
        try:
            text = orjson.dumps(self.entry.decode())
        except UnicodeDecodeError:
            raise MalformedError(f"feed: entry {self.index} is not UTF-8") from None
        return (
            b'{"data":{"entry":%b},"id":"%d","source":%b,"specversion":"1.0","subject":"%b",'
            b'"time":"%b","type":"%b"}' % (text, self.index, _spelt(source), stream, at, kind)
        )


@dataclass(frozen=True, slots=True)
class LeavesEvent:
    """A run of entries outside the topic, by their leaf hashes."""

    first: int
    leaves: tuple[LeafHash, ...]

    @property
    def index(self) -> int:
        """Leaf index of the last entry that it speaks of."""
        return self.first + len(self.leaves) - 1

    def to_bytes(self, source: str) -> bytes:
        """Return the event of the log *source*.

        Raises:
            MalformedError: there is no hash, there are too many, or one is no hash.
        """
        if not 0 < len(self.leaves) <= PAGE_WIDTH:
            raise MalformedError(f"feed: a run has 1 to {PAGE_WIDTH} hashes")
        check_hashes("leaves", self.leaves)
        return (
            b'{"data":{"first":%d,"leaves":"%b"},"id":"%d","source":%b,"specversion":"1.0",'
            b'"type":"%b"}'
            % (
                self.first,
                b64encode(b"".join(self.leaves)),
                self.index,
                _spelt(source),
                LEAVES.encode(),
            )
        )


@dataclass(frozen=True, slots=True)
class CheckpointEvent:
    """The end of a page: a checkpoint, and the proofs that join the page to it."""

    size: int
    """Entries up to the page's end; as a cursor, the index before it."""
    note: bytes
    """The log's signatures alone: cosignatures come later, and a page never changes."""
    consistency: tuple[TreeHash, ...]
    """From the checkpoint that ended the page before; empty in the first page."""
    prefix: tuple[TreeHash, ...]
    """From the tree of *size* leaves to that of the checkpoint."""

    def to_bytes(self, source: str) -> bytes:
        """Return the event of the log *source*.

        Raises:
            MalformedError: a hash is none, or the note is no text.
        """
        check_hashes("consistency", self.consistency)
        check_hashes("prefix", self.prefix)
        try:
            note = self.note.decode()
        except UnicodeDecodeError:
            raise MalformedError("feed: the checkpoint is not UTF-8") from None
        return orjson.dumps(
            {
                "data": {
                    "consistency": [b64encode(each).decode() for each in self.consistency],
                    "note": note,
                    "prefix": [b64encode(each).decode() for each in self.prefix],
                },
                "id": f"size-{self.size}",
                "source": source,
                "specversion": "1.0",
                "type": CHECKPOINT,
            }
        )


FeedEvent = EntryEvent | LeavesEvent | CheckpointEvent


def batch_bytes(events: Iterable[bytes]) -> bytes:
    """Return spelt *events* as one batch, ``application/cloudevents-batch+json``."""
    return b"[%b]" % b",".join(events)


def parse_batch(data: bytes, source: str) -> list[FeedEvent]:
    """Return the events of the log *source* in a batch, none of which is verified yet.

    Raises:
        MalformedError: `batch_bytes` of spelt events would not have written *data*.
    """
    if len(data) > MAX_BATCH_SIZE:
        raise MalformedError(f"feed: a batch of {len(data)} bytes is larger than any page")
    found = _json(data)
    if not isinstance(found, list):
        raise MalformedError("feed: a batch is a JSON array")
    events = [_read(each) for each in found]
    if batch_bytes(each.to_bytes(source) for each in events) != data:
        raise MalformedError(f"feed: the batch is not as the log {source} would write it")
    return events


def parse_event(data: bytes, source: str) -> FeedEvent:
    """Return the event of the log *source* that *data* spells; nothing of it is verified yet.

    Raises:
        MalformedError: `to_bytes` would not have written *data*.
    """
    event = _read(_json(data))
    if event.to_bytes(source) != data:
        raise MalformedError(f"feed: the event is not as the log {source} would write it")
    return event


def read_cursor(text: str) -> int:
    """Return the size that a cursor stands for: ``<index>`` is behind it, ``size-<n>`` at n.

    Raises:
        MalformedError: it is neither.
    """
    digits = text.removeprefix("size-")
    if not _NUMBER.fullmatch(digits):
        raise MalformedError("lastEventId: must be a leaf index or size-<n>, as an event's id is")
    return int(digits) + (digits == text)


@lru_cache(maxsize=16)
def _spelt(source: str) -> bytes:
    return orjson.dumps(source)


def _json(data: bytes) -> Any:  # noqa: ANN401 — any JSON value
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"feed: no JSON: {error}") from None


def _read(members: object) -> FeedEvent:
    try:
        return _event_of(members)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MalformedError("feed: not an event of a feed: a member is missing or wrong") from None


def _event_of(members: Any) -> FeedEvent:  # noqa: ANN401 — any JSON value
    data, kind, name = members["data"], members["type"], members["id"]
    if kind == LEAVES:
        hashes = split_hashes(decode_base64("leaves", data["leaves"]))
        return LeavesEvent(_index(data["first"]), tuple(LeafHash(each) for each in hashes))
    if kind == CHECKPOINT:
        proofs = (
            tuple(TreeHash(_hash(each)) for each in data[proof])
            for proof in ("consistency", "prefix")
        )
        return CheckpointEvent(read_cursor(name), data["note"].encode(), *proofs)
    return EntryEvent(read_cursor(name) - 1, data["entry"].encode())


def _index(value: object) -> int:
    if type(value) is not int or value < 0:
        raise MalformedError("feed: first must be a leaf index")
    return value


def _hash(text: str) -> bytes:
    found = decode_base64("proof", text)
    if len(found) != HASH_SIZE:
        raise MalformedError("feed: a proof is a list of hashes")
    return found
