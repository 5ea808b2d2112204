"""Whom an entry concerns: those it names, and those whom an entry of the same stream names.

A name is a pseudonymous id, as a member of the event's ``data`` or the actor in its ``meta``,
or the stream itself. So the buyer and the merchant of an order get every event of that order.
Proved by ``tests/api/test_concerning.py``.
"""

from collections.abc import Iterable, Iterator

from chain.canonical import parse
from chain.entry import Entry
from chain.errors import MalformedError
from chain.store.reader import LogReader, StoredEntry


def is_named(party: str, entry: StoredEntry) -> bool:
    """Say whether *entry* itself names *party*."""
    # Most entries do not even hold the letters.
    if party.encode() not in entry.entry:
        return False
    if entry.stream == party:
        return True
    try:
        body = parse(Entry.parse(entry.entry).body)
    except MalformedError:
        return False
    if not isinstance(body, dict):
        return False
    meta = body.get("meta")
    actor = meta.get("actor") if isinstance(meta, dict) else None
    return actor == party or party in _texts(body.get("data"))


def concerning(party: str, reader: LogReader, start: int, stop: int) -> Iterator[int]:
    """Yield the leaf indexes in ``[start, stop)`` of the entries that concern *party*, in order.

    Reads the log from its beginning: what happened first may be what names it.
    """
    streams = {each.stream for each in reader.entries(0, stop) if is_named(party, each)}
    yield from sorted(
        each.leaf_index
        for stream in streams
        for each in reader.history(stream)
        if start <= each.leaf_index < stop
    )


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
