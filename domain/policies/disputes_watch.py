"""What is due of a dispute: its facts, its arbitrator, its execution (``features.md``, 3.4, 3.8).

The facts are read as soon as the operator has answered after the opening, or when its time
to answer is over. ``tests/domain/policies/test_timers.py``.
"""

from typing import Final

from domain.disputes.case import Recorded
from domain.disputes.events import DisputeAssigned, DisputeOpened, RulingIssued
from domain.keys.upstream import KeyUpstreamChecked
from domain.policies.agenda import Agenda, timed
from domain.policies.judging import Bench
from domain.policies.orders_watch import OrdersWatch
from domain.policies.periods import Periods, later
from domain.policies.policy import new_id

ENDS_WAITING: Final = frozenset({"evidence.gathered", "dispute.conceded", "dispute.withdrawn"})
"""After these the facts are no longer waited for."""
ENDS_TIMES: Final = frozenset(
    {
        *("dispute.conceded", "dispute.withdrawn", "dispute.appealed"),
        *("ruling.issued", "ruling.executed"),
    }
)
"""After these neither an arbitrator nor an execution is waited for as before."""


class DisputesWatch:
    """Watches disputes, and the operator's answers about the keys that they are about."""

    TOPICS: Final = frozenset(
        {
            *(*ENDS_WAITING, *ENDS_TIMES),
            *("dispute.opened", "dispute.assigned", "key.upstream_checked"),
        }
    )

    def __init__(self, agenda: Agenda, periods: Periods, bench: Bench, orders: OrdersWatch) -> None:
        self._agenda = agenda
        self._periods = periods
        self._bench = bench
        self._orders = orders
        self._waiting: dict[str, str] = {}
        """By key: the dispute whose facts wait for the operator."""

    def see(self, cause: Recorded) -> None:
        """See `domain.policies.timers.Watch`."""
        event, dispute = cause.event, cause.event.originator_id
        if event.TOPIC in ENDS_WAITING:
            self._end_waiting(dispute)
        if event.TOPIC in ENDS_TIMES:
            self._agenda.clear(dispute, "reassign", "execute_unappealed")
        match event:
            case DisputeOpened():
                self._open(dispute, event, cause)
            case KeyUpstreamChecked() if event.originator_id in self._waiting:
                self._gather(self._waiting[event.originator_id], cause.moment, cause)
            case DisputeAssigned() if event.due is not None:
                self._reassign(dispute, event.arbitrator, event.due, cause)
            case RulingIssued() if event.appeal_until is not None:
                self._execute(dispute, event.appeal_until, cause)

    def _open(self, dispute: str, event: DisputeOpened, cause: Recorded) -> None:
        key = self._orders.key_of(event.order)
        if key is not None:
            self._waiting[key] = dispute
        at = later(cause.moment, minutes=self._periods.upstream_minutes)
        self._gather(dispute, at, cause)

    def _end_waiting(self, dispute: str) -> None:
        self._agenda.clear(dispute, "gather")
        for key in [key for key, each in self._waiting.items() if each == dispute]:
            del self._waiting[key]

    def _gather(self, dispute: str, at: str, cause: Recorded) -> None:
        terms = self._bench.terms
        make = timed("gather", cause, "gather_evidence", dispute=dispute, terms=terms)
        self._agenda.set("gather", dispute, at, cause, make)

    def _reassign(self, dispute: str, late: str, due: str, cause: Recorded) -> None:
        """Let another have the case; the same person again only if there is no other."""
        roster = self._bench.roster(cause.index)
        others = sorted(roster, key=lambda each: each == late)
        make = timed(
            *("reassign", cause, "reassign_dispute"),
            told=True,
            dispute=dispute,
            arbitrators=tuple(others),
            reason=f"{late} has not ruled by {due}",
            calendar=self._bench.calendar,
        )
        self._agenda.set("reassign", dispute, due, cause, make)

    def _execute(self, dispute: str, at: str, cause: Recorded) -> None:
        refund = new_id("rfd", "execute_unappealed", cause.index, cause.moment)
        make = timed(
            "execute_unappealed", cause, "execute_ruling", told=True, dispute=dispute, refund=refund
        )
        self._agenda.set("execute_unappealed", dispute, at, cause, make)
