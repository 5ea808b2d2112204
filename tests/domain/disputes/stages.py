"""Disputes at each stage of their way: opened, ruled, before a person, judged."""

from typing import Any

from domain.disputes.events import Outcome
from tests.domain.disputes.court import (
    Court,
    judgement_of,
)


def disputed(**named: Any) -> tuple[Court, str]:
    """Return a court with a disputed, delivered order."""
    court = Court()
    return court, court.opened(court.delivered(), **named)


def ruled() -> tuple[Court, str]:
    """Return a court with a ruling by row R07: a refund, the key back to stock."""
    court, order = disputed()
    court.asked(order, "unused")
    court.gathered()
    assert court.decided() == "ruling.issued"
    return court, order


def assigned() -> tuple[Court, str]:
    """Return a court with a hard case (row R13) before arb-01."""
    court = Court()
    order = court.opened(court.activated())
    court.asked(order, "used", ("wrong_duration",))
    court.gathered()
    assert court.decided("arb-01") == "dispute.assigned"
    return court, order


def judged(outcome: Outcome = "rejected") -> tuple[Court, str]:
    """Return a court with a manual ruling."""
    court, order = assigned()
    court.judged("arb-01", judgement_of(court, order, outcome))
    return court, order
