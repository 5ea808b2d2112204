"""When each worker last said that it lives, whichever process it is in (``reliability.md``, 7).

A worker beats at every pass of its own loop, and not from a thread beside it: a loop that
hangs falls silent. The time is the database's. ``tests/api/test_heartbeats.py``.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Final, NamedTuple

from chain.store.database import Database

EVERY: Final = 5.0
"""Seconds between two beats that are written."""
SILENT: Final = 30.0
"""Seconds after which a worker is missed."""
LONGEST_FAULT: Final = 500


class Beat(NamedTuple):
    """What a worker last said."""

    age: float
    """Seconds ago."""
    fault: str | None
    """What keeps it from its work."""


class Heart:
    """Beats for one worker.

    Args:
        database: where it is written.
        worker: its name.
    """

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker
        self._at = float("-inf")
        self._fault: str | None = None

    def beat(self, fault: str | None = None) -> None:
        """Say that it lives, and what keeps it from its work.

        Raises:
            psycopg.OperationalError: the database is out of reach.
        """
        fault = fault[:LONGEST_FAULT] if fault else None
        now = monotonic()
        if now - self._at < EVERY and fault == self._fault:
            return
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO workers (worker, at, fault) VALUES (%s, clock_timestamp(), %s)"
                " ON CONFLICT (worker) DO UPDATE SET at = excluded.at, fault = excluded.fault",
                [self._worker, fault],
            )
        self._at, self._fault = now, fault

    def leave(self) -> None:
        """Say that it has ended in good order, and is not to be missed.

        Raises:
            psycopg.OperationalError: the database is out of reach.
        """
        with self._database.connection() as connection:
            connection.execute("DELETE FROM workers WHERE worker = %s", [self._worker])


def read_beats(database: Database) -> Mapping[str, Beat]:
    """Return what every worker last said, by name; those that never ran are not there.

    Raises:
        psycopg.OperationalError: the database is out of reach.
    """
    with database.connection() as connection:
        rows = connection.execute(
            "SELECT worker, extract(epoch FROM clock_timestamp() - at), fault FROM workers"
        ).fetchall()
    return {name: Beat(max(0.0, float(age)), fault) for name, age, fault in rows}


def standing_of(database: Database) -> str:
    """Return ``ok``, or which workers are silent or cannot go on.

    A worker that never ran here is nobody's: which there must be, its operator decides.
    """
    wrong = [
        f"{name}: {beat.fault or f'silent for {beat.age:.0f} s'}"
        for name, beat in sorted(read_beats(database).items())
        if beat.fault or beat.age > SILENT
    ]
    return "; ".join(wrong) or "ok"
