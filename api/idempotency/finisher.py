"""The finisher: gives interrupted keys their answers, and lets old answers go.

A key whose effect is in the log for 30 seconds and that has no answer was interrupted: its
process died, or could not reach the database any more. ``tests/api/idempotency/test_finisher.py``.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic, time
from typing import Final

import psycopg

from api.errors import InFlightError
from api.idempotency.clerk import KEPT_SECONDS, Clerk, Operation
from api.idempotency.register import (
    KeyRow,
    count_interrupted,
    forget_answers,
    read_interrupted,
)
from chain.store.database import Database

logger = logging.getLogger(__name__)

PATIENCE: Final = 30
"""Seconds after which a key without an answer counts as interrupted."""
ALERT: Final = 300
"""Seconds after which one that is still so is told of."""
INTERVAL: Final = 10.0
HEARTBEAT: Final = 30.0
"""Seconds after which one that is not heard of counts as stuck."""
AT_ONCE: Final = 500


class Finisher:
    """Drives on what was interrupted, in a thread of its own.

    Args:
        database: where the keys are.
        clerk: gives the answers.
        operations: by name; what a key of no operation among them waits for is another program.
        clock: says what time it is, in Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        clerk: Clerk,
        operations: Mapping[str, Operation],
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._clerk = clerk
        self._operations = operations
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="finisher", daemon=True)
        self.interrupted = 0
        """How many keys were interrupted and still are."""
        self._alive = monotonic()

    def standing(self) -> str:
        """Return ``ok``, or for how long it has not been heard of."""
        silent = monotonic() - self._alive
        return "ok" if silent <= HEARTBEAT else f"silent for {silent:.0f} s"

    def start(self) -> None:
        """Begin."""
        self._alive = monotonic()
        self._thread.start()

    def close(self) -> None:
        """Stop after what is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> int:
        """Finish what can be finished now; return how many keys.

        Raises:
            psycopg.Error: the database is out of reach.
        """
        now = int(self._clock())
        with self._database.connection() as connection:
            rows = read_interrupted(connection, now - PATIENCE, AT_ONCE)
        finished = sum(self._drive_on(row.operation, row) for row in rows)
        with self._database.connection() as connection:
            forget_answers(connection, now - KEPT_SECONDS, AT_ONCE)
            self.interrupted, oldest = count_interrupted(connection, now - PATIENCE)
        if oldest is not None and now - oldest > ALERT:
            logger.error(
                "idempotency_interrupted: %d, the oldest %d s", self.interrupted, now - oldest
            )
        return finished

    def _drive_on(self, name: str, row: KeyRow) -> bool:
        operation = self._operations.get(name)
        if operation is None:
            return False
        try:
            return self._clerk.drive_on(row, operation)
        except InFlightError:
            return False
        except Exception:
            logger.exception("idempotency_unfinished")
            return False

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._alive = monotonic()
            try:
                self.step()
            except psycopg.Error as error:
                logger.warning("finisher_waits: %s", type(error).__name__)
