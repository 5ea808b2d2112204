"""The indexer: follows the log, keeps its index in files, and commits to it in the log.

A folder of the home, and one indexer at a time:

    index/lock      held by the one that works
    index/ranges/   lists of ranges, see `range_file`; all of it can be made again

The steps of one commitment, and what is true if the process dies after each:

1. entries read, ranges filed        nothing is said yet; what is whole is taken up again
2. the entry in the log              the log says it; the next start finds it there
3. older ranges let go of            a file too many; the next commitment removes it

A false root is never committed: it comes from lists that were written in one pass from the
log's own entries, whose files are whole or not there, carry a digest that every merge checks,
and are held against the log's entries before anything rests on them. So a database that was
put back to an older state, or another log's files, make the index anew.
``tests/chain/store/stream_index/test_indexer.py``, ``test_indexer_failures.py``.
"""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, Self

from chain.errors import VerificationError
from chain.store.files import exclusive
from chain.store.stream_index.builder import BASE_LEVEL, IndexBuilder, commitment_of
from chain.store.stream_index.stored_log import Committed, StoredLog
from chain.stream_index.commitment import EVENT_TYPE, Commitment
from chain.stream_index.rows import StreamRow

FOLDER: Final = "index"
INTERVAL: Final = 60.0
"""Seconds between two commitments of a log that is busy with little."""
ENTRIES: Final = 1 << 16
"""Entries after which a commitment is due before that."""
HELD: Final = 8
"""Commitments whose ranges stay in files: a checkpoint may be some of them behind."""
LOOK: Final = 0.5
"""Seconds between two looks at the log's size."""
FEW: Final = 64
"""Entries among which there is one that is no commitment, if there is news at all: between
two commitments there are only those of others who commit at the same moment."""

Commit = Callable[[Commitment], object]
"""Records a commitment in the log, and waits until it is there."""


class RewoundError(VerificationError):
    """The log has fewer entries than were indexed: it is not the log that it was."""


def ranges_folder(home: Path) -> Path:
    """Return where the deployment in *home* keeps the index's ranges."""
    return home / FOLDER / "ranges"


class Indexer:
    """Keeps the index of one log. A context manager, which holds the home's index lock.

    Args:
        home: the deployment's folder.
        log: the log.
        commit: records a commitment in it.
        base_level: see `IndexBuilder`.
        durable: see `IndexBuilder`.

    Raises:
        LockedError: another process works on this index.
    """

    def __init__(
        self,
        home: Path,
        log: StoredLog,
        commit: Commit,
        *,
        base_level: int = BASE_LEVEL,
        durable: bool = True,
    ) -> None:
        self._folder = ranges_folder(home)
        self._log = log
        self._commit = commit
        self._base = base_level
        self._durable = durable
        self._builder: IndexBuilder | None = None
        self._held = ExitStack()
        self._held.enter_context(exclusive(home / FOLDER / "lock", "keeping this index"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the index go."""
        if self._builder is not None:
            self._builder.close()
            self._builder = None
        self._held.close()

    def run(self, stop: Event, interval: float = INTERVAL, entries: int = ENTRIES) -> None:
        """Follow the log, and commit every *interval* seconds or *entries*, until *stop*.

        Once more after the signal, so that what is there by then is committed.

        Raises:
            psycopg.Error: the database is out of reach; nothing that is false was said.
        """
        last = -interval
        while not stop.is_set():
            size = self.follow()
            newest = self._log.newest(size)
            due = size - (newest.commitment.size if newest else 0) >= entries
            # After a quiet time the first news are committed at once.
            if (due or monotonic() - last >= interval) and self.commit_once() is not None:
                last = monotonic()
            stop.wait(LOOK)
        self.commit_once()

    def commit_once(self) -> Committed | None:
        """Commit to all that the log has; return what is committed, None if that is no news.

        News is what was logged besides commitments: a log in which nothing happens would
        otherwise grow by its own commitments for ever, each of which is new to the next.

        Raises:
            RewoundError: the log has fewer entries than it had.
            Exception: what the recording of a commitment raises; nothing false was said.
        """
        size = self.follow()
        newest = self._log.newest(size)
        builder = self._opened()
        if not self._has_news(size, newest):
            return None
        commitment = commitment_of(builder.listings())
        # Before anybody can ask for it: its ranges may be merged from now on.
        self._hold(builder, commitment)
        self._commit(commitment)
        # Dying here, the entry is there, and the next start finds it by its stream.
        return self._log.newest(self._log.size())

    def follow(self) -> int:
        """Bring the index up to the log's size, and return it.

        Raises:
            RewoundError: the log has fewer entries than it had.
        """
        try:
            return self._follow(self._opened())
        except RewoundError:
            raise
        except VerificationError:
            # A file was damaged. Nothing but time is lost: all is made again from the log.
            self._forget()
            return self._follow(self._opened())

    def _follow(self, builder: IndexBuilder) -> int:
        size = self._log.size()
        if size < builder.size:
            raise RewoundError(
                f"the log has {size} entries, and {builder.size} were indexed: it was put back"
                " to an older state; start the indexer again once it is the right one"
            )
        for entries in self._log.entries(builder.size, size):
            builder.add(entries)
        if builder.size != size:
            raise VerificationError(f"entry {builder.size} is missing: run xiyou audit")
        return size

    def _has_news(self, size: int, newest: Committed | None) -> bool:
        """Say whether the log has an entry that is no commitment, and that none covers."""
        covered = newest.commitment.size if newest else 0
        return any(
            each.type != EVENT_TYPE
            for entries in self._log.entries(covered, min(size, covered + FEW))
            for each in entries
        )

    def _hold(self, builder: IndexBuilder, commitment: Commitment) -> None:
        """Keep the ranges of *commitment* and of those shortly before."""
        before = (each.commitment for each in self._log.latest(HELD - 1))
        builder.hold({part for each in (commitment, *before) for part in each.cover})

    def _opened(self) -> IndexBuilder:
        """Return the builder, taken up from its files if they are this log's."""
        if self._builder is None:
            taken = self._taken_up()
            if taken is None:
                self._forget()
                taken = self._made()
            self._builder = taken
        return self._builder

    def _taken_up(self) -> IndexBuilder | None:
        """Return the builder as its files have it, None where they are damaged or another log's."""
        try:
            builder = self._made()
        except VerificationError:
            return None
        if self._is_of_this_log(builder):
            return builder
        builder.close()
        return None

    def _made(self) -> IndexBuilder:
        held = {part for each in self._log.latest(HELD) for part in each.commitment.cover}
        return IndexBuilder(self._folder, self._base, durable=self._durable, held=held)

    def _is_of_this_log(self, builder: IndexBuilder) -> bool:
        """Say whether each range lists, for the stream of its last entry, just that entry.

        Two logs that part have other entries from there on, if only by their times.
        """
        if builder.size > self._log.size():
            return False
        for each in builder.ranges:
            last: list[StreamRow] = []
            for entries in self._log.entries(each.roots.range.end - 1, each.roots.range.end):
                last += [StreamRow(entry.stream, entry.seq, entry.leaf) for entry in entries]
            if len(last) != 1 or each.show(last[0].stream).rows != (last[0].to_bytes(),):
                return False
        return True

    def _forget(self) -> None:
        """Remove all files; what they held comes again from the log."""
        if self._builder is not None:
            self._builder.close()
            self._builder = None
        shutil.rmtree(self._folder, ignore_errors=True)
