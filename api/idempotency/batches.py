"""Group work: what many threads ask for at once is done by one, in one round trip.

The same idea as `chain.store.sequencer`, for work that is not an append.
``tests/api/idempotency/test_batches.py``.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MAX_BATCH = 256


class Batches(Generic[A, R]):
    """One thread that does *work* for everything that is waiting; starts when first asked.

    Args:
        name: of the thread.
        work: does a batch, and answers each item of it in its place; what it raises, every
            item of the batch raises.
        pause: seconds to wait for more, where nobody waits for the answer.
    """

    def __init__(
        self, name: str, work: Callable[[Sequence[A]], Sequence[R]], *, pause: float = 0.0
    ) -> None:
        self._name = name
        self._work = work
        self._pause = pause
        self._waiting: list[tuple[A, Future[R]]] = []
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def submit(self, item: A) -> "Future[R]":
        """Queue *item*, and return at once.

        Raises:
            RuntimeError: it is closed.
        """
        future: Future[R] = Future()
        with self._arrived:
            if self._closing.is_set():
                raise RuntimeError(f"{self._name}: is closed and takes nothing more")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._waiting.append((item, future))
            self._arrived.notify()
        return future

    def ask(self, item: A) -> R:
        """Queue *item*, and wait for what becomes of it."""
        return self.submit(item).result()

    def close(self) -> None:
        """Do what is waiting, then end; safe to call again."""
        with self._arrived:
            self._closing.set()
            self._arrived.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while taken := self._take():
            try:
                answers = self._work([item for item, _ in taken])
            except Exception as error:  # noqa: BLE001 — whatever it was, nobody may wait for ever
                for _, future in taken:
                    future.set_exception(error)
            else:
                for (_, future), answer in zip(taken, answers, strict=True):
                    future.set_result(answer)

    def _take(self) -> list[tuple[A, "Future[R]"]]:
        """Wait for items and take them; none means the end."""
        with self._arrived:
            while not self._waiting and not self._closing.is_set():
                self._arrived.wait()
        if self._pause:
            self._closing.wait(self._pause)
        with self._arrived:
            taken = self._waiting[:MAX_BATCH]
            del self._waiting[:MAX_BATCH]
            return taken
