"""All policies that are in force, joined.

    deliver        order.paid → deliver_order
    decide         evidence.gathered → decide_dispute
    hear_appeal    dispute.appealed → reassign_dispute
    execute        ruling.accepted, a ruling that nobody may appeal → execute_ruling
    clear_shelf    identity.account_restricted, sanction.applied, qualification.suspended,
                   .expired, .revoked → unlist_keys, in batches
    suspend        identity.account_restricted → suspend_qualification
    withhold       key.reservation_released → withhold_key
    follow_grade   credit.grade_changed → adjust_deposit

What is due at a time is in `domain.policies.timers`.
"""

from domain.policies import delivery, judging, standing
from domain.policies.judging import Bench
from domain.policies.periods import DEFAULTS, Periods
from domain.policies.policy import Policy


def rulebook(periods: Periods = DEFAULTS, bench: Bench | None = None) -> tuple[Policy, ...]:
    """Return every policy, for those periods and that bench."""
    return (
        *delivery.policies(periods),
        *judging.policies(bench or Bench()),
        *standing.policies(),
    )
