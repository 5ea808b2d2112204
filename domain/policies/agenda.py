"""An agenda: what is due when, as the events seen so far leave it.

Deadlines are set and cleared by name and subject; the earliest comes first, of equal ones
the one whose cause stands first in the log. No clock: `first` is told the time. Rebuilt from
the log at every start. ``tests/domain/policies/test_agenda.py``.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.disputes.case import Recorded
from domain.policies.policy import Call

Make = Callable[[str], Call]
"""From the moment at which it is done."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing to do, not before its time."""

    at: str
    """RFC 3339, UTC."""
    cause: int
    """Leaf index of the entry from which it follows."""
    make: Make


def timed(
    name: str, follows: Recorded, use_case: str, *, told: bool = False, **arguments: Any
) -> Make:
    """Return what makes the timer's call of *use_case*; if *told*, it is told the moment."""
    correlation = follows.event.meta.correlation_id

    def make(now: str) -> Call:
        at = {"now": now} if told else {}
        return Call(name, follows.index, correlation, use_case, {**arguments, **at}, actor="timer")

    return make


class Agenda:
    """Deadlines by what they are called and what they are about."""

    def __init__(self) -> None:
        self._set: dict[tuple[str, str], Deadline] = {}
        self._heap: list[tuple[str, int, tuple[str, str]]] = []

    def __len__(self) -> int:
        """Return how many deadlines are set."""
        return len(self._set)

    def set(self, name: str, subject: str, at: str, cause: Recorded, make: Make) -> None:
        """Set the deadline *name* of *subject*, in place of any of that name."""
        self._set[name, subject] = Deadline(at, cause.index, make)
        heapq.heappush(self._heap, (at, cause.index, (name, subject)))
        if len(self._heap) > 2 * len(self._set) + 1_000:
            # What was cleared or set anew still lies in the heap; do not let it grow.
            self._heap = [(each.at, each.cause, key) for key, each in self._set.items()]
            heapq.heapify(self._heap)

    def clear(self, subject: str, *names: str) -> None:
        """Clear the deadlines *names* of *subject*, where they are set."""
        for name in names:
            self._set.pop((name, subject), None)

    def first(self, now: str) -> Call | None:
        """Return what is due first at *now*; None if nothing is. It stays set until `drop`."""
        while self._heap and self._heap[0][0] <= now:
            at, cause, key = self._heap[0]
            found = self._set.get(key)
            if found is not None and (found.at, found.cause) == (at, cause):
                return found.make(now)
            heapq.heappop(self._heap)
        return None

    def drop(self) -> None:
        """Clear what `first` has returned: it was tried.

        What has refused it may change with a later event, which sets it anew.
        """
        _, _, key = heapq.heappop(self._heap)
        del self._set[key]

    @property
    def next_at(self) -> str | None:
        """The moment of the earliest deadline; None while nothing is set."""
        return min((each.at for each in self._set.values()), default=None)
