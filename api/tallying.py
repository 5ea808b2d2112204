"""The tally of the whole log, kept up: what a merchant's score rests on (C1).

The first to ask waits until the log is read through; those who follow wait for what is new.
``tests/api/test_credit.py``.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from chain.store.reader import LogReader
from domain.credit.rules import NEWEST
from domain.credit.tally import Logged, Tally

T = TypeVar("T")
AT_ONCE: Final = 4_096
"""Entries that are read at once."""


class Tallying:
    """Keeps one tally; safe to share between threads.

    Args:
        reader: of the log.
    """

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._lock = Lock()
        self._tally = Tally(NEWEST)

    def with_tally(self, use: Callable[[Tally], T]) -> T:
        """Return what *use* makes of the tally up to the log's end; nobody moves it meanwhile."""
        with self._lock:
            size = self._reader.size()
            while self._tally.size < size:
                stop = min(size, self._tally.size + AT_ONCE)
                for each in self._reader.entries(self._tally.size, stop):
                    self._tally.take(Logged.read(each.leaf_index, each.entry))
                self._tally.reach(stop)
            return use(self._tally)
