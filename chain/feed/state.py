"""What a consumer keeps between two runs: its progress, and how much of its sink counts.

One file of canonical JSON, replaced in one step, so that cursor, tree and sink never disagree:
what the sink holds beyond ``sink`` bytes was not yet counted, and is cut off at the next start.
``tests/chain/feed/test_follower.py``.
"""

from base64 import b64encode
from dataclasses import dataclass, field

from chain.canonical import JSON, parse, to_bytes
from chain.errors import MalformedError
from chain.feed.event import PAGE_WIDTH
from chain.feed.follower import Progress, Seen
from chain.hashes import HASH_SIZE, LeafHash, TreeHash
from chain.merkle import split_hashes
from chain.vkey import decode_base64

VERSION = 1
_MEMBERS = frozenset(
    (
        *("base", "before", "bookmark", "events", "newest", "origin", "pages", "shown"),
        *("sink", "tail", "topic", "v"),
    )
)


@dataclass(frozen=True, slots=True)
class FeedState:
    """The state of one consumer of one topic of one log."""

    origin: str
    topic: str
    progress: Progress = field(default_factory=Progress)
    sink: int = 0
    """Bytes of the sink that count."""
    events: int = 0
    """Entries of the topic delivered to it."""
    shown: Seen | None = None
    """The largest checkpoint that ``/checkpoint`` has shown."""

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        kept = self.progress
        return to_bytes(
            {
                "base": b64encode(kept.base).decode(),
                "before": _spell(kept.before),
                "bookmark": kept.bookmark,
                "events": self.events,
                "newest": _spell(kept.newest),
                "origin": self.origin,
                "pages": kept.pages,
                "shown": _spell(self.shown),
                "sink": self.sink,
                "tail": b64encode(b"".join(kept.tail)).decode(),
                "topic": self.topic,
                "v": VERSION,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "FeedState":
        """Return the state that *data* spells.

        Raises:
            MalformedError: `to_bytes` would not have written it.
        """
        found = parse(data)
        if not isinstance(found, dict) or found.keys() != _MEMBERS or found["v"] != VERSION:
            raise MalformedError("state: not a consumer's state of this version")
        try:
            progress = Progress(
                decode_base64("base", str(found["base"])),
                tuple(
                    LeafHash(each)
                    for each in split_hashes(decode_base64("tail", str(found["tail"])))
                ),
                _count(found["pages"]),
                _read(found["before"]),
                _read(found["newest"]),
                _count(found["bookmark"]),
            )
            progress.edge()
        except (TypeError, ValueError):
            raise MalformedError("state: a member is not what it must be") from None
        if len(progress.tail) >= PAGE_WIDTH:
            raise MalformedError("state: tail: a full page is folded away")
        state = cls(
            str(found["origin"]),
            str(found["topic"]),
            progress,
            _count(found["sink"]),
            _count(found["events"]),
            _read(found["shown"]),
        )
        if state.to_bytes() != data:
            raise MalformedError("state: not as it would be written")
        return state


def _spell(seen: Seen | None) -> JSON:
    if seen is None:
        return None
    return {"root": b64encode(seen.root).decode(), "size": seen.size}


def _read(value: JSON) -> Seen | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"root", "size"}:
        raise MalformedError("state: a checkpoint has a size and a root")
    root = decode_base64("root", str(value["root"]))
    if len(root) != HASH_SIZE:
        raise MalformedError("state: a root is 32 bytes")
    return Seen(_count(value["size"]), TreeHash(root))


def _count(value: JSON) -> int:
    if type(value) is not int or value < 0:
        raise MalformedError("state: a count is a number from 0")
    return value
