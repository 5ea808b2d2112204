"""The record that a feed was read, and what tree its reader computed (``features.md``, J4).

A reader that proves its feed says up to which size it came and which root it got. Both sides
then have a receipt: the entry, and the reader's own tree. A root that differs from ours is
kept beside ours, for ever. ``tests/domain/feeds/test_j4_feed_read.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.event import Event, event
from domain.identifiers import derive
from domain.payload import Digest, Pattern, Units

Topic = Annotated[str, Pattern("[a-z_]{1,32}")]
FEED_READ_TABLE: Table = {"client.feed_read": {NEW: "read"}}


@event("client.feed_read")
class ClientFeedRead(Event):
    """A consumer has read a feed up to a size, and computed the root of its own tree."""

    topic: Topic
    size: Units
    root: Digest
    reader: str
    """A pseudonymous id: the client or party that has read."""
    reader_kind: str
    our_root: Digest | None = None
    """What we have for that size, where it is another: an alarm."""


class FeedReading(Aggregate):
    """One reading, by an id that reader, topic, size and root decide."""

    TOPIC = "feed_reading"
    PREFIX = "fdr"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": FEED_READ_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader says of its own tree."""

    topic: str
    size: int
    root: str
    reader: str
    reader_kind: str

    @property
    def stream(self) -> str:
        """The stream that it has: the same reading twice is one."""
        return derive(FeedReading.PREFIX, 0, self.command_id)

    @property
    def command_id(self) -> str:
        """The command's id: the same reading twice is one."""
        said = "\n".join((self.reader_kind, self.reader, self.topic, str(self.size), self.root))
        return f"feed_read/{sha256(said.encode()).hexdigest()}"
