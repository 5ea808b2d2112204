"""The body of a webhook: that something happened, and where the feed has it.

A wake-up and no record: no entry, no secret, below 20 kB whatever happened
(``reliability.md``, 5.3). ``tests/api/test_f19_receiver_down.py``.
"""

from typing import Final

from chain.canonical import to_bytes
from chain.entry import Entry

MAX_BODY: Final = 20_000


def message_id(webhook: str, number: int) -> str:
    """Return the id of a message: the same at every attempt, so that a receiver sees repeats."""
    return f"msg_{webhook}_{number}"


def body_of(number: int, index: int, entry: bytes) -> bytes:
    """Return the body that tells of the entry at leaf *index*, *number* in its owner's feed."""
    read = Entry.parse(entry)
    body = to_bytes(
        {
            "data": {
                "feed": f"/v1/feeds/own?lastEventId=size-{index}",
                "index": index,
                "sequence": number,
                "subject": read.stream,
            },
            "timestamp": read.at,
            "type": read.type,
        }
    )
    assert len(body) < MAX_BODY  # noqa: S101 — a stream's name and a type have their limits
    return body
