"""A fact: one committed entry as the views read it, its body parsed and brought up to date.

Only what the views ask for is parsed, and nothing is checked that the writer and the audit
have checked: a view is thrown away and made anew, evidence never rests on it. An older
payload version is led up by the same upcasters that the aggregates use. Proved by
``tests/projections/test_fact.py``.
"""

from typing import Any, NamedTuple

import orjson

from chain.errors import MalformedError
from domain.event import EVENTS, UPCASTERS

_AT_START = len(b'{"at":"')
_SECONDS = len("2026-11-22T10:00:00")


class Fact(NamedTuple):
    """What happened, and where in the log it stands."""

    index: int  # type: ignore[assignment]  # a tuple's method, which nobody asks a fact for
    """Leaf index: the only order there is."""
    stream: str
    seq: int
    topic: str
    data: dict[str, Any]
    """The newest payload version's members; what does not apply is absent."""
    meta: dict[str, Any]
    at: str
    """When the log took it: RFC 3339, UTC, whole seconds."""

    @property
    def moment(self) -> str:
        """When it happened, else when the log took it: RFC 3339, UTC, whole seconds."""
        return self.meta.get("occurred_at") or self.at


def read_fact(index: int, stream: str, seq: int, topic: str, entry: bytes) -> Fact:
    """Return the fact that a stored *entry* holds.

    Args:
        index: its leaf index.
        stream: as the row has it, and so the next two.
        seq: the event's version in its stream.
        topic: the event's type.
        entry: both lines.

    Raises:
        MalformedError: it is not JSON, or of a payload version that this program has no
            upcaster for.
    """
    try:
        body = orjson.loads(entry[entry.index(b"\n") + 1 :])
        data, meta = body["data"], body["meta"]
        schema = meta["schema"]
    except (ValueError, KeyError, TypeError):
        raise MalformedError(
            f"entry {index}: its body is no event's: run xiyou audit --database"
        ) from None
    if schema != (newest := EVENTS[topic].SCHEMA):
        data = _brought_up(index, topic, schema, newest, data)
    seconds = entry[_AT_START : _AT_START + _SECONDS].decode("ascii")
    return Fact(index, stream, seq, topic, data, meta, f"{seconds}Z")


def _brought_up(
    index: int, topic: str, schema: int, newest: int, data: dict[str, Any]
) -> dict[str, Any]:
    for version in range(schema, newest):
        step = UPCASTERS.get((topic, version))
        if step is None:
            raise MalformedError(f"entry {index}: {topic} {version} has no upcaster")
        data = step(data)
    if schema > newest:
        raise MalformedError(
            f"entry {index}: {topic} {schema} is newer than this program: upgrade it"
        )
    return data
