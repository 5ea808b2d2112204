"""F1: disputes: one at a time, opened by who may, the escrow frozen with it."""

from typing import Any

import pytest

from domain.errors import (
    AlreadyDisputedError,
    DisputeOpenError,
    IllegalTransitionError,
    NoGroundForDisputeError,
    WindowOverError,
    WrongPartyError,
)
from domain.orders.order import Order
from tests.domain.disputes.court import (
    DISPUTE,
    REFUND,
    Court,
)
from tests.domain.disputes.stages import disputed
from tests.domain.given import BUYER, LATER, NOW, identifier


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
