"""Pages: fixed ranges of 256 indexes, of which every index is present.

``evidence.md``, 10.3. An entry of the topic stands in the page itself; those between are one
event a run, with their leaf hashes. A full page never changes, whatever is published later:
its checkpoint is the *first* that the log has signed at or beyond the page's end, and is
joined to the page by two proofs, from the checkpoint of the page before and from the page's
own end. ``tests/chain/feed/test_follower.py``.
"""

from collections.abc import Callable, Iterator, Sequence

from chain.entry import HEADER
from chain.errors import MalformedError
from chain.feed.event import PAGE_WIDTH, RESERVED, CheckpointEvent, EntryEvent, LeavesEvent
from chain.hashes import LeafHash

IsWanted = Callable[[str], bool]
"""Says of an event's type whether it belongs to the topic."""


def spell_page(
    source: str,
    start: int,
    entries: Sequence[bytes],
    leaves: Sequence[LeafHash],
    is_wanted: IsWanted,
    end: CheckpointEvent,
) -> list[bytes]:
    """Return the events of the page of *entries*, each spelt, the checkpoint last.

    Args:
        source: the log's origin.
        start: leaf index of the first entry: a multiple of 256.
        entries: 1 to 256 of them, in order.
        leaves: their leaf hashes.
        is_wanted: tells the topic.
        end: its size is where the page ends.

    Raises:
        MalformedError: the page is no such range, or *end* is another's.
    """
    if start % PAGE_WIDTH or not 0 < len(entries) <= PAGE_WIDTH:
        raise MalformedError(f"page: no range of 256 indexes begins at {start}")
    if end.size != start + len(entries):
        raise MalformedError(f"page: ends at {start + len(entries)}, its checkpoint at {end.size}")
    events = [each.to_bytes(source) for each in _runs(start, entries, leaves, is_wanted)]
    return [*events, end.to_bytes(source)]


def type_of(entry: bytes) -> str:
    """Return the type in the header of *entry*.

    Raises:
        MalformedError: it has no header.
    """
    match = HEADER.fullmatch(entry.partition(b"\n")[0])
    if match is None:
        raise MalformedError("page: what stands there is no entry")
    return match[5].decode()


def _runs(
    start: int, entries: Sequence[bytes], leaves: Sequence[LeafHash], is_wanted: IsWanted
) -> Iterator[EntryEvent | LeavesEvent]:
    run: list[LeafHash] = []
    for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), start):
        kind = type_of(entry)
        if kind.startswith(RESERVED) or not is_wanted(kind):
            run.append(leaf)
            continue
        if run:
            yield LeavesEvent(index - len(run), tuple(run))
            run = []
        yield EntryEvent(index, entry)
    if run:
        yield LeavesEvent(start + len(entries) - len(run), tuple(run))
