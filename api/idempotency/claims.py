"""The try-lock on a key: one request at a time works on it, over all processes.

Locks are those of PostgreSQL's sessions, held by one connection of this process's own: a
process that dies lets go of them all. Claims of many threads go in one round trip, together
with what is known of their keys. A lock keeps work from being done twice; that an effect
happens once is not its task: the log's receipts and the key's own row see to that, so losing
the connection, and with it the locks, does no harm. ``tests/api/idempotency/test_states.py``.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import psycopg
from psycopg import Connection

from api.errors import InFlightError
from api.idempotency.batches import Batches
from api.idempotency.key import KeyDigest
from api.idempotency.register import SELECT_ROWS, KeyRow
from chain.store.database import Database

LOCK: Final = "SELECT key, pg_try_advisory_lock(key) FROM unnest(%s::bigint[]) AS key"
UNLOCK: Final = "SELECT pg_advisory_unlock(key) FROM unnest(%s::bigint[]) AS key"


class _Wanted(NamedTuple):
    digest: KeyDigest
    take: bool


class _Got(NamedTuple):
    locked: bool
    row: KeyRow | None


class Claims:
    """Who works on which key now; safe to share between threads.

    Args:
        database: the ledger's, that the locks are in.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._held: set[bytes] = set()
        self._guard = threading.Lock()
        self._batches = Batches[_Wanted, _Got]("claims", self._work)

    @contextmanager
    def claim(self, digest: KeyDigest) -> Iterator[KeyRow | None]:
        """Hold the key for as long as the block lasts; gives what is known of it.

        Raises:
            InFlightError: somebody else holds it.
            psycopg.Error: the database is out of reach.
        """
        with self._guard:
            # Within one session a lock can be had twice, so we look among our own first.
            if digest.value in self._held:
                raise InFlightError
            self._held.add(digest.value)
        taken = False
        try:
            got = self._batches.ask(_Wanted(digest, take=True))
            if not got.locked:
                raise InFlightError
            taken = True
            yield got.row
        finally:
            if taken:
                self._batches.submit(_Wanted(digest, take=False))
            with self._guard:
                self._held.discard(digest.value)

    def close(self) -> None:
        """Let go of everything."""
        self._batches.close()
        self._drop()

    def _work(self, wanted: Sequence[_Wanted]) -> list[_Got]:
        try:
            return self._exchange(wanted)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._drop()
        try:
            return self._exchange(wanted)
        except psycopg.Error:
            self._drop()
            raise

    def _exchange(self, wanted: Sequence[_Wanted]) -> list[_Got]:
        """Give back, take and look up, in one round trip."""
        connection = self._connect()
        takes = [each.digest for each in wanted if each.take]
        gone = [each.digest.lock for each in wanted if not each.take]
        # Each is a statement of its own: the rows are read after the locks were taken, so
        # whoever gets a lock sees what its last holder has committed.
        with connection.pipeline():
            if gone:
                connection.execute(UNLOCK, [gone])
            if takes:
                locks = connection.execute(LOCK, [[each.lock for each in takes]])
                rows = connection.execute(SELECT_ROWS, [[each.value for each in takes]])
        locked: dict[int, bool] = dict(locks.fetchall()) if takes else {}
        known = {row[0]: KeyRow(*row) for row in rows} if takes else {}
        return [
            _Got(locked[each.digest.lock], known.get(each.digest.value))
            if each.take
            else _Got(locked=False, row=None)
            for each in wanted
        ]

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.connect()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
