"""Policies of a merchant's standing: who may not sell has nothing on the shelf.

``features.md``, A7, C2, C4, C5 and 3.5: the keys are taken off in batches. A key that was
held for a buyer at that moment comes back to the shelf when the buyer does not pay, and is
taken off then. ``tests/domain/policies/test_policies.py``.
"""

from collections.abc import Iterable
from typing import Final

from domain.credit.ladder import LADDERS
from domain.credit.sanction import SanctionApplied
from domain.disputes.case import Recorded, recorded
from domain.event import Event
from domain.identity.account import IdentityAccountRestricted
from domain.keys.events import KeyReservationReleased
from domain.policies.policy import Call, Entries, Policy, call
from domain.policies.shelf import PAGE, listed_keys

BATCH: Final = 100
"""Keys in one command."""
ENDED: Final = frozenset({"expired", "revoked", "erasure_asked"})
"""Why an account is restricted that had rights before."""
DISQUALIFIED: Final = frozenset(
    {"qualification.suspended", "qualification.expired", "qualification.revoked"}
)
CONSUMER: Final = "usr_"


def policies() -> tuple[Policy, ...]:
    """Return the policies of this group."""
    off = frozenset({"identity.account_restricted", "sanction.applied", *DISQUALIFIED})
    return (
        Policy("clear_shelf", off, _clear_shelf),
        Policy("suspend", frozenset({"identity.account_restricted"}), _suspend),
        Policy("withhold", frozenset({"key.reservation_released"}), _withhold),
        Policy("follow_grade", frozenset({"credit.grade_changed"}), _follow_grade),
    )


def _clear_shelf(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
    """Take off what the merchant had on the shelf at the cause, however often it is asked."""
    del now
    merchant = _barred(cause.event)
    if merchant is None:
        return
    keys = listed_keys(log, merchant, cause.index + 1)
    for part, first in enumerate(range(0, len(keys), BATCH)):
        batch = tuple(keys[first : first + BATCH])
        yield call("clear_shelf", cause, "unlist_keys", part=part, keys=batch)


def _barred(event: Event) -> str | None:
    """Return the merchant who may sell nothing from *event* on; None if there is none."""
    if isinstance(event, IdentityAccountRestricted):
        is_merchant = not event.party.startswith(CONSUMER)
        return event.party if is_merchant and event.cause in ENDED else None
    if isinstance(event, SanctionApplied):
        step = LADDERS[event.rules].step(event.level)
        return event.merchant if step.stops_listing else None
    merchant = event.data().get("merchant") if event.TOPIC in DISQUALIFIED else None
    return merchant if isinstance(merchant, str) else None


def _suspend(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
    """Suspend the merchant behind whom nobody verified is any more: its badges fail (B6)."""
    event = cause.event
    merchant = _barred(event) if isinstance(event, IdentityAccountRestricted) else None
    if merchant is not None and _was_approved(log, merchant, cause.index):
        yield call(
            "suspend",
            cause,
            "suspend_qualification",
            merchant=merchant,
            reason="the identity behind it has ended",
            now=now,
        )


def _was_approved(log: Entries, merchant: str, size: int) -> bool:
    """Say whether *merchant* was ever held to a qualification in the first *size* entries."""
    start = 0
    while True:
        page = log.select_entries(start, PAGE, size, ("qualification.approved",))
        if any(recorded(*each).event.data()["merchant"] == merchant for each in page):
            return True
        if len(page) < PAGE:
            return False
        start = page[-1][0] + 1


def _withhold(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
    """Take a key off that came back to the shelf of a merchant who may not list."""
    del log
    if isinstance(cause.event, KeyReservationReleased):
        yield call("withhold", cause, "withhold_key", key=cause.event.originator_id, now=now)


def _follow_grade(cause: Recorded, now: str, log: Entries) -> Iterable[Call]:
    """Demand the deposit of the new grade, where its own command has not."""
    del now, log
    merchant = cause.event.data()["merchant"]
    yield call("follow_grade", cause, "adjust_deposit", merchant=merchant)
