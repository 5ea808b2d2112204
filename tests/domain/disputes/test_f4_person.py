"""F4: hard cases before a person: impartial, in time, with reasons, one appeal."""

from typing import Any

import pytest

from domain.disputes.deadline import WEEKDAYS
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    ReasonMissingError,
    UnlawfulRulingError,
    WindowOverError,
    WrongPartyError,
)
from domain.orders.order import Order
from tests.domain.disputes.court import (
    DISPUTE,
    INSIDE,
    UNAPPEALED,
    Court,
    judgement_of,
)
from tests.domain.disputes.stages import assigned, disputed, judged, ruled
from tests.domain.given import BUYER


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "manual"},
        {"outcome": "refund", "key_effect": "returned"},
        {"outcome": "refund", "key_effect": "quarantined"},
        {"outcome": "refund", "key_effect": "unchanged"},
        {"outcome": "rejected", "key_effect": "voided"},
        {"outcome": "rejected", "amount": 1},
        {"outcome": "partial_refund", "amount": None},
        {"outcome": "partial_refund", "key_effect": "voided", "amount": 1},
    ],
)
def test_f4_an_unlawful_ruling_is_refused(change: dict[str, Any]) -> None:
    court, order = assigned()
    before = court.size()
    with pytest.raises(UnlawfulRulingError):
        court.judged("arb-01", judgement_of(court, order, **change))
    assert court.size() == before


@pytest.mark.parametrize(
    "missing",
    [
        {"relied_on": ()},
        {"reason": ""},
        {"relied_on": ("ord/1",)},
        {"relied_on": (f"{DISPUTE}/99",)},
        {"relied_on": (f"{DISPUTE}/x",)},
        {"relied_on": ("",)},
    ],
)
def test_f4_a_manual_ruling_needs_a_reason_and_events_of_the_case(missing: dict[str, Any]) -> None:
    court, order = assigned()
    with pytest.raises(ReasonMissingError):
        court.judged("arb-01", judgement_of(court, order, **missing))


def test_f4_only_the_assigned_arbitrator_rules() -> None:
    court, order = assigned()
    for who in ("arb-02", "staff", "consumer", "merchant", "platform"):
        with pytest.raises(ConflictOfInterestError, match="arb-01"):
            court.judged(who, judgement_of(court, order))


def test_f4_a_hard_case_has_a_deadline_in_working_days_and_then_another_arbitrator() -> None:
    court, order = assigned()
    due = court.events()[-1].data()["due"]
    assert due == WEEKDAYS.end_of(5, INSIDE) == "2026-12-01T16:00:00Z"
    with pytest.raises(IllegalTransitionError, match="until"):
        court.by("staff", "assign_dispute", DISPUTE, "arb-02", "faster", INSIDE)
    court.now = due
    with pytest.raises(WindowOverError, match="assigned again"):
        court.judged("arb-01", judgement_of(court, order))
    court.by("staff", "assign_dispute", DISPUTE, "arb-02", "overdue", due)
    assert court.judged("arb-02", judgement_of(court, order)) == ["ruling.issued"]


@pytest.mark.parametrize("who", ["consumer", "merchant"])
def test_f4_a_party_is_no_arbitrator(who: str) -> None:
    court = Court()
    order = court.opened(court.activated())
    court.asked(order, "unknown")
    court.gathered()
    party = {"consumer": BUYER, "merchant": court.trade.load(Order, order).merchant}[who]
    with pytest.raises(ConflictOfInterestError, match="is a party"):
        court.by("staff", "assign_dispute", DISPUTE, party, "x", INSIDE)
    with pytest.raises(ConflictOfInterestError, match="name another"):
        court.decided(party)
    assert court.decided(party, "arb-01") == "dispute.assigned"
    assert court.trade.load(Order, order).dispute == DISPUTE


def test_f4_an_appeal_goes_once_to_another_person() -> None:
    court, order = judged()
    with pytest.raises(WrongPartyError):
        court.by("merchant", "appeal_ruling", DISPUTE, "I won", court.now)
    court.do("appeal_ruling", DISPUTE, "30 days promised", court.now)
    with pytest.raises(ConflictOfInterestError):
        court.by("staff", "assign_dispute", DISPUTE, "arb-01", "appeal", court.now)
    court.by("staff", "assign_dispute", DISPUTE, "arb-02", "appeal", court.now)
    court.judged("arb-02", judgement_of(court, order))
    with pytest.raises(WindowOverError, match="no appeal is left"):
        court.do("appeal_ruling", DISPUTE, "again", court.now)
    assert court.executed() == ["ruling.executed", "funds.unfrozen"]


def test_f4_a_ruling_by_rule_is_appealed_to_a_person() -> None:
    court, order = ruled()
    court.by("merchant", "appeal_ruling", DISPUTE, "the buyer has it", court.now)
    court.by("staff", "assign_dispute", DISPUTE, "arb-01", "appeal", court.now)
    court.judged("arb-01", judgement_of(court, order))
    court.executed()
    assert court.trade.load(Order, order).funds == "held"


def test_f4_an_appeal_comes_in_time_or_not_at_all() -> None:
    court, _ = judged()
    with pytest.raises(WindowOverError):
        court.do("appeal_ruling", DISPUTE, "late", UNAPPEALED)


@pytest.mark.parametrize(("outcome", "funds"), [("refund", "refunded"), ("rejected", "held")])
def test_f4_a_chargeback_is_decided_by_the_bank(outcome: str, funds: str) -> None:
    court, order = disputed(opener="channel")
    court.gathered()
    assert court.decided("arb-01") == "dispute.assigned"
    with pytest.raises(WrongPartyError):
        court.by("staff", "enter_bank_result", DISPUTE, outcome, "10.4")
    court.by("channel", "enter_bank_result", DISPUTE, outcome, "reason code 10.4")
    court.executed()
    assert court.trade.load(Order, order).funds == funds


def test_f4_no_bank_decides_what_is_no_chargeback() -> None:
    court, _ = assigned()
    with pytest.raises(UnlawfulRulingError):
        court.by("channel", "enter_bank_result", DISPUTE, "refund", "10.4")
