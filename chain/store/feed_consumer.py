"""A consumer of a feed on disk: verifies page after page, and delivers each entry exactly once.

A folder holds ``state.json`` (cursor, tree and how much of the sink counts, replaced in one
step) and ``events.jsonl``, the sink: one event a line, in the order of the log. The order of
one delivery, and what is true if the process dies after each step:

1. pages are verified                  nothing has happened
2. the sink is appended, synced        the state still says that this part does not count
3. the state is replaced               delivered

What does not count is cut off at the next start, so nothing is lost and nothing is doubled.
``tests/api/test_feed_pull.py`` kills it anywhere.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from chain.checkpoint import Checkpoint
from chain.consistency import prove_consistency, verify_consistency
from chain.errors import ChainError, MalformedError, VerificationError
from chain.feed.event import PAGE_WIDTH, EntryEvent, FeedEvent
from chain.feed.follower import (
    FeedUntrueError,
    Open,
    Progress,
    Seen,
    check_caught_up,
    follow,
    named,
)
from chain.feed.state import FeedState
from chain.hashes import LeafHash
from chain.store.feed_sources import Fetch
from chain.store.files import Folder, MissingFileError, exclusive, sync_folder, write_whole
from chain.tiles import TileReader, parse_tile, tile_path

STATE: Final = "state.json"
SINK: Final = "events.jsonl"
TOGETHER: Final = 16
"""Pages that are delivered in one step while there are more."""


class FeedConsumer:
    """Follows one topic of one log. A context manager: one process at a time works on a folder.

    Args:
        folder: made if it is not there.
        topic: which is followed.
        origin: the log's; what is kept in *folder* must be of the same.
        open_note: tells which checkpoints are trusted.
        fetch: the log's published tiles, which name the very entry that is wrong.

    Raises:
        MalformedError: the state in *folder* is damaged, or of another log or topic.
        LockedError: another process works on it.
    """

    def __init__(
        self, folder: Path, topic: str, origin: str, open_note: Open, fetch: Fetch | None = None
    ) -> None:
        self._folder = Folder(folder)
        self._path = folder / SINK
        self._open_note = open_note
        self._fetch = fetch
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = exclusive(folder / "lock", "following this feed")
        self.state = self._load(topic, origin)
        self._sink = -1

    def __enter__(self) -> Self:
        """Take the folder, and cut off what a crash left in the sink."""
        self._lock.__enter__()
        # Another process may have moved on between the constructor and the lock.
        self.state = self._load(self.state.topic, self.state.origin)
        self._folder.clean()
        self._sink = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        if os.fstat(self._sink).st_size < self.state.sink:
            self.__exit__(None, None, None)
            raise VerificationError(
                f"{self._path}: is shorter than {STATE} says: it was changed; begin in a new folder"
            )
        os.ftruncate(self._sink, self.state.sink)
        os.lseek(self._sink, 0, os.SEEK_END)
        sync_folder(self._path.parent)
        return self

    def __exit__(self, *_: object) -> None:
        """Let the folder go."""
        if self._sink >= 0:
            os.close(self._sink)
            self._sink = -1
        self._lock.__exit__(None, None, None)

    @property
    def size(self) -> int:
        """Indexes delivered."""
        return self.state.progress.size

    def take(self, pages: list[list[FeedEvent]]) -> int:
        """Verify *pages* and deliver what is new in them; return how many entries.

        Raises:
            FeedUntrueError: the server is caught. What came before the fault is delivered.
            MalformedError: it is no page.
        """
        progress = self.state.progress
        fresh: list[EntryEvent] = []
        try:
            for page in pages:
                step = follow(progress, page, self.state.origin, self._open_note)
                progress, fresh = step.progress, fresh + step.fresh
        except FeedUntrueError as fault:
            raise self._named(fault, progress, page) from None
        finally:
            content = b"".join(each.to_bytes(self.state.origin) + b"\n" for each in fresh)
            write_whole(self._sink, content)
            os.fsync(self._sink)
            # A crash here: the sink holds more than counts, and is cut at the next start.
            self._keep(
                replace(
                    self.state,
                    progress=progress,
                    sink=self.state.sink + len(content),
                    events=self.state.events + len(fresh),
                )
            )
        return len(fresh)

    def pull(
        self, source: Iterator[list[FeedEvent] | None], together: int | None = None
    ) -> Iterator[int]:
        """Take what *source* brings; yield the entries delivered at each step, -1 if caught up.

        Args:
            source: of pages.
            together: pages that are delivered in one step; `TOGETHER` by default.

        Raises:
            FeedUntrueError: the server is caught.
        """
        waiting: list[list[FeedEvent]] = []
        for page in source:
            if page is not None:
                waiting.append(page)
                # A page that is not full is the newest there is.
                if len(waiting) < (together or TOGETHER) and _is_full(page):
                    continue
            if waiting:
                yield self.take(waiting)
                waiting = []
            if page is None:
                check_caught_up(self.state.progress)
                yield -1

    def check_shown(self, checkpoint: Checkpoint, fetch: Fetch) -> None:
        """Check the published checkpoint against the consumer's own tree.

        Args:
            checkpoint: verified by the policy, with its quorum.
            fetch: the published tiles, for a proof between the two sizes.

        Raises:
            FeedUntrueError: it is older than one shown before, or of another tree.
        """
        size, root = self.size, self.state.progress.root()
        shown = self.state.shown
        if checkpoint.origin != self.state.origin:
            raise FeedUntrueError("other_log", size, f"it is signed by {checkpoint.origin}")
        if shown is not None and checkpoint.size < shown.size:
            raise FeedUntrueError(
                "rolled_back", checkpoint.size, f"{shown.size} entries were published before"
            )
        low, high = sorted([Seen(size, root), Seen(checkpoint.size, checkpoint.root)])
        try:
            if low.size:
                proof = prove_consistency(low.size, high.size, TileReader(high.size, fetch))
                verify_consistency(*low, *high, proof)
        except (VerificationError, MalformedError, MissingFileError) as error:
            raise FeedUntrueError("other_root", max(low.size - 1, 0), str(error)) from None
        self._keep(replace(self.state, shown=Seen(checkpoint.size, checkpoint.root)))

    def _named(
        self, fault: FeedUntrueError, progress: Progress, page: list[FeedEvent]
    ) -> FeedUntrueError:
        """Return *fault* with the very index, if the published tile tells it."""
        if self._fetch is None or fault.code != "other_root":
            return fault
        count = getattr(page[-1], "size", 0) - progress.pages * PAGE_WIDTH
        try:
            data = self._fetch(tile_path(0, progress.pages, count))
            tile = [LeafHash(each) for each in parse_tile(data, count)]
        except (ChainError, OSError):
            return fault
        return named(fault, progress, page, tile, self._open_note)

    def _load(self, topic: str, origin: str) -> FeedState:
        try:
            state = FeedState.parse(self._folder.read(STATE))
        except MissingFileError:
            return FeedState(origin, topic)
        except ChainError as error:
            raise MalformedError(f"{self._folder.root / STATE}: {error}") from None
        if (state.origin, state.topic) != (origin, topic):
            raise MalformedError(
                f"{self._folder.root}: follows {state.topic} of {state.origin}: name a folder of"
                " its own for each feed"
            )
        return state

    def _keep(self, state: FeedState) -> None:
        if state != self.state:
            self._folder.replace(STATE, state.to_bytes())
            self.state = state


def _is_full(page: list[FeedEvent]) -> bool:
    return not getattr(page[-1], "size", 1) % PAGE_WIDTH
