"""What is due of merchants and persons: sanctions, deposits, identities, qualifications.

``features.md``, A7, B4, C4, C5, 3.5. A sanction that takes a part of the deposit does so
when it can no longer be appealed; one that was appealed is a person's to decide. A deposit
that stays short is a breach after a while. ``tests/domain/policies/test_timers.py``;
qualifications: ``tests/domain/qualification/test_followed.py``.
"""

from dataclasses import dataclass
from typing import Final

from domain.credit.deposit import (
    DepositDrawn,
    DepositForfeited,
    DepositRequired,
    DepositReturned,
    DepositToppedUp,
)
from domain.credit.ladder import LADDERS
from domain.credit.sanction import (
    SanctionAppealed,
    SanctionApplied,
    SanctionExpired,
    SanctionLifted,
)
from domain.disputes.case import Recorded
from domain.event import Event
from domain.identity.events import IdentityVerified
from domain.policies.agenda import Agenda, timed
from domain.policies.periods import Periods, later
from domain.policies.policy import new_id
from domain.qualification.events import (
    QualificationApproved,
    QualificationScopeEnded,
    QualificationScopeGranted,
)


@dataclass(slots=True)
class Kept:
    """What a merchant's deposit holds and must hold."""

    required: int = 0
    balance: int = 0
    is_short: bool = False


class MerchantsWatch:
    """Watches sanctions, deposits and verifications."""

    TOPICS: Final = frozenset(
        {
            *("sanction.applied", "sanction.appealed", "sanction.lifted", "sanction.expired"),
            *("deposit.required", "deposit.topped_up", "deposit.returned", "deposit.drawn"),
            *("deposit.forfeited", "identity.verified", "identity.expired", "identity.revoked"),
            *("qualification.approved", "qualification.expired", "qualification.revoked"),
            *("qualification.scope_granted", "qualification.scope_ended"),
        }
    )

    def __init__(self, agenda: Agenda, periods: Periods) -> None:
        self._agenda = agenda
        self._periods = periods
        self._deposits: dict[str, Kept] = {}

    def see(self, cause: Recorded) -> None:
        """See `domain.policies.timers.Watch`."""
        event = cause.event
        match event:
            case SanctionApplied():
                self._apply(event, cause)
            case SanctionAppealed():
                self._agenda.clear(event.sanction, "forfeit")
            case SanctionLifted() | SanctionExpired():
                self._agenda.clear(event.sanction, "forfeit", "expire_sanction")
            case IdentityVerified():
                verification = event.originator_id
                make = timed(
                    *("expire_identity", cause, "expire_identity"),
                    told=True,
                    verification=verification,
                )
                self._agenda.set("expire_identity", verification, event.valid_until, cause, make)
            case QualificationApproved():
                self._expire(event, cause)
            case QualificationScopeGranted():
                self._end_scope(event, cause)
            case QualificationScopeEnded():
                self._agenda.clear(f"{event.merchant}/{event.category}", "end_scope")
            case _ if event.TOPIC.startswith("qualification."):
                self._agenda.clear(str(event.data()["merchant"]), "expire_qualification")
            case _ if event.TOPIC.startswith("identity."):
                self._agenda.clear(event.originator_id, "expire_identity")
            case _:
                self._move(event, cause)

    def _apply(self, event: SanctionApplied, cause: Recorded) -> None:
        about = {"merchant": event.merchant, "sanction": event.sanction}
        make = timed("expire_sanction", cause, "expire_sanction", told=True, **about)
        self._agenda.set("expire_sanction", event.sanction, event.ends_at, cause, make)
        if LADDERS[event.rules].step(event.level).forfeit:
            make = timed("forfeit", cause, "forfeit_deposit", told=True, **about)
            self._agenda.set("forfeit", event.sanction, event.appeal_until, cause, make)

    def _expire(self, event: QualificationApproved, cause: Recorded) -> None:
        make = timed(
            *("expire_qualification", cause, "expire_qualification"),
            told=True,
            merchant=event.merchant,
        )
        until = event.valid_until
        self._agenda.set("expire_qualification", event.merchant, until, cause, make)

    def _end_scope(self, event: QualificationScopeGranted, cause: Recorded) -> None:
        about = {"merchant": event.merchant, "category": event.category}
        make = timed("end_scope", cause, "end_scope", told=True, reason="its time is over", **about)
        name = f"{event.merchant}/{event.category}"
        self._agenda.set("end_scope", name, event.valid_until, cause, make)

    def _move(self, event: Event, cause: Recorded) -> None:
        merchant = str(event.data()["merchant"])
        kept = self._deposits.setdefault(merchant, Kept())
        match event:
            case DepositRequired():
                kept.required = event.amount
            case DepositToppedUp():
                kept.balance += event.amount
            case DepositReturned() | DepositDrawn() | DepositForfeited():
                kept.balance -= event.amount
        if isinstance(event, DepositForfeited):
            self._agenda.clear(event.sanction, "forfeit")
        was_short, kept.is_short = kept.is_short, kept.balance < kept.required
        if not kept.is_short:
            self._agenda.clear(merchant, "deposit_unpaid")
        elif not was_short:
            self._demand(merchant, cause)

    def _demand(self, merchant: str, cause: Recorded) -> None:
        """Begin to wait for the merchant's payment; less of it does not begin anew."""
        make = timed(
            *("deposit_unpaid", cause, "apply_sanction"),
            told=True,
            merchant=merchant,
            sanction=new_id("snc", "deposit_unpaid", cause.index, cause.moment),
            ground="deposit_unpaid",
            relied_on=(cause.index,),
        )
        at = later(cause.moment, days=self._periods.deposit_days)
        self._agenda.set("deposit_unpaid", merchant, at, cause, make)
