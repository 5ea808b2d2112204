"""A batch: the commands that share one commit, and the entries that they become.

Pure arithmetic over what the sequencer read under the head's lock. First every command is
admitted or refused by the versions of its streams; a refused one leaves no trace, and the
others go on. Then the admitted ones are assembled into entries, chained within their
streams (BLAKE3) and appended to the tree's right edge (SHA-256), a run at a time, so that
the database can take one run while the next is made.
``tests/chain/test_batch.py`` compares it with `Entry` and the reference tree.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from blake3 import blake3

from chain.command import Command, NewEvent, Receipt, StaleVersionError
from chain.entry import MAX_ENTRY_SIZE, check_stream
from chain.errors import EntryTooLargeError
from chain.hashes import LeafHash, LeafIndex
from chain.merkle import RightEdge

RUN = 256
"""Entries made at a time: enough to be cheap, few enough that the database starts early."""

FIRST_RUN = 64
"""The first run is shorter: until it is made, the database has nothing to do."""

FRAME = len('{"at":"2026-11-22T10:00:00.123456Z","prev":,"seq":,"stream":"","type":"","v":1}\n\n')
LONGEST_PREV = 66
NEAR_LIMIT = MAX_ENTRY_SIZE - FRAME - LONGEST_PREV - 16 - 2 * 128 - 64
"""A body up to this fits whatever its header; above it, the header is measured."""


class StreamHead(NamedTuple):
    """Where a stream stands: its last version, and that entry's chain hash in hex."""

    seq: int
    chain_hash: str


Row = tuple[int, str, int, str, bytes]
"""One entry as it is stored: leaf index, stream, seq, type, entry."""


class Batch:
    """Commands being turned into entries.

    Args:
        at: when the log takes them, never earlier than its last entry.
        edge: the tree's right edge; it grows as entries are assembled.
        heads: where each stream that the commands touch stands; a stream that is absent
            has no entry.
    """

    def __init__(self, at: str, edge: RightEdge, heads: Mapping[str, StreamHead]) -> None:
        self.edge = edge
        self.at = at
        # What an entry needs of the one before it: its hash as JSON, and its stream's text.
        self._links = {
            stream: (f'"{head.chain_hash}"', check_stream(stream)) for stream, head in heads.items()
        }
        self._next = {stream: head.seq + 1 for stream, head in heads.items()}
        self.events = 0
        self._admitted: list[Command] = []
        self._first = edge.size
        self._leaves: list[LeafHash] = []

    def admit(self, command: Command) -> None:
        """Take *command* into the batch, or leave the batch as it is.

        Raises:
            StaleVersionError: an event does not follow its stream's last one.
            EntryTooLargeError: an event's entry would be over `MAX_ENTRY_SIZE`.
        """
        expected = self._next
        moved: dict[str, int] = {}
        for event in command.events:
            stream, seq = event.stream, event.seq
            wanted = moved.get(stream)
            if wanted is None:
                wanted = expected.get(stream)
            # A new stream begins at 1, or at 0 for users of the library.
            if seq != wanted and (wanted is not None or seq > 1):
                raise StaleVersionError(stream, seq, None if wanted is None else wanted - 1)
            if len(event.body) > NEAR_LIMIT:
                _check_size(event, first=wanted is None)
            moved[stream] = seq + 1
        expected.update(moved)
        self._admitted.append(command)
        self.events += len(command.events)

    def runs(self) -> Iterator[list[Row]]:
        """Yield the rows of all admitted commands, at most `RUN` at a time."""
        events = (event for command in self._admitted for event in command.events)
        length = FIRST_RUN
        while run := list(islice(events, length)):
            yield self._assemble(run)
            length = RUN

    def _assemble(self, events: list[NewEvent]) -> list[Row]:
        """Return the rows of *events*, and move the streams and the tree past them.

        The loop makes every entry of the log; ``tests/chain/test_batch.py`` holds its
        bytes against `Entry.to_bytes`.
        """
        opening = f'{{"at":"{self.at}","prev":'
        links = self._links
        index: int = self.edge.size
        rows: list[Row] = []
        leaves: list[LeafHash] = []
        for stream, seq, kind, body in events:
            link, name = links.get(stream) or ("null", check_stream(stream))
            header = f'{opening}{link},"seq":{seq},"stream":"{name}","type":"{kind}","v":1}}\n'
            entry = b"%b%b\n" % (header.encode(), body)
            links[stream] = f'"{blake3(entry).hexdigest()}"', name
            leaves.append(LeafHash(sha256(b"\0" + entry).digest()))
            rows.append((index, stream, seq, kind, entry))
            index += 1
        self.edge.extend(leaves)
        self._leaves += leaves
        return rows

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the admitted commands, once all runs are assembled."""
        receipts = []
        start = 0
        for command in self._admitted:
            end = start + len(command.events)
            leaves = tuple(self._leaves[start:end])
            receipts.append(Receipt(command.id, LeafIndex(self._first + start), leaves))
            start = end
        assert start == len(self._leaves)  # noqa: S101 — our own arithmetic
        return receipts


def _check_size(event: NewEvent, *, first: bool) -> None:
    """Refuse *event* if its entry would be too large.

    Raises:
        EntryTooLargeError: the entry would be over `MAX_ENTRY_SIZE`.
    """
    link = len("null") if first else LONGEST_PREV
    header = link + len(str(event.seq)) + len(check_stream(event.stream)) + len(event.type)
    size = FRAME + header + len(event.body)
    if size > MAX_ENTRY_SIZE:
        raise EntryTooLargeError(
            stream=event.stream, seq=event.seq, kind=event.type, size=size, limit=MAX_ENTRY_SIZE
        )
