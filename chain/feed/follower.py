"""A consumer that proves that it missed nothing: it rebuilds the log's tree from the pages.

``reliability.md``, 5.4: ordered, unique, atomic, resumable, bookmarkable. Pure: bytes in, what
is new out, or a `FeedUntrueError` that names the index. What the server has been caught at is
told by its code:

    hidden          an index is left out, or comes in the wrong order
    repeated        an index comes twice in one page
    altered         an index, delivered before, now has another entry
    other_root      the tree of what was delivered is not the one that the log has signed
    rolled_back     the checkpoint is older than one that was shown before
    withheld        "nothing new", and the log has signed more than was delivered
    unsigned        no trusted key has signed the checkpoint
    other_log       the checkpoint is another log's

An entry that is wrongly called out of topic cannot be seen from its hash; the stream index's
rows of types show that (`chain.stream_index.topics`). ``tests/chain/feed/test_follower.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from chain.checkpoint import Checkpoint
from chain.consistency import verify_consistency
from chain.errors import ChainError, MalformedError, VerificationError
from chain.feed.event import PAGE_WIDTH, CheckpointEvent, EntryEvent, FeedEvent
from chain.hashes import EMPTY_ROOT, LeafHash, TreeHash
from chain.merkle import RightEdge

Open = Callable[[bytes], Checkpoint]
"""Returns the checkpoint in a note once it is trusted; raises what `verify_checkpoint` does."""


class FeedUntrueError(VerificationError):
    """The server has been caught; `code` says at what, `index` where."""

    def __init__(self, code: str, index: int, what: str) -> None:
        """Take the parts."""
        super().__init__(f"{code} at index {index}: {what}")
        self.code = code
        self.index = index


class Seen(NamedTuple):
    """Size and root of a checkpoint that was verified."""

    size: int
    root: TreeHash


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer has come, and its tree; immutable.

    Attributes:
        base: right edge of the full pages.
        tail: leaf hashes of the page that is not full yet.
        before: the checkpoint that ended the last full page.
        newest: the largest checkpoint that was verified.
        bookmark: up to here whole commands were delivered: the largest signed size that the
            consumer's own tree has reached.
    """

    base: bytes = b""
    tail: tuple[LeafHash, ...] = ()
    pages: int = 0
    before: Seen | None = None
    newest: Seen | None = None
    bookmark: int = 0

    @property
    def size(self) -> int:
        """Indexes delivered: the next one wanted."""
        return self.pages * PAGE_WIDTH + len(self.tail)

    def edge(self) -> RightEdge:
        """Return the right edge of the consumer's own tree."""
        edge = RightEdge.from_bytes(self.pages * PAGE_WIDTH, self.base)
        edge.extend(self.tail)
        return edge

    def root(self) -> TreeHash:
        """Return the root of the consumer's own tree."""
        return self.edge().root()


class Step(NamedTuple):
    """What a page has brought."""

    progress: Progress
    fresh: list[EntryEvent]
    """Entries of the topic that were not delivered before, in order."""


def follow(progress: Progress, page: Sequence[FeedEvent], origin: str, open_note: Open) -> Step:
    """Verify the next *page*, whole or from any index that was delivered on, and take it.

    Args:
        progress: before it; unchanged whatever is raised.
        page: its events; the checkpoint is the last one.
        origin: the log's.
        open_note: tells which checkpoints are trusted.

    Raises:
        FeedUntrueError: the page is not what the log has signed; nothing of it counts.
        MalformedError: it is no page.
    """
    if not page or not isinstance(page[-1], CheckpointEvent):
        raise MalformedError("feed: a page ends with a checkpoint")
    end = page[-1]
    events = page[:-1]
    if any(isinstance(each, CheckpointEvent) for each in events):
        raise MalformedError("feed: a checkpoint stands within a page")
    leaves, fresh = _take(progress, events)
    tail = (*progress.tail, *leaves)
    if len(tail) > PAGE_WIDTH:
        raise MalformedError("feed: a page reaches over its end")
    grown = replace(progress, tail=tail)
    if end.size != grown.size:
        raise FeedUntrueError("hidden", grown.size, f"the page says that it reaches to {end.size}")
    checkpoint = _open(end, origin, open_note)
    _check_grown(grown, end, checkpoint)
    return Step(_settled(progress, grown, checkpoint), fresh)


def check_caught_up(progress: Progress) -> None:
    """Check that "nothing new" can be true.

    Raises:
        FeedUntrueError: the log has signed more than was delivered.
    """
    if progress.newest is not None and progress.newest.size > progress.size:
        raise FeedUntrueError(
            "withheld",
            progress.size,
            f"the server says that there is nothing new, and has signed {progress.newest.size}",
        )


def named(
    fault: FeedUntrueError,
    progress: Progress,
    page: Sequence[FeedEvent],
    tile: Sequence[LeafHash],
    open_note: Open,
) -> FeedUntrueError:
    """Return *fault* with the very index that is wrong, if the log's tile tells it.

    Args:
        fault: ``other_root``: the page's tree is not the signed one.
        progress: before the page.
        page: that was refused.
        tile: the leaf hashes from the page's first index to its end, as the log publishes them;
            believed only if they lead to the checkpoint that ends the page.
        open_note: tells which checkpoints are trusted.
    """
    end = page[-1]
    start = progress.pages * PAGE_WIDTH
    if not isinstance(end, CheckpointEvent) or end.size != start + len(tile):
        return fault
    try:
        checkpoint = open_note(end.note)
        root = replace(progress, tail=tuple(tile)).root()
        verify_consistency(end.size, root, checkpoint.size, checkpoint.root, end.prefix)
    except ChainError:
        return fault
    for event in page[:-1]:
        assert not isinstance(event, CheckpointEvent)  # noqa: S101 — `follow` has looked
        for index, leaf in enumerate(event.leaves, event.first):
            if leaf != tile[index - start]:
                return FeedUntrueError("altered", index, "the log has signed another entry here")
    return fault


def _take(
    progress: Progress, events: Sequence[FeedEvent]
) -> tuple[list[LeafHash], list[EntryEvent]]:
    """Return the leaves and the entries in *events* that are new."""
    start = progress.pages * PAGE_WIDTH
    size = progress.size
    leaves: list[LeafHash] = []
    fresh: list[EntryEvent] = []
    position: int | None = None
    for event in events:
        assert not isinstance(event, CheckpointEvent)  # noqa: S101 — the caller has looked
        first = event.first
        _check_next(first, position, start, size)
        for index, leaf in enumerate(event.leaves, first):
            if index < size:
                if leaf != progress.tail[index - start]:
                    raise FeedUntrueError("altered", index, "it was another entry before")
            else:
                leaves.append(leaf)
        if isinstance(event, EntryEvent) and event.index >= size:
            fresh.append(event)
        position = event.index + 1
    if position is None or position < size:
        raise FeedUntrueError("hidden", size if position is None else position, "the page is cut")
    return leaves, fresh


def _check_next(first: int, position: int | None, start: int, size: int) -> None:
    """Check that an event that begins at *first* is the next one of a page at *position*."""
    if position is None:
        if first < start:
            raise FeedUntrueError("repeated", first, f"entry {size} is the next one wanted")
        if first > size:
            raise FeedUntrueError("hidden", size, f"the page begins at {first}")
    elif first < position:
        raise FeedUntrueError("repeated", first, "it is in this page already")
    elif first > position:
        raise FeedUntrueError("hidden", position, f"{first} comes in its place")


def _open(end: CheckpointEvent, origin: str, open_note: Open) -> Checkpoint:
    try:
        checkpoint = open_note(end.note)
    except MalformedError:
        raise
    except ChainError as error:
        raise FeedUntrueError("unsigned", end.size, str(error)) from None
    if checkpoint.origin != origin:
        raise FeedUntrueError("other_log", end.size, f"it is signed by {checkpoint.origin}")
    return checkpoint


def _check_grown(grown: Progress, end: CheckpointEvent, checkpoint: Checkpoint) -> None:
    """Check that the consumer's own tree, and the checkpoint before, are prefixes of it."""
    newest = grown.newest
    if newest is not None and checkpoint.size < newest.size:
        raise FeedUntrueError(
            "rolled_back", grown.size - 1, f"signed {newest.size} before, now {checkpoint.size}"
        )
    try:
        verify_consistency(grown.size, grown.root(), checkpoint.size, checkpoint.root, end.prefix)
        _check_before(grown.before, end, checkpoint)
    except MalformedError as error:
        code = "rolled_back" if checkpoint.size < grown.size else "other_root"
        raise FeedUntrueError(code, grown.size - 1, str(error)) from None
    except VerificationError as error:
        raise FeedUntrueError("other_root", _suspect(grown), str(error)) from None
    if newest is not None and newest.size == checkpoint.size and newest.root != checkpoint.root:
        raise FeedUntrueError("other_root", newest.size - 1, "two roots are signed for one size")


def _check_before(before: Seen | None, end: CheckpointEvent, checkpoint: Checkpoint) -> None:
    if before is not None:
        verify_consistency(
            before.size, before.root, checkpoint.size, checkpoint.root, end.consistency
        )
    elif end.consistency:
        raise MalformedError("consistency proof: there is no page before the first")


def _suspect(grown: Progress) -> int:
    """Return the index up to which everything was vouched for: the first that may be wrong."""
    return min(grown.bookmark, grown.size - 1)


def _settled(progress: Progress, grown: Progress, checkpoint: Checkpoint) -> Progress:
    """Return *grown* after *checkpoint*, its full page folded away."""
    seen = Seen(checkpoint.size, checkpoint.root)
    bookmark = progress.bookmark
    for known in (progress.newest, progress.before):
        # A checkpoint that lay ahead is now within reach of the consumer's own tree.
        if known is not None and bookmark < known.size <= grown.size:
            _check_passed(progress, grown, known)
            bookmark = known.size
    if seen.size <= grown.size:
        bookmark = seen.size
    newest = grown.newest
    if newest is None or newest.size < seen.size:
        newest = seen
    if len(grown.tail) < PAGE_WIDTH:
        return replace(grown, newest=newest, bookmark=bookmark)
    edge = grown.edge()
    return Progress(edge.to_bytes(), (), grown.pages + 1, seen, newest, bookmark)


def _check_passed(progress: Progress, grown: Progress, known: Seen) -> None:
    """Check the consumer's own root at the size of a checkpoint that it has just passed."""
    edge = RightEdge.from_bytes(progress.pages * PAGE_WIDTH, progress.base)
    edge.extend(grown.tail[: known.size - edge.size])
    root = edge.root() if edge.size else EMPTY_ROOT
    if root != known.root:
        raise FeedUntrueError(
            "other_root", _suspect(grown), f"the log has signed another root for size {known.size}"
        )
