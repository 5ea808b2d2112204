"""Timers: what is due at a time, derived from the log (``features.md``, 3.1 to 3.5, 3.8).

Three watches look at every event: over orders, over disputes, over merchants and persons.
Each sets and clears deadlines in one agenda. Moments are those of the events; of an order's
history the latest counts, so that a clock which was behind for a while shortens no right.
Proved by ``tests/domain/policies/test_timers.py``.
"""

from typing import Final, Protocol

from domain.disputes.case import Recorded
from domain.policies.agenda import Agenda
from domain.policies.disputes_watch import DisputesWatch
from domain.policies.judging import Bench
from domain.policies.merchants_watch import MerchantsWatch
from domain.policies.orders_watch import OrdersWatch
from domain.policies.periods import DEFAULTS, Periods


class Watch(Protocol):
    """Sets and clears deadlines as events come by."""

    TOPICS: frozenset[str]

    def see(self, cause: Recorded) -> None:
        """Take *cause* into account; in the log's order, each once."""


class Timers:
    """All timers of one log.

    Args:
        periods: that they go by.
        bench: who decides disputes.
    """

    TOPICS: Final = OrdersWatch.TOPICS | DisputesWatch.TOPICS | MerchantsWatch.TOPICS

    def __init__(self, periods: Periods = DEFAULTS, bench: Bench | None = None) -> None:
        self.agenda = Agenda()
        bench = bench or Bench()
        orders = OrdersWatch(self.agenda, periods)
        disputes = DisputesWatch(self.agenda, periods, bench, orders)
        self._watches = (orders, disputes, MerchantsWatch(self.agenda, periods))
        self.size = 0
        """How many entries of the log it rests on."""

    def see(self, cause: Recorded) -> None:
        """Take an event into account; one that was seen before changes nothing."""
        if cause.index < self.size:
            return
        self.size = cause.index + 1
        for watch in self._watches:
            if cause.event.TOPIC in watch.TOPICS:
                watch.see(cause)
