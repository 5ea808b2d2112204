"""A log in memory and its feed, as an honest server serves it, and as others might."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chain.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from chain.consistency import prove_consistency
from chain.entry import Entry
from chain.feed.event import CheckpointEvent, FeedEvent, parse_event
from chain.feed.page import spell_page
from chain.hashes import TreeHash, TreeSize, chain_hash, leaf_hash
from chain.merkle import Node, root_of
from tests.chain.keys import LOG, ORIGIN, signers, verifiers

TYPES = ("order.placed", "key.sold", "identity.verified", "order.paid")


def wanted(kind: str) -> bool:
    return kind.startswith("order.")


def entries(count: int, salt: str = "") -> list[bytes]:
    found: list[bytes] = []
    for index in range(count):
        kind = TYPES[index * 7 % 11 % 4]
        prev = chain_hash(found[-1]) if found else None
        body = b'{"data":{"n":%d,"salt":"%b"},"meta":{}}' % (index, salt.encode())
        at = f"2026-11-22T10:00:{index % 60:02}.000000Z"
        found.append(Entry(at, prev, index + 1, "ord_x", kind, body).to_bytes())
    return found


@dataclass
class MadeLog:
    """Entries, and the sizes at which the log was signed."""

    entries: list[bytes]
    signed: Sequence[int]

    def __post_init__(self) -> None:
        self.leaves = [leaf_hash(each) for each in self.entries]

    def read(self, nodes: Sequence[Node], /) -> list[TreeHash]:
        return [
            root_of(self.leaves[position << level : (position + 1) << level])
            for level, position in nodes
        ]

    def root(self, size: int) -> TreeHash:
        return root_of(self.leaves[:size])

    def note(self, size: int) -> bytes:
        checkpoint = Checkpoint(ORIGIN, TreeSize(size), self.root(size))
        return sign_checkpoint(checkpoint, signers(LOG))

    def ending(self, size: int) -> int:
        return min(each for each in self.signed if each >= size)

    def end_of(self, start: int, end: int) -> CheckpointEvent:
        size = self.ending(end)
        before = self.ending(start) if start else 0
        consistency = prove_consistency(before, size, self.read) if before else []
        prefix = prove_consistency(end, size, self.read)
        return CheckpointEvent(end, self.note(size), tuple(consistency), tuple(prefix))

    def page(
        self, number: int, end: int, is_wanted: Callable[[str], bool] = wanted
    ) -> list[FeedEvent]:
        start = number * 256
        shown, leaves = self.entries[start:end], self.leaves[start:end]
        spelt = spell_page(ORIGIN, start, shown, leaves, is_wanted, self.end_of(start, end))
        return [parse_event(each, ORIGIN) for each in spelt]

    def after(self, size: int, newest: int) -> list[FeedEvent]:
        """Return what a server that has signed *newest* answers to a cursor."""
        if size == newest:
            return []
        number = size // 256
        return self.page(number, min(newest, number * 256 + 256))

    def model(self, size: int) -> list[tuple[int, bytes]]:
        return [
            (index, each)
            for index, each in enumerate(self.entries[:size])
            if wanted(Entry.parse(each).type)
        ]


def opened(note: bytes) -> Checkpoint:
    """Trust the log's key and no other."""
    return open_checkpoint(note, verifiers(LOG)).checkpoint
