"""Answers at the beat, so that their time tells nothing (``features.md``, section 6, rule 9).

Whatever an answer took to find, it leaves at the next multiple of the beat after the request
began. The beat is far above what the slowest cause takes. In a busy moment an answer may miss
it, and which causes miss it more often would tell them apart: so after a miss the beat is
twice as long for everybody, and becomes shorter again only after a quiet minute.
``xiyou bench refusals`` measures that the causes cannot be told apart;
``tests/api/test_redemptions.py``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import floor
from threading import Lock
from time import monotonic, sleep
from typing import Final

BEAT: Final = 0.25
"""Seconds."""
LONGEST: Final = 4
"""The beat is doubled so often at the most."""
QUIET: Final = 60.0
"""Seconds without a miss after which the beat is halved."""


class Pace:
    """Lets answers go at the beat; safe to share between threads.

    Args:
        beat: seconds, at the least.
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
        self._lock = Lock()
        self._doubled = 0
        self._changed = clock()
        self.missed = 0
        """Answers that missed a beat."""

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Do not leave the block before the next beat, however it ends."""
        began = self._clock()
        beat = self._beat_now(began)
        try:
            yield
        finally:
            taken = self._clock() - began
            if taken >= beat:
                self._note_miss(beat)
            self._wait((floor(taken / beat) + 1) * beat - taken)

    def _beat_now(self, now: float) -> float:
        with self._lock:
            if self._doubled and now - self._changed >= QUIET:
                self._doubled, self._changed = self._doubled - 1, now
            return self._beat * (1 << self._doubled)

    def _note_miss(self, beat: float) -> None:
        with self._lock:
            self.missed += 1
            self._changed = self._clock()
            # Of those that missed the same beat one makes it longer.
            if beat == self._beat * (1 << self._doubled) and self._doubled < LONGEST:
                self._doubled += 1
