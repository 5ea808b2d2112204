"""Disputes: one at a time, the escrow frozen, and a ruling carried out once."""

from typing import Any

import pytest

from domain.errors import (
    AlreadyDisputedError,
    ConflictOfInterestError,
    DisputeOpenError,
    IllegalTransitionError,
    NoGroundForDisputeError,
    ReasonMissingError,
    WindowOverError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, PRICE, World, identifier

DISPUTE, REFUND = identifier("dsp"), identifier("rfd")
FACTS = {
    "delivered": True,
    "activated": "no",
    "in_window": True,
    "upstream": "unused",
    "merchant_fault": "none",
}
R07: dict[str, Any] = {
    "mode": "auto",
    "outcome": "refund",
    "key_effect": "returned",
    "rules": 1,
    "row": "R07",
    "appeal_until": LATER,
}
MANUAL: dict[str, Any] = {
    "mode": "manual",
    "outcome": "rejected",
    "key_effect": "unchanged",
    "reason": "compared",
    "relied_on": ("ord/1",),
    "appeal_until": LATER,
}


def disputed() -> tuple[World, str]:
    """Return a world with a disputed, delivered order."""
    world = World()
    order = world.delivered()
    world.do("open_dispute", DISPUTE, order, "consumer")
    return world, order


def ruled(ruling: dict[str, Any]) -> tuple[World, str]:
    """Return a world with a ruling by rule, or by the arbitrator arb-01."""
    world, order = disputed()
    world.do("gather_evidence", DISPUTE, FACTS)
    if ruling["mode"] == "manual":
        world.do("assign_dispute", DISPUTE, "arb-01", "hard case")
    world.do("rule", DISPUTE, ruling)
    return world, order


def test_opening_freezes_the_money_in_the_same_command() -> None:
    world = World()
    order = world.delivered()
    topics = world.do("open_dispute", DISPUTE, order, "consumer")
    assert topics == ["dispute.opened", "funds.frozen"]


@pytest.mark.parametrize(
    ("use_case", "arguments"),
    [
        ("confirm_order", ["consumer"]),
        ("release_funds", []),
        ("activate_key", [BUYER, NOW]),
        ("reveal_key", [BUYER, "x"]),
        ("renew_voucher", [LATER]),
    ],
)
def test_while_it_is_open_nothing_moves(use_case: str, arguments: list[Any]) -> None:
    world, order = disputed()
    before = world.size()
    with pytest.raises(DisputeOpenError):
        world.do(use_case, order, *arguments)
    assert world.size() == before


def test_there_is_at_most_one() -> None:
    world, order = disputed()
    with pytest.raises(AlreadyDisputedError):
        world.do("open_dispute", identifier("dsp", "second"), order, "consumer")


def test_an_unpaid_order_is_not_disputed() -> None:
    world = World()
    order = world.placed()
    with pytest.raises(IllegalTransitionError):
        world.do("open_dispute", DISPUTE, order, "consumer")


def test_after_confirmation_it_needs_a_named_fault_or_a_chargeback() -> None:
    world = World()
    order = world.confirmed()
    with pytest.raises(NoGroundForDisputeError):
        world.do("open_dispute", DISPUTE, order, "consumer")
    assert world.do("open_dispute", DISPUTE, order, "consumer", "revoked")


def test_withdrawing_unfreezes() -> None:
    world, order = disputed()
    assert world.do("withdraw_dispute", DISPUTE) == ["dispute.withdrawn", "funds.unfrozen"]
    assert world.do("confirm_order", order, "consumer") == ["order.confirmed"]


def test_a_chargeback_is_not_withdrawn() -> None:
    world = World()
    order = world.delivered()
    world.do("open_dispute", DISPUTE, order, "channel")
    with pytest.raises(IllegalTransitionError, match="chargeback"):
        world.do("withdraw_dispute", DISPUTE)


def test_a_conceded_dispute_refunds_in_full_without_appeal() -> None:
    world, order = disputed()
    assert world.do("concede_dispute", DISPUTE) == ["dispute.conceded", "ruling.issued"]
    with pytest.raises(WindowOverError):
        world.do("appeal_ruling", DISPUTE, "no", NOW)
    topics = world.do("execute_ruling", DISPUTE, REFUND, NOW)
    assert topics.index("ruling.executed") < topics.index("refund.executed")
    assert topics[-1] == "key.voided"
    assert world.trade.load(Order, order).funds == "refunded"


def test_the_evidence_names_the_size_of_the_log() -> None:
    world, _ = disputed()
    size = world.size()
    world.do("gather_evidence", DISPUTE, FACTS)
    assert world.events()[-1].data()["log_size"] == size


def test_a_ruling_waits_for_the_appeal_window_or_the_loser_s_consent() -> None:
    world, order = ruled(R07)
    with pytest.raises(WindowOverError, match="may be appealed until"):
        world.do("execute_ruling", DISPUTE, REFUND, NOW)
    world.do("accept_ruling", DISPUTE)
    topics = world.do("execute_ruling", DISPUTE, REFUND, NOW)
    assert topics == [
        "ruling.executed",
        "refund.requested",
        "refund.approved",
        "refund.executed",
        "order.refunded",
        "bundle.units_refunded",
        "voucher.revoked",
        "key.returned",
    ]
    assert world.trade.load(Order, order).dispute is None


def test_once_the_window_is_over_it_is_executed_once() -> None:
    world, _ = ruled(R07)
    world.do("execute_ruling", DISPUTE, REFUND, LATER)
    with pytest.raises(WrongPartyError, match="not frozen"):
        world.do("execute_ruling", DISPUTE, identifier("rfd", "x"), LATER)


def test_a_rejecting_ruling_unfreezes() -> None:
    world, order = ruled(R07 | {"outcome": "rejected", "key_effect": "unchanged", "row": "R10"})
    assert world.do("execute_ruling", DISPUTE, REFUND, LATER) == [
        "ruling.executed",
        "funds.unfrozen",
    ]
    assert world.do("activate_key", order, BUYER, NOW) == ["key.activated"]


def test_a_partial_ruling_leaves_the_rest_in_escrow() -> None:
    world, order = ruled(MANUAL | {"outcome": "partial_refund", "amount": 1_000})
    world.do("execute_ruling", DISPUTE, REFUND, LATER)
    found = world.trade.load(Order, order)
    assert (found.funds, found.escrow) == ("held", PRICE.amount - 1_000)
    assert world.trade.load(Key, found.key).state == "vouchered"


@pytest.mark.parametrize(
    "missing", [{"reason": None}, {"relied_on": None}, {"relied_on": ()}, {"reason": ""}]
)
def test_a_manual_ruling_needs_a_reason_and_its_events(missing: dict[str, Any]) -> None:
    world, _ = disputed()
    world.do("gather_evidence", DISPUTE, FACTS)
    world.do("assign_dispute", DISPUTE, "arb-01", "hard case")
    with pytest.raises(ReasonMissingError):
        world.do("rule", DISPUTE, MANUAL | missing)


@pytest.mark.parametrize("missing", ["row", "rules"])
def test_an_automatic_ruling_names_version_and_row(missing: str) -> None:
    world, _ = disputed()
    world.do("gather_evidence", DISPUTE, FACTS)
    with pytest.raises(ReasonMissingError):
        world.do("rule", DISPUTE, {k: v for k, v in R07.items() if k != missing})


def test_nobody_rules_before_the_evidence() -> None:
    world, _ = disputed()
    for ruling in (R07, MANUAL):
        with pytest.raises(IllegalTransitionError):
            world.do("rule", DISPUTE, ruling)


def test_an_appeal_goes_once_to_another_person() -> None:
    world, _ = ruled(MANUAL)
    world.do("appeal_ruling", DISPUTE, "30 days promised", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.do("assign_dispute", DISPUTE, "arb-01", "appeal")
    world.do("assign_dispute", DISPUTE, "arb-02", "appeal")
    world.do("rule", DISPUTE, MANUAL)
    with pytest.raises(WindowOverError, match="no appeal is left"):
        world.do("appeal_ruling", DISPUTE, "again", NOW)
    assert world.do("execute_ruling", DISPUTE, REFUND, NOW) == ["ruling.executed", "funds.unfrozen"]


def test_an_appeal_comes_in_time_or_not_at_all() -> None:
    world, _ = ruled(MANUAL)
    with pytest.raises(WindowOverError):
        world.do("appeal_ruling", DISPUTE, "late", MUCH_LATER)
