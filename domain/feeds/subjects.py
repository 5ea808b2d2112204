"""Whom an entry concerns: the merchant or the platform client in whose own feed it is.

An entry concerns whom it names in a member ``merchant`` or ``client``, and whoever acts in it
as a merchant or a client. From then on the whole stream is theirs too, if it is of a thing that
belongs to one merchant (`BOUND`), and so is a stream whose entry names such an order: the
dispute of a merchant's order. What came before is not: a feed of one's own only grows at its
end. Journals and persons belong to nobody, so no entry of theirs leaks by its stream.
``tests/domain/feeds/test_subjects.py``.
"""

from typing import Any, Final, NamedTuple

from chain.canonical import parse
from chain.entry import Entry
from chain.errors import MalformedError

BOUND: Final = frozenset({"bat", "dsp", "key", "ord", "prd", "rfd"})
"""Prefixes of streams that belong to one merchant."""

_MEMBERS: Final = ("client", "merchant")
_ROLES: Final = frozenset({"merchant", "platform"})
_REFERENCES: Final = ("order",)


class Concern(NamedTuple):
    """Whom an entry concerns by itself, and what else decides it."""

    subjects: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    """Streams whose subjects are this entry's too."""
    binds: bool = False
    """Whether its own stream is theirs from here on."""


def concern_of(stream: str, entry: bytes) -> Concern:
    """Return whom *entry* of *stream* concerns; nobody where it is no event of ours."""
    try:
        body = parse(Entry.parse(entry).body)
    except MalformedError:
        return Concern()
    if not isinstance(body, dict):
        return Concern()
    data, meta = body.get("data"), body.get("meta")
    members: dict[str, Any] = data if isinstance(data, dict) else {}
    found = {members[name] for name in _MEMBERS if isinstance(members.get(name), str)}
    if isinstance(meta, dict) and meta.get("role") in _ROLES and isinstance(meta["actor"], str):
        found.add(meta["actor"])
    others = {members[name] for name in _REFERENCES if isinstance(members.get(name), str)}
    is_bound = stream.partition("_")[0] in BOUND
    return Concern(
        frozenset(found),
        frozenset(others if is_bound else ()) | ({stream} if is_bound else set()),
        is_bound,
    )
