"""What belongs to a matter: whole streams, chosen by what the log itself says.

Whoever exports names an order, a dispute or a stream, and nothing else: which streams follow
from that is decided here, from the log as it was at one size, so that the same log gives the
same selection (``features.md``, F2). Streams are whole; only erasures are shown in part.
``tests/domain/evidence/test_selection.py``.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from eventsourcing.persistence import Notification

from chain.canonical import parse
from chain.entry import Entry
from domain.disputes.case import Histories, read_case
from domain.errors import NotFoundError
from domain.identifiers import SUFFIX_PATTERN

PAGE: Final = 1_000
ERASURES: Final = "erasure/"

_KEY = re.compile(rf"key_{SUFFIX_PATTERN}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries by leaf index, whole streams but for the supporting ones."""

    entries: dict[int, bytes]
    size: int
    """Of the log that was looked at."""
    order: str | None = None
    dispute: str | None = None
    supporting: frozenset[str] = field(default_factory=frozenset)

    def parsed(self) -> Iterator[tuple[int, Entry]]:
        """Yield leaf index and entry, in the log's order."""
        for index in sorted(self.entries):
            yield index, Entry.parse(self.entries[index])

    def supported_by(self, log: Histories, erasures: Collection[tuple[int, str]]) -> "Selection":
        """Return the selection with *erasures* more, each a leaf index and its stream.

        Of each stream, all from the first to the last of them: it may be shown in part, and
        never with a gap.
        """
        entries, streams = dict(self.entries), {stream for _, stream in erasures}
        for stream in streams:
            needed = [index for index, named in erasures if named == stream]
            entries |= {
                index: entry
                for index, entry in log.select_history(stream)
                if min(needed) <= index <= max(needed)
            }
        supporting = self.supporting | streams
        return Selection(entries, self.size, self.order, self.dispute, supporting)


def select_stream(log: Histories, stream: str, size: int) -> Selection:
    """Return the whole history of *stream*.

    Raises:
        NotFoundError: the log has no event of it.
    """
    return Selection(_whole(log, [stream], size), size)


def select_order(log: Histories, order: str, size: int) -> Selection:
    """Return the order, the key that it was for, its refunds and its disputes.

    Raises:
        NotFoundError: the log has no event of it.
    """
    streams = _streams_of_order(log, order, size)
    return Selection(_whole(log, streams, size), size, order=order)


def select_dispute(log: Histories, dispute: str, size: int) -> Selection:
    """Return the dispute, all that a ruling on it may rest on, and the rest of the order.

    Raises:
        NotFoundError: the log does not know the dispute.
    """
    case = read_case(log, dispute, size)
    streams = {each.event.originator_id for each in case.entries}
    streams.update(_streams_of_order(log, case.order, size))
    return Selection(_whole(log, streams, size), size, order=case.order, dispute=dispute)


def find_erasures(log: Histories, digests: Iterable[str], size: int) -> dict[str, tuple[int, str]]:
    """Return, by digest, leaf index and stream of the erasure that lists it, where one does."""
    wanted, found = set(digests), dict[str, tuple[int, str]]()
    if not wanted:
        return found
    for each in _notifications(log, "privacy.erased", 0, size):
        stream = str(each.originator_id)
        if not stream.startswith(ERASURES):
            continue
        listed = _data(each.state).get("digests")
        for digest in wanted.intersection(listed if isinstance(listed, list) else ()):
            found.setdefault(digest, (each.id - 1, stream))
    return found


def _streams_of_order(log: Histories, order: str, size: int) -> list[str]:
    own = _whole(log, [order], size)
    first = min(own)
    placed = _data(Entry.parse(own[first]).body)
    key = placed.get("key")
    streams = [order]
    if isinstance(key, str) and _KEY.fullmatch(key):
        streams.append(key)
    for topic in ("dispute.opened", "refund.requested"):
        streams += [
            str(each.originator_id)
            for each in _notifications(log, topic, first, size)
            if _data(each.state).get("order") == order
        ]
    return streams


def _whole(log: Histories, streams: Iterable[str], size: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for stream in streams:
        history = {i: entry for i, entry in log.select_history(stream) if i < size}
        if not history:
            raise NotFoundError(f"{stream}: the log has no event of it")
        found |= history
    return found


def _notifications(log: Histories, topic: str, start: int, size: int) -> Iterator[Notification]:
    """Yield the events of *topic* at leaf indexes from *start*, in order."""
    following = start + 1
    while True:
        page = log.select_notifications(following, PAGE, size, [topic])
        yield from page
        if len(page) < PAGE:
            return
        following = page[-1].id + 1


def _data(body: bytes) -> dict[str, object]:
    value = parse(body)
    data = value.get("data") if isinstance(value, dict) else None
    return dict(data) if isinstance(data, dict) else {}
