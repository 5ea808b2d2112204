"""The sequencer: group commit. One transaction for everything that is waiting.

Callers in any number of threads bring commands; one thread takes all that are waiting and
appends them in one transaction, which locks the head row, so that any number of processes
may append to one log and the order of commits is the order of leaf indexes. A command is
written whole or not at all: one that is stale is refused alone and the others go on.

After a lost connection the whole batch is tried again. A command whose commit went through
unheard is then found by its receipt, so nothing is written twice (``reliability.md`` F3).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, sleep
from typing import Protocol

import psycopg
from psycopg import Connection

from chain.command import Command, Receipt
from chain.register import RegisterRow
from chain.store.database import Database
from chain.store.registers import conflict_of
from chain.store.transaction import Answer, Request, Tracked, append
from chain.store.vault import SealedRow

logger = logging.getLogger(__name__)

BATCH_EVENTS = 4_096
BATCH_BYTES = 8 << 20
"""A batch closes at either of these, so that one commit keeps nobody waiting for long."""

RETRY_FOR = 30.0
"""Seconds for which a batch is tried again while the database is out of reach."""

TRANSIENT = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
)
CONNECTION_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class OutcomeUnknownError(RuntimeError):
    """The database went out of reach in mid-append: the command may or may not be in the log."""

    def __init__(self, command_id: str) -> None:
        """Name the *command_id* to ask again with."""
        super().__init__(
            f"command {command_id}: the database cannot be reached to learn its outcome;"
            " ask again with the same command id"
        )
        self.command_id = command_id


class SequencerClosedError(RuntimeError):
    """The sequencer takes no more commands."""


class Watcher(Protocol):
    """Is told how appends go, in the sequencer's own thread; it must not block or raise."""

    def appended(self, events: int, seconds: float) -> None:
        """Say that a batch of *events* was committed, and for how long its first one waited."""

    def interrupted(self, sqlstate: str) -> None:
        """Say that a batch is tried again, and by which code of PostgreSQL's."""


@dataclass(slots=True)
class _Waiting:
    request: Request
    size: int
    arrived: float
    future: Future[Receipt] = field(default_factory=Future)


class Sequencer:
    """Appends commands to one log, from any number of threads.

    Args:
        database: where the log is.
        clock: says what time it is, in UTC; a clock that steps back does no harm.
        committed: called after each commit with the log's new size, in the sequencer's
            own thread; it must not block.
        retry_for: seconds for which a batch is tried again while the database is away.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        committed: Callable[[int], None] = lambda _: None,
        *,
        retry_for: float = RETRY_FOR,
    ) -> None:
        self._database = database
        self._clock = clock
        self._committed = committed
        self._connection: Connection | None = None
        self._retry_for = retry_for
        self.watcher: Watcher | None = None
        self._queue: deque[_Waiting] = deque()
        self._arrived = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()

    def append(
        self,
        command: Command,
        sealed: Sequence[SealedRow] = (),
        tracked: Tracked | None = None,
        beside: Sequence[RegisterRow] = (),
    ) -> Receipt:
        """Write *command* and wait for the commit.

        Args:
            command: the events.
            sealed: the encrypted values that its events name by digest.
            tracked: a follower's position that moves in the same transaction.
            beside: rows of registers that stand or fall with the events.

        Raises:
            MalformedError: an event breaks the entry format; nothing was written.
            ConflictError: a stream has moved on, the id was used for other events, the
                follower has been there, or a register refuses; nothing was written.
            OutcomeUnknownError: the database was lost; ask again with the same command.
        """
        return self.submit(command, sealed, tracked, beside).result()

    def submit(
        self,
        command: Command,
        sealed: Sequence[SealedRow] = (),
        tracked: Tracked | None = None,
        beside: Sequence[RegisterRow] = (),
    ) -> Future[Receipt]:
        """Queue *command* and return at once; the future holds what `append` says.

        Commands of one caller are committed in the order in which they were submitted.

        Raises:
            MalformedError: an event breaks the entry format; nothing was queued.
            SequencerClosedError: `close` was called.
        """
        command.check()
        size = sum(len(event.body) for event in command.events)
        waiting = _Waiting(Request(command, sealed, tracked, beside), size, monotonic())
        with self._arrived:
            if self._closed:
                raise SequencerClosedError("the sequencer is closed and takes no commands")
            self._queue.append(waiting)
            self._arrived.notify()
        return waiting.future

    def close(self) -> None:
        """Commit what is waiting, then stop; safe to call again."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        self._thread.join()

    def _run(self) -> None:
        """Take what is waiting and append it, until closed and empty."""
        while taken := self._take():
            try:
                self._append(taken)
            except Exception as error:
                logger.exception("an append failed")
                self._drop_connection()
                for each in taken:
                    # Whatever it was, nobody may wait for ever.
                    if not each.future.done():
                        each.future.set_exception(error)
        self._drop_connection()

    def _take(self) -> list[_Waiting]:
        """Wait for commands and return as many as fit one batch; none means the end."""
        with self._arrived:
            while not self._queue and not self._closed:
                self._arrived.wait()
            taken: list[_Waiting] = []
            events = size = 0
            while self._queue:
                first = self._queue[0]
                events += len(first.request.command.events)
                size += first.size
                if taken and (events > BATCH_EVENTS or size > BATCH_BYTES or first.request.tracked):
                    break
                taken.append(self._queue.popleft())
                if first.request.tracked:
                    # Alone: if its position is refused, nobody else's work is undone.
                    break
            return taken

    def _append(self, taken: list[_Waiting]) -> None:
        """Append *taken*, again and again while the fault is the connection's."""
        deadline = monotonic() + self._retry_for
        pause = 0.01
        while True:
            try:
                answers = append(self._connect(), [each.request for each in taken], self._clock)
            except TRANSIENT + CONNECTION_LOST as error:
                # The transaction is gone with its connection, or it is in the log: the
                # next try reads the receipts and knows.
                logger.warning("append interrupted, trying again: %s", type(error).__name__)
                if self.watcher is not None:
                    self.watcher.interrupted(error.sqlstate or "connection")
                self._drop_connection()
                if monotonic() + pause > deadline:
                    for each in taken:
                        each.future.set_exception(OutcomeUnknownError(each.request.command.id))
                    return
                sleep(pause)
                pause = min(pause * 2, 1.0)
            except psycopg.Error as error:
                # A command poisoned the batch (a register refuses it, a sealed value lacks
                # its key): taken apart, only that one fails.
                self._roll_back()
                if len(taken) == 1:
                    self._refuse(taken[0], error)
                    return
                for each in taken:
                    self._append([each])
                return
            else:
                self._answer(taken, answers)
                return

    def _refuse(self, waiting: _Waiting, error: psycopg.Error) -> None:
        """Tell the caller of the one command that the database does not take it."""
        conflict = None
        if isinstance(error, psycopg.IntegrityError):
            conflict = conflict_of(error, waiting.request.beside)
        if conflict is None:
            logger.error("an append failed", exc_info=error)
        waiting.future.set_exception(conflict or error)

    def _answer(self, taken: list[_Waiting], answers: list[Answer]) -> None:
        """Tell every caller what became of its command, and the world that there is news."""
        size = 0
        for each, answer in zip(taken, answers, strict=True):
            if isinstance(answer, Receipt):
                size = max(size, answer.indexes.stop)
                each.future.set_result(answer)
            else:
                each.future.set_exception(answer)
        if size:
            self._committed(size)
            if self.watcher is not None:
                events = sum(len(each.request.command.events) for each in taken)
                self.watcher.appended(events, monotonic() - taken[0].arrived)

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.connect()
        return self._connection

    def _roll_back(self) -> None:
        """Leave the failed transaction; the connection stays if it can."""
        try:
            # Not by a statement of its own: the driver has to forget what it believes to have
            # prepared behind the failed one, which the database never came to.
            self._connect().rollback()
        except psycopg.Error:
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
