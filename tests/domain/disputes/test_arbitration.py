"""F1, F4: disputes: one at a time, the escrow frozen, and a ruling carried out once."""

from typing import Any

import pytest

from domain.disputes.arbitration import Piece
from domain.disputes.deadline import WEEKDAYS
from domain.disputes.dispute import EVIDENCE
from domain.disputes.events import Outcome
from domain.errors import (
    AlreadyDisputedError,
    ConflictOfInterestError,
    DisputeOpenError,
    IllegalTransitionError,
    NoGroundForDisputeError,
    ReasonMissingError,
    RefundTooLargeError,
    UnlawfulRulingError,
    WindowOverError,
    WrongEvidenceError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.disputes.court import (
    DISPUTE,
    INSIDE,
    REFUND,
    UNAPPEALED,
    Court,
    judgement_of,
)
from tests.domain.given import BUYER, LATER, NOW, PRICE, identifier

DIGEST = "ab" * 32


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


def test_f1_opening_freezes_the_money_in_the_same_command() -> None:
    court = Court()
    order = court.delivered()
    topics = court.do("open_dispute", DISPUTE, order, "consumer")
    assert topics == ["dispute.opened", "funds.frozen"]


@pytest.mark.parametrize(
    ("use_case", "arguments"),
    [
        ("confirm_order", ["consumer"]),
        ("release_funds", []),
        ("activate_key", [BUYER, NOW]),
        ("reveal_key", [BUYER, "x"]),
        ("use_units", [BUYER, 1]),
        ("renew_voucher", [LATER]),
    ],
)
def test_f1_while_it_is_open_nothing_moves(use_case: str, arguments: list[Any]) -> None:
    court, order = disputed()
    before = court.size()
    with pytest.raises(DisputeOpenError):
        court.do(use_case, order, *arguments)
    assert court.size() == before


def test_f1_no_refund_is_asked_for_or_approved_while_it_is_open() -> None:
    court = Court()
    order = court.delivered()
    court.do("request_refund", REFUND, order)
    court.opened(order)
    with pytest.raises(DisputeOpenError):
        court.do("request_refund", identifier("rfd", "second"), order)
    with pytest.raises(DisputeOpenError):
        court.by("merchant", "approve_refund", REFUND)


def test_f1_there_is_at_most_one() -> None:
    court, order = disputed()
    with pytest.raises(AlreadyDisputedError):
        court.do("open_dispute", identifier("dsp", "second"), order, "consumer")


def test_f1_an_unpaid_order_is_not_disputed() -> None:
    court = Court()
    with pytest.raises(IllegalTransitionError):
        court.do("open_dispute", DISPUTE, court.placed(), "consumer")


def test_f1_after_confirmation_it_needs_a_named_fault_or_a_chargeback() -> None:
    court = Court()
    order = court.confirmed()
    with pytest.raises(NoGroundForDisputeError):
        court.do("open_dispute", DISPUTE, order, "consumer")
    assert court.do("open_dispute", DISPUTE, order, "consumer", "revoked")


@pytest.mark.parametrize(
    ("who", "opener"),
    [
        ("consumer", "channel"),
        ("consumer", "platform"),
        ("merchant", "consumer"),
        ("channel", "consumer"),
        ("arb-01", "platform"),
    ],
)
def test_f1_nobody_opens_in_another_s_name(who: str, opener: str) -> None:
    court = Court()
    order = court.delivered()
    with pytest.raises(WrongPartyError):
        court.by(who, "open_dispute", DISPUTE, order, opener)


def test_f1_another_buyer_does_not_open() -> None:
    court = Court()
    order = court.delivered()
    court.who = (identifier("usr", "stranger"), "consumer")
    with pytest.raises(WrongPartyError, match="cannot open"):
        court.do("open_dispute", DISPUTE, order, "consumer")


def test_f1_withdrawing_unfreezes() -> None:
    court, order = disputed()
    assert court.do("withdraw_dispute", DISPUTE) == ["dispute.withdrawn", "funds.unfrozen"]
    assert court.do("confirm_order", order, "consumer") == ["order.confirmed"]


def test_f1_a_withdrawn_order_may_be_disputed_again() -> None:
    court, order = disputed()
    court.do("withdraw_dispute", DISPUTE)
    assert court.do("open_dispute", identifier("dsp", "second"), order, "consumer")


def test_f1_a_chargeback_is_not_withdrawn() -> None:
    court, _ = disputed(opener="channel")
    with pytest.raises(IllegalTransitionError, match="chargeback"):
        court.do("withdraw_dispute", DISPUTE)


@pytest.mark.parametrize(
    ("use_case", "who"),
    [
        ("withdraw_dispute", "merchant"),
        ("withdraw_dispute", "staff"),
        ("concede_dispute", "consumer"),
        ("concede_dispute", "platform"),
    ],
)
def test_f1_nobody_acts_for_the_other_party(use_case: str, who: str) -> None:
    court, _ = disputed()
    with pytest.raises(WrongPartyError):
        court.by(who, use_case, DISPUTE)


def test_f1_a_conceded_dispute_refunds_in_full_without_appeal() -> None:
    court, order = disputed()
    topics = court.by("merchant", "concede_dispute", DISPUTE)
    assert topics == ["dispute.conceded", "ruling.issued"]
    with pytest.raises(WindowOverError):
        court.by("merchant", "appeal_ruling", DISPUTE, "no", NOW)
    topics = court.executed()
    assert topics.index("ruling.executed") < topics.index("refund.executed")
    assert topics[-1] == "key.voided"
    assert court.trade.load(Order, order).funds == "refunded"


def test_the_evidence_names_the_size_of_the_log() -> None:
    court, _ = disputed()
    size = court.size()
    court.gathered()
    assert court.events()[-1].data()["log_size"] == size


def test_evidence_is_gathered_once() -> None:
    court, _ = disputed()
    court.gathered()
    with pytest.raises(IllegalTransitionError):
        court.gathered()


def test_f3_a_ruling_waits_for_the_appeal_window_or_the_loser_s_consent() -> None:
    court, order = ruled()
    with pytest.raises(WindowOverError, match="may be appealed until"):
        court.executed()
    with pytest.raises(WrongPartyError):
        court.do("accept_ruling", DISPUTE)
    court.by("merchant", "accept_ruling", DISPUTE)
    assert court.executed() == [
        "ruling.executed",
        "refund.requested",
        "refund.approved",
        "refund.executed",
        "ledger.posted",
        "order.refunded",
        "bundle.units_refunded",
        "voucher.revoked",
        "key.returned",
    ]
    assert court.trade.load(Order, order).dispute is None


def test_f8_a_ruling_is_executed_once() -> None:
    court, _ = ruled()
    court.executed(UNAPPEALED)
    with pytest.raises(WrongPartyError, match="not frozen"):
        court.by("platform", "execute_ruling", DISPUTE, identifier("rfd", "x"), UNAPPEALED)


def test_f3_nobody_rules_by_rule_before_the_evidence_or_twice() -> None:
    court, order = disputed()
    with pytest.raises(IllegalTransitionError):
        court.decided()
    court.asked(order, "unused")
    court.gathered()
    court.decided()
    with pytest.raises(IllegalTransitionError):
        court.decided()


def test_f8_a_rejecting_ruling_unfreezes() -> None:
    court, order = judged()
    assert court.executed(UNAPPEALED) == ["ruling.executed", "funds.unfrozen"]
    assert court.do("confirm_order", order, "consumer")


def test_f8_a_partial_ruling_leaves_the_rest_in_escrow() -> None:
    court, order = judged("partial_refund")
    court.executed(UNAPPEALED)
    found = court.trade.load(Order, order)
    assert (found.funds, found.escrow) == ("held", PRICE.amount - 1_000)
    assert court.trade.load(Key, found.key).state == "activated"


@pytest.mark.parametrize("amount", [PRICE.amount, PRICE.amount + 1, -1])
def test_f8_a_partial_refund_is_a_part_of_what_was_captured(amount: int) -> None:
    court, order = assigned()
    with pytest.raises(RefundTooLargeError):
        court.judged("arb-01", judgement_of(court, order, "partial_refund", amount=amount))


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


def test_t29_evidence_is_taken_until_the_deadline_and_no_longer() -> None:
    court, _ = disputed()
    piece = Piece("statement", "it never worked")
    until = court.case().contest.evidence_until
    assert until == "2026-11-26T10:00:00Z"
    assert court.do("add_evidence", DISPUTE, piece, "2026-11-26T09:59:59Z") == ["message.added"]
    with pytest.raises(WindowOverError, match=until):
        court.do("add_evidence", DISPUTE, piece, until)
    court.gathered()
    assert court.by("merchant", "add_evidence", DISPUTE, piece, court.now)


def test_t29_before_an_arbitrator_it_is_taken_until_the_ruling_is_due() -> None:
    court, _ = assigned()
    piece = Piece("screenshot", document=DIGEST)
    assert court.do("add_evidence", DISPUTE, piece, "2026-12-01T15:59:59Z") == ["message.added"]
    with pytest.raises(WindowOverError):
        court.do("add_evidence", DISPUTE, piece, "2026-12-01T16:00:00Z")


def test_t29_after_the_ruling_none_is_taken() -> None:
    court, _ = ruled()
    with pytest.raises(IllegalTransitionError):
        court.do("add_evidence", DISPUTE, Piece("statement", "wait"), court.now)


@pytest.mark.parametrize("fault", EVIDENCE)
def test_t29_the_evidence_follows_what_the_dispute_is_about(fault: str) -> None:
    court, _ = disputed(fault=fault)
    every = {each for fields in EVIDENCE.values() for each in fields} | {"bank_notice"}
    for field in sorted(every):
        piece = Piece(field, "x")  # type: ignore[arg-type]
        if field in EVIDENCE[fault]:  # type: ignore[index]
            assert court.do("add_evidence", DISPUTE, piece, court.now) == ["message.added"]
        else:
            with pytest.raises(WrongEvidenceError, match=field):
                court.do("add_evidence", DISPUTE, piece, court.now)


@pytest.mark.parametrize("fault", EVIDENCE)
def test_t29_a_bank_s_notice_is_taken_in_every_chargeback(fault: str) -> None:
    court, _ = disputed(opener="channel", fault=fault)
    piece = Piece("bank_notice", document=DIGEST)
    assert court.by("channel", "add_evidence", DISPUTE, piece, court.now) == ["message.added"]
    assert court.events()[-1].data()["party"] == "channel"


def test_t29_evidence_is_sealed_and_not_empty_and_from_a_party() -> None:
    court, _ = disputed()
    with pytest.raises(ReasonMissingError):
        court.do("add_evidence", DISPUTE, Piece("statement"), court.now)
    with pytest.raises(WrongPartyError):
        court.by("arb-01", "add_evidence", DISPUTE, Piece("statement", "x"), court.now)
    court.do("add_evidence", DISPUTE, Piece("statement", "planted words"), court.now)
    assert b"planted words" not in court.events()[-1].body()
    assert (BUYER, "planted words") in court.sealer.values.values()
