"""Policies of an order: what was paid is delivered (``features.md``, G2 and 3.2).

``tests/domain/policies/test_policies.py``.
"""

from collections.abc import Iterable

from domain.disputes.case import Recorded
from domain.orders.events import OrderPaid
from domain.policies.periods import Periods, later
from domain.policies.policy import Call, Entries, Policy, call


def policies(periods: Periods) -> tuple[Policy, ...]:
    """Return the policies of this group."""

    def deliver(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
        """Deliver a paid order at once; a sale of the past was served already."""
        del log
        if isinstance(cause.event, OrderPaid) and cause.event.basis is None:
            # From now and not from the payment: a follower that was down must not hand out
            # a code that has expired.
            until = later(now, hours=periods.voucher_hours)
            order = cause.event.originator_id
            yield call("deliver", cause, "deliver_order", order=order, voucher_until=until)

    return (Policy("deliver", frozenset({"order.paid"}), deliver),)
