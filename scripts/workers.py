"""The workers of ``xiyou work``: each one loop, which beats, and tries again what has failed.

Nothing that a worker does is lost by its end: each goes on from what is in the log.
``tests/scripts/test_work.py``.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar, Final

import psycopg
from eventsourcing.persistence import PersistenceError

from api.bootstrap import Deployment
from api.heartbeats import EVERY, Heart
from chain.store.announcements import Announcements
from chain.store.files import LockedError, exclusive
from domain.disputes.deadline import spell
from domain.errors import ConcurrentChangeError
from domain.policies.judging import Bench
from projections.store.runner import Runner, catch_up

logger = logging.getLogger("xiyou.workers")

PASSING: Final = (PersistenceError, psycopg.OperationalError, ConcurrentChangeError, LockedError)
"""What waiting helps against; a lock is another process's that does the same work."""
LONGEST_WAIT: Final = 30.0


class Worker(ABC, threading.Thread):
    """One loop in a thread of its own, until it is told to stop.

    Args:
        ledger: an open deployment.
        stop: tells it.
    """

    NAME: ClassVar[str]

    def __init__(self, ledger: Deployment, stop: threading.Event) -> None:
        super().__init__(name=self.NAME, daemon=True)
        self.ledger = ledger
        self.stop = stop
        self.heart = Heart(ledger.database, self.NAME)

    @abstractmethod
    def work(self) -> None:
        """Work until `stop`, and once more after it; beat at every pass."""

    def run(self) -> None:
        """Work; what fails is said and tried again, ever more slowly, until `stop`."""
        wait = 1.0
        while True:
            try:
                self.work()
            except Exception as error:  # a worker must not end while its deployment serves
                passing = isinstance(error, PASSING)
                level = logging.WARNING if passing else logging.ERROR
                logger.log(level, "worker_tries_again", exc_info=error)
                # Where another process holds the lock, the work is done, and this one stands by.
                name = None if isinstance(error, LockedError) else type(error).__name__
                with suppress(psycopg.Error):
                    self.heart.beat(name and f"tries again after {name}")
                if self.stop.wait(wait):
                    return
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                with suppress(psycopg.Error):
                    self.heart.leave()
                return


class ViewsWorker(Worker):
    """Folds every view."""

    NAME = "views"

    def work(self) -> None:
        """Follow the log as it grows."""
        woken = threading.Event()
        runner, announcements = Runner(self.ledger.database), Announcements(self.ledger.database)
        try:
            announcements.listen(woken)
            while not self.stop.is_set():
                woken.clear()
                while runner.step() and not self.stop.is_set():
                    self.heart.beat()
                faults = "; ".join(f"{name}: {why}" for name, why in runner.faults.items())
                self.heart.beat(faults or None)
                self._wait(woken)
            catch_up(runner)
        finally:
            announcements.close()
            runner.close()

    def _wait(self, woken: threading.Event) -> None:
        """Wait for news, for the stop, or until the next beat is due."""
        for _ in range(int(EVERY / LOOK)):
            if woken.wait(LOOK) or self.stop.is_set():
                return


LOOK: Final = 0.25
"""Seconds after which a worker that waits for news sees that it is told to stop."""


class Pulse(threading.Event):
    """A stop signal that beats whenever somebody waits for it."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    def is_set(self) -> bool:
        """Say whether the worker is told to stop."""
        return self._worker.stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Beat, and wait."""
        self._worker.heart.beat()
        return self._worker.stop.wait(timeout)


class IndexWorker(Worker):
    """Keeps the stream index, and commits to it."""

    NAME = "index"

    def work(self) -> None:
        """Follow the log, and commit from time to time."""
        self.ledger.indexer.run(Pulse(self))


class WebhookWorker(Worker):
    """Calls endpoints, where there are some."""

    NAME = "webhooks"

    def work(self) -> None:
        """Send what is due, again and again."""
        pulse = Pulse(self)
        while not self._has_endpoints():
            if pulse.wait(EVERY):
                return
        with exclusive(self.ledger.home / "webhooks.lock", "sending webhooks"):
            while True:
                now = datetime.now(UTC)
                self.ledger.outbox.fill(now)
                self.ledger.outbox.step(now)
                if self.stop.is_set():
                    return
                due = self.ledger.outbox.next_due()
                wait = EVERY if due is None else (due - datetime.now(UTC)).total_seconds()
                pulse.wait(min(max(wait, 0.2), EVERY))

    def _has_endpoints(self) -> bool:
        with self.ledger.database.connection() as connection:
            row = connection.execute("SELECT EXISTS (SELECT FROM webhooks)").fetchone()
        return bool(row and row[0])


class FollowWorker(Worker):
    """Does what policies and timers ask for.

    Args:
        ledger: an open deployment.
        stop: tells it to stop.
        bench: who decides hard cases.
    """

    NAME = "follow"

    def __init__(self, ledger: Deployment, stop: threading.Event, bench: Bench) -> None:
        super().__init__(ledger, stop)
        self._bench = bench

    def work(self) -> None:
        """Deliver, rule, execute, expire, release."""
        follower, pulse = self.ledger.follower(self._bench), Pulse(self)
        follower.stopping = self.stop.is_set
        while not self.stop.is_set():
            follower.step(_now)
            pulse.wait(FOLLOW_EVERY)


FOLLOW_EVERY: Final = 0.5
WORKERS: Final[Mapping[str, type[Worker]]] = {
    each.NAME: each for each in (ViewsWorker, IndexWorker, WebhookWorker, FollowWorker)
}


def _now() -> str:
    return spell(datetime.now(UTC))
