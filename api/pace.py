"""Answers at the beat, so that their time tells nothing (``features.md``, section 6, rule 9).

Whatever an answer took to find, it leaves at the next multiple of the beat after the request
began. The beat is far above what the slowest cause takes; an answer that misses one leaves at
the next, as all of a busy moment do. ``xiyou bench refusals`` measures that the causes cannot
be told apart; ``tests/api/test_redemptions.py``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import floor
from time import monotonic, sleep
from typing import Final

BEAT: Final = 0.25
"""Seconds."""


class Pace:
    """Lets answers go at the beat; safe to share between threads.

    Args:
        beat: seconds.
        clock: seconds that only go forward.
        wait: sleeps for so many seconds.
    """

    def __init__(
        self,
        beat: float = BEAT,
        *,
        clock: Callable[[], float] = monotonic,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        self._beat = beat
        self._clock = clock
        self._wait = wait

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Do not leave the block before the next beat, however it ends."""
        began = self._clock()
        try:
            yield
        finally:
            taken = self._clock() - began
            self._wait((floor(taken / self._beat) + 1) * self._beat - taken)
