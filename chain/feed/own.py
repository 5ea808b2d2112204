"""Feeds of one's own: the entries that concern one subject, each with its number.

``reliability.md``, 5.4: a merchant or a client gets its own events alone, with a counter that
shows any gap. An event is spelt as in every other feed and has the CloudEvents extension
``sequence`` besides: 0, 1, 2 ... for this subject, for ever. A page holds 256 numbers and ends
with the first checkpoint at or beyond its last entry; the newest page ends with the newest,
which promises that up to its size there is no other. ``tests/api/test_feeds_own.py``.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import orjson

from chain.errors import MalformedError
from chain.feed.event import CHECKPOINT, EntryEvent
from chain.feed.follower import FeedUntrueError


class OwnEvent(NamedTuple):
    """An entry of one subject's feed."""

    number: int
    event: EntryEvent

    def to_bytes(self, source: str) -> bytes:
        """Return the event, spelt."""
        spelt = self.event.to_bytes(source)
        # ``sequence`` stands between ``id`` and ``source``, as the order of the keys asks.
        place = spelt.rindex(b',"source":')
        return b'%b,"sequence":"%d"%b' % (spelt[:place], self.number, spelt[place:])


def spell_own_page(
    source: str, events: Sequence[OwnEvent], size: int, counter: int, note: bytes
) -> list[bytes]:
    """Return the events of a page, each spelt, the checkpoint last.

    Args:
        source: the log's origin.
        events: the page's, in order.
        size: up to which index it is complete.
        counter: the next number.
        note: the checkpoint that ends it.
    """
    end = {
        "data": {"counter": counter, "note": note.decode()},
        "id": f"size-{size}",
        "source": source,
        "specversion": "1.0",
        "type": CHECKPOINT,
    }
    return [*(each.to_bytes(source) for each in events), orjson.dumps(end)]


def read_own_page(data: bytes, source: str, number: int) -> tuple[list[OwnEvent], int]:
    """Return the events in a page from *number* on, and the next number.

    Raises:
        FeedUntrueError: a number is missing, comes twice or in another order.
        MalformedError: it is no page of a feed of one's own.
    """
    try:
        members = json.loads(data)
        events = [
            OwnEvent(
                int(each["sequence"]), EntryEvent(int(each["id"]), each["data"]["entry"].encode())
            )
            for each in members[:-1]
        ]
        counter, note = members[-1]["data"]["counter"], members[-1]["data"]["note"]
        size = int(members[-1]["id"].removeprefix("size-"))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise MalformedError("feed: not a page of a feed of one's own") from None
    spelt = spell_own_page(source, events, size, counter, note.encode())
    if b"[%b]" % b",".join(spelt) != data:
        raise MalformedError("feed: the page is not as the log would write it")
    for place, (one, other) in enumerate(pairwise(events)):
        if other.number != one.number + 1 or other.event.index <= one.event.index:
            raise FeedUntrueError("hidden", one.event.index, f"after number {place}")
    if events and (events[0].number > number or events[-1].number + 1 != counter):
        raise FeedUntrueError("hidden", events[0].event.index, f"number {number} is wanted")
    return [each for each in events if each.number >= number], counter
