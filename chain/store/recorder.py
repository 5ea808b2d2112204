"""The library's recorders over the sequencer: eventsourcing 9.5 users' code on our log.

A notification id is a leaf index plus one, so it has no gaps and its order is the order of
commits. ``tests/chain/store/test_recorder.py`` runs the test cases that the library ships,
unchanged. `eventsourcing.persistence` documents the methods.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from secrets import token_hex
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ListenNotifySubscription,
    Notification,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
)

from chain.command import Command, NewEvent, Receipt
from chain.register import Register, RegisterRow
from chain.store.log import Log
from chain.store.registers import select_rows
from chain.store.tracking import LedgerTrackingRecorder
from chain.store.transaction import Tracked
from chain.store.translation import library_error, translated
from chain.store.vault import SealedRow

SELECT_STREAM = """
SELECT seq, type, entry FROM entries
WHERE stream = %s AND seq > %s AND seq <= %s ORDER BY seq {order} LIMIT %s
"""
SELECT_HISTORY = "SELECT leaf_index, entry FROM entries WHERE stream = %s ORDER BY seq"
SELECT_STREAMS = """
SELECT stream, seq, type, entry FROM entries WHERE stream = ANY(%s) ORDER BY stream, seq
"""
SELECT_LOG = """
SELECT leaf_index, stream, seq, type, entry FROM entries
WHERE leaf_index >= %s AND leaf_index < %s {topics} ORDER BY leaf_index LIMIT %s
"""
SELECT_ENTRIES = """
SELECT leaf_index, entry FROM entries
WHERE leaf_index >= %s AND leaf_index < %s {topics} ORDER BY leaf_index LIMIT %s
"""
SELECT_RECEIPT = "SELECT first_index, events FROM receipts WHERE command_id = %s"
ENDLESS = (1 << 63) - 1


class LedgerAggregateRecorder(AggregateRecorder):
    """Writes events to the log and reads them back by stream.

    Args:
        log: where to.
        id_type: how ids are handed out, as text or as UUIDs; in the log they are text.
    """

    def __init__(self, log: Log, id_type: type[str] | type[UUID] = UUID) -> None:
        self._log = log
        self._id_type = id_type

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Write *stored_events* as `write_events` does; the answer is the library's None."""
        self.write_events(stored_events, **kwargs)
        return None

    def write_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: str | None = None,
        sealed: Sequence[SealedRow] = (),
        tracking: Tracking | None = None,
        beside: Sequence[RegisterRow] = (),
        **kwargs: Any,
    ) -> list[int]:
        """Write *stored_events*, all or none, and return their notification ids.

        Args:
            stored_events: in the order in which they shall stand in the log.
            command_id: names the command that they come from. The same id again writes
                nothing and returns the first answer. Without one, a new one is made, and
                lost acknowledgements are then dealt with inside this call only.
            sealed: the encrypted values that the events name by digest.
            tracking: for process recorders.
            beside: rows of registers that stand or fall with the events.
            **kwargs: none are known.

        Raises:
            IntegrityError: a stream has moved on, or a register refuses (the cause is then a
                `RegisterConflictError`); nothing was written.
            DataError: an event breaks the entry format; nothing was written.
            OperationalError: the outcome is unknown; ask again with the same command id.
        """
        with translated():
            future = self._submit(stored_events, command_id, sealed, tracking, kwargs, beside)
            return [] if future is None else notification_ids(future.result())

    def submit_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: str | None = None,
        sealed: Sequence[SealedRow] = (),
        beside: Sequence[RegisterRow] = (),
    ) -> "Future[list[int]]":
        """Queue what `write_events` writes, and return at once.

        The future raises what `write_events` raises. Submissions of one caller are
        committed in their order.
        """
        answer: Future[list[int]] = Future()
        with translated():
            future = self._submit(stored_events, command_id, sealed, None, {}, beside)
        if future is None:
            answer.set_result([])
            return answer

        def pass_on(done: Future[Receipt]) -> None:
            error = done.exception()
            if error is None:
                answer.set_result(notification_ids(done.result()))
            else:
                answer.set_exception(
                    library_error(error) if isinstance(error, Exception) else error
                )

        future.add_done_callback(pass_on)
        return answer

    def select_receipt(self, command_id: str) -> Sequence[int] | None:
        """Return the notification ids of what a command wrote; None if the log has not seen it."""
        with translated(), self._log.database.connection() as connection:
            row = connection.execute(SELECT_RECEIPT, [command_id], binary=True).fetchone()
        return None if row is None else range(row[0] + 1, row[0] + row[1] + 1)

    def _submit(
        self,
        stored_events: Sequence[StoredEvent],
        command_id: str | None,
        sealed: Sequence[SealedRow],
        tracking: Tracking | None,
        unknown: dict[str, Any],
        beside: Sequence[RegisterRow],
    ) -> Future[Receipt] | None:
        """Queue *stored_events*; None where there is nothing to write."""
        if unknown:
            raise ProgrammingError(f"insert_events takes no {', '.join(sorted(unknown))}")
        if not stored_events:
            return None
        events = [
            NewEvent(str(each.originator_id), each.originator_version, each.topic, each.state)
            for each in stored_events
        ]
        command = Command(command_id or f"cmd_{token_hex(16)}", events)
        tracked = None
        if tracking is not None:
            tracked = Tracked(tracking.application_name, tracking.notification_id)
        return self._log.sequencer.submit(command, sealed, tracked, beside)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one stream, in the order of their versions."""
        query = SELECT_STREAM.format(order="DESC" if desc else "ASC")
        above = -1 if gt is None else gt
        upto = ENDLESS if lte is None else lte
        with translated(), self._log.database.connection() as connection:
            rows = connection.execute(
                query, [str(originator_id), above, upto, limit], binary=True
            ).fetchall()
        return [StoredEvent(originator_id, seq, kind, state_of(entry)) for seq, kind, entry in rows]

    def select_history(self, stream: str) -> list[tuple[int, bytes]]:
        """Return leaf index and entry of every event of one stream, in order."""
        with translated(), self._log.database.connection() as connection:
            return connection.execute(SELECT_HISTORY, [stream], binary=True).fetchall()

    def select_register(
        self, register: Register, where: Mapping[str, Any], limit: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the register's rows that have the values *where*, in the order of its key."""
        with translated(), self._log.database.connection() as connection:
            return select_rows(connection, register, where, limit)

    def select_streams(self, originator_ids: Sequence[UUID | str]) -> dict[str, list[StoredEvent]]:
        """Return the events of many streams at once, each in order; absent ones are left out."""
        found: dict[str, list[StoredEvent]] = {}
        streams = [str(each) for each in originator_ids]
        with translated(), self._log.database.connection() as connection:
            for stream, seq, kind, entry in connection.execute(
                SELECT_STREAMS, [streams], binary=True
            ):
                event = StoredEvent(self._id_type(stream), seq, kind, state_of(entry))
                found.setdefault(stream, []).append(event)
        return found


class LedgerApplicationRecorder(LedgerAggregateRecorder, ApplicationRecorder):
    """Also reads the log from end to end, and follows it."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Write as `LedgerAggregateRecorder.write_events` does."""
        if kwargs.get("tracking") is not None:
            raise ProgrammingError("an application recorder tracks nothing: use a process recorder")
        return self.write_events(stored_events, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events from the log, in its order."""
        # Ids count from 1, indexes from 0: id >= start is index >= start - 1.
        first = 0 if start is None else start - 1 if inclusive_of_start else start
        end = ENDLESS if stop is None else stop
        query = SELECT_LOG.format(topics="AND type = ANY(%s)" if topics else "")
        parameters = [first, end, *([list(topics)] if topics else []), limit]
        with translated(), self._log.database.connection() as connection:
            rows = connection.execute(query, parameters, binary=True).fetchall()
        return [
            Notification(self._id_type(stream), seq, kind, state_of(entry), index + 1)
            for index, stream, seq, kind, entry in rows
        ]

    def select_entries(
        self, start: int, limit: int, stop: int, topics: Sequence[str] = ()
    ) -> list[tuple[int, bytes]]:
        """Return leaf index and entry from leaf index *start* to before *stop*, at most *limit*."""
        query = SELECT_ENTRIES.format(topics="AND type = ANY(%s)" if topics else "")
        parameters = [start, stop, *([list(topics)] if topics else []), limit]
        with translated(), self._log.database.connection() as connection:
            return connection.execute(query, parameters, binary=True).fetchall()

    def max_notification_id(self) -> int | None:
        """Return the id of the last event in the log, None while it is empty."""
        with translated(), self._log.database.connection() as connection:
            row = connection.execute("SELECT size FROM head").fetchone()
        return int(row[0]) or None if row else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return an iterator over events from after id *gt*, that waits for new ones."""
        return LedgerSubscription(self, self._log, gt, topics)


class LedgerProcessRecorder(LedgerTrackingRecorder, LedgerApplicationRecorder, ProcessRecorder):
    """Also moves a follower's position in the transaction of the events it caused."""

    def __init__(self, log: Log, id_type: type[str] | type[UUID] = UUID) -> None:
        LedgerTrackingRecorder.__init__(self, log)
        LedgerApplicationRecorder.__init__(self, log, id_type)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Write as `LedgerAggregateRecorder.write_events` does.

        Raises:
            IntegrityError: also when *tracking* is not beyond the recorded position.
        """
        tracking = kwargs.get("tracking")
        if tracking is not None and not stored_events:
            self.insert_tracking(tracking)
            return []
        return self.write_events(stored_events, **kwargs)


class LedgerSubscription(ListenNotifySubscription[LedgerApplicationRecorder]):
    """Yields notifications as they are committed, woken by the log's announcements."""

    def __init__(
        self,
        recorder: LedgerApplicationRecorder,
        log: Log,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._announcements = log.announcements
        self._announcements.listen(self._has_been_notified)

    def stop(self) -> None:
        """End the iteration, also for a thread that is waiting in it."""
        # The base class stops itself when its first pull fails, before we know the log.
        if hasattr(self, "_announcements"):
            self._announcements.forget(self._has_been_notified)
        super().stop()


def notification_ids(receipt: Receipt) -> list[int]:
    """Return the library's numbers for the events of *receipt*."""
    return [index + 1 for index in receipt.indexes]


def state_of(entry: bytes) -> bytes:
    """Return the body of a stored *entry*: its second line."""
    return entry[entry.index(b"\n") + 1 : -1]
