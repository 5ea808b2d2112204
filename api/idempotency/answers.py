"""Writes answers: at once and durably, or soon and many together.

What is written soon is a success, and can be answered from the log if it is lost; so nobody
waits for it, and a commit need not wait for the disk either.
"""

import logging
from collections.abc import Sequence
from typing import Final

import psycopg

from api.idempotency.batches import Batches
from api.idempotency.register import KeyRow, write_answers
from chain.store.database import Database

logger = logging.getLogger(__name__)

SOON: Final = 0.05
"""Seconds for which successes are gathered."""


class Answers:
    """Keeps answers; safe to share between threads.

    Args:
        database: the ledger's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._durably = Batches[KeyRow, None]("answers", self._write)
        self._soon = Batches[KeyRow, None]("answers-soon", self._write_soon, pause=SOON)

    def keep(self, row: KeyRow) -> None:
        """Write *row*, and wait until it is durable.

        Raises:
            psycopg.Error: it may not be.
        """
        self._durably.ask(row)

    def keep_soon(self, row: KeyRow) -> None:
        """Write *row* in a moment."""
        self._soon.submit(row)

    def close(self) -> None:
        """Write what is waiting."""
        self._soon.close()
        self._durably.close()

    def _write(self, rows: Sequence[KeyRow]) -> list[None]:
        with self._database.connection() as connection:
            write_answers(connection, rows)
        return [None] * len(rows)

    def _write_soon(self, rows: Sequence[KeyRow]) -> list[None]:
        try:
            with self._database.connection() as connection, connection.transaction():
                connection.execute("SET LOCAL synchronous_commit = off")
                write_answers(connection, rows)
        except psycopg.Error as error:
            # They stay interrupted, and the finisher gives them the same answers.
            logger.warning("answers_unwritten: %s", type(error).__name__)
        return [None] * len(rows)
