"""A circuit breaker: who fails again and again is left alone for a while.

Closed: everything goes through. Open, after so many failures in a row: nothing does, until
its rest is over. Then one trial goes through, which closes it or opens it anew. Time is an
argument, in seconds of a clock that never goes back. ``tests/domain/outside/test_circuit.py``.
"""

from threading import Lock


class Circuit:
    """One party's circuit. Threads may share it.

    Args:
        failures: so many in a row open it.
        rest: seconds for which it stays open.
    """

    def __init__(self, failures: int = 5, rest: float = 30.0) -> None:
        self._limit = failures
        self._rest = rest
        self._failures = 0
        self._open_until: float | None = None
        self._lock = Lock()

    def allows(self, now: float) -> bool:
        """Say whether the party may be asked at *now*; a trial is allowed once a rest."""
        with self._lock:
            if self._open_until is None:
                return True
            if now < self._open_until:
                return False
            # The trial may never report back: whoever comes a whole rest later is the next.
            self._open_until = now + self._rest
            return True

    def succeeded(self) -> None:
        """Take note of an answer."""
        with self._lock:
            self._failures, self._open_until = 0, None

    def failed(self, now: float) -> None:
        """Take note of a failure at *now*."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._open_until = now + self._rest
