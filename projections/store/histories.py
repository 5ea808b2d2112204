"""Replay over the real log: any thing, at any tree size or time.

What belongs to a case is named by its own entries and, for what those do not name, by the
timeline view: a refund that was asked for and declined. The view only finds; what is shown
is read from the log. ``tests/projections/store/test_histories.py``.
"""

from collections.abc import Sequence
from functools import cache

from chain.store.database import Database
from chain.store.reader import LogReader
from domain.disputes.case import Recorded, recorded
from domain.errors import NotFoundError
from projections.case_replay import ReplayedCase, replay_dispute, replay_merchant, replay_order
from projections.errors import ViewBehindError
from projections.replay import Replayed, replay
from projections.store.platform import as_platform
from projections.store.slots import held_slot
from projections.timeline import TIMELINE_VIEW


class HistoryReader:
    """Replays from one database; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = LogReader(database)

    def recordings(self, stream: str) -> Sequence[Recorded]:
        """Return the entries of *stream*, in order."""
        return [recorded(each.leaf_index, each.entry) for each in self._log.history(stream)]

    def size_at(self, moment: str) -> int:
        """Return how many entries the log had taken by *moment*, that one included.

        Args:
            moment: RFC 3339, UTC, whole seconds. The log's own clock counts, which never
                goes back: when an entry was taken, not when its fact is said to be from.
        """
        return self._log.taken_by(moment.removesuffix("Z"), self._log.size(), inclusive=True)

    def thing(self, stream: str, size: int | None = None) -> Replayed:
        """Return one thing alone, at *size*; at the log's end by default.

        Raises:
            MalformedError: *stream* is no identifier of anything that can be replayed.
            NotFoundError: the log of that size has nothing of it.
        """
        return replay(stream, self.recordings(stream), self._checked(size))

    def order(self, order: str, size: int | None = None) -> ReplayedCase:
        """Return an order with all that belongs to it; see `domain.errors.NotFoundError`."""
        pinned = self._checked(size)
        return replay_order(order, cache(self.recordings), pinned, self.related(order, pinned))

    def dispute(self, dispute: str, size: int | None = None) -> ReplayedCase:
        """Return a dispute with its order and all that belongs to it, itself first."""
        pinned = self._checked(size)
        # Each stream is read once, however many of the case's parts ask for it.
        history = cache(self.recordings)
        opened = history(dispute)
        if not opened:
            raise NotFoundError(f"{dispute}: there is no such dispute")
        order = opened[0].event.data()["order"]
        return replay_dispute(dispute, history, pinned, self.related(order, pinned))

    def merchant(self, merchant: str, size: int | None = None) -> ReplayedCase:
        """Return what the log has about a merchant's standing."""
        return replay_merchant(merchant, self.recordings, self._checked(size))

    def related(self, order: str, size: int) -> Sequence[str]:
        """Return the streams that the timeline has of *order*, up to *size*.

        Raises:
            ViewBehindError: the timeline has not come so far: a case with a part missing
                must not be shown as a whole one.
        """
        # Which streams belong to a case is nobody's secret from its own case: who may replay it
        # was decided before.
        with as_platform(self._database) as connection:
            slot = held_slot(connection, TIMELINE_VIEW)
            if slot.position < size:
                raise ViewBehindError(
                    f"timeline: holds {slot.position} entries, not {size}: ask again in a second"
                )
            query = (
                f"SELECT DISTINCT stream FROM {slot.schema}.timeline"  # noqa: S608 — our own table
                " WHERE order_id = %s AND created < %s ORDER BY stream"
            )
            return [stream for (stream,) in connection.execute(query, [order, size])]

    def _checked(self, size: int | None) -> int:
        """Return *size*, or the log's own.

        Raises:
            NotFoundError: the log is smaller.
        """
        head = self._log.size()
        if size is None:
            return head
        if not 0 <= size <= head:
            raise NotFoundError(f"size {size}: the log has {head} entries")
        return size
