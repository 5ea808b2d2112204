"""Policies of a dispute: from gathered facts to an executed ruling (``features.md``, 3.4).

The facts themselves are gathered by a timer, which gives the operator some minutes to
answer (`domain.policies.timers`). ``tests/domain/policies/test_policies.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.disputes.arbitration import DEFAULT_TERMS
from domain.disputes.case import Recorded
from domain.disputes.deadline import WEEKDAYS, Calendar
from domain.disputes.events import RulingIssued, Terms
from domain.policies.policy import Call, Entries, Policy, call, new_id


@dataclass(frozen=True, slots=True)
class Bench:
    """Who decides hard cases, on which days, and what was agreed on."""

    arbitrators: tuple[str, ...] = ()
    calendar: Calendar = WEEKDAYS
    terms: Terms = DEFAULT_TERMS

    def roster(self, cause: int) -> tuple[str, ...]:
        """Return the arbitrators in an order that gives each a share of the cases."""
        if not self.arbitrators:
            return ()
        first = cause % len(self.arbitrators)
        return self.arbitrators[first:] + self.arbitrators[:first]


def policies(bench: Bench) -> tuple[Policy, ...]:
    """Return the policies of this group."""

    def decide(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
        """Rule by the table, or hand the case to a person."""
        del log
        yield call(
            *("decide", cause, "decide_dispute"),
            dispute=cause.event.originator_id,
            now=now,
            arbitrators=bench.roster(cause.index),
            calendar=bench.calendar,
        )

    def hear_appeal(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
        """Hand an appealed case to a person who has not ruled in it."""
        del log
        yield call(
            *("hear_appeal", cause, "reassign_dispute"),
            dispute=cause.event.originator_id,
            arbitrators=bench.roster(cause.index),
            reason="appeal",
            now=now,
            calendar=bench.calendar,
        )

    def execute(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
        """Carry out a ruling that was accepted, or that nobody may appeal."""
        del log
        event = cause.event
        if isinstance(event, RulingIssued) and event.appeal_until is not None:
            return
        refund = new_id("rfd", "execute", cause.index, cause.moment)
        dispute = event.originator_id
        yield call("execute", cause, "execute_ruling", dispute=dispute, refund=refund, now=now)

    return (
        Policy("decide", frozenset({"evidence.gathered"}), decide),
        Policy("hear_appeal", frozenset({"dispute.appealed"}), hear_appeal),
        Policy("execute", frozenset({"ruling.accepted", "ruling.issued"}), execute),
    )
