"""Refunds: key and money move together, and never more than there is."""

import pytest

from domain.errors import DisputeOpenError, IllegalTransitionError, RefundTooLargeError
from domain.keys.key import Key
from domain.orders.order import Order
from domain.refunds.refund import Refund
from tests.domain.given import BUYER, NOW, PRICE, World, identifier

REFUND = identifier("rfd")


def test_a_full_refund_moves_money_and_key_in_one_command() -> None:
    world = World()
    order = world.delivered()
    assert world.do("request_refund", REFUND, order) == ["refund.requested"]
    assert world.do("approve_refund", REFUND) == [
        "refund.approved",
        "refund.executed",
        "ledger.posted",
        "order.refunded",
        "bundle.units_refunded",
        "voucher.revoked",
        "key.returned",
    ]
    found = world.trade.load(Order, order)
    assert (found.state, found.funds, found.escrow) == ("refunded", "refunded", 0)


def test_after_a_refund_the_key_cannot_be_activated() -> None:
    world = World()
    order = world.delivered()
    world.do("request_refund", REFUND, order)
    world.do("approve_refund", REFUND)
    with pytest.raises(IllegalTransitionError, match="refunded"):
        world.do("activate_key", order, BUYER, NOW)


def test_an_activated_key_is_voided_by_its_refund() -> None:
    world = World()
    order = world.activated()
    world.do("request_refund", REFUND, order)
    assert world.do("approve_refund", REFUND)[-1] == "key.voided"


def test_a_partial_refund_leaves_the_other_units_usable() -> None:
    world = World()
    order = world.delivered(units=4)
    world.do("request_refund", REFUND, order, 1)
    assert world.do("approve_refund", REFUND) == [
        "refund.approved",
        "refund.executed",
        "ledger.posted",
        "bundle.units_refunded",
    ]
    found = world.trade.load(Order, order)
    assert (found.state, found.funds, found.escrow) == ("delivered", "held", PRICE.amount * 3 // 4)
    world.do("activate_key", order, BUYER, NOW)
    world.do("use_units", order, BUYER, 3)


def test_the_parts_of_a_refund_add_up_to_what_was_paid() -> None:
    world = World()
    order = world.delivered(units=3)
    for number in range(3):
        refund = identifier("rfd", f"part {number}")
        world.do("request_refund", refund, order, 1)
        world.do("approve_refund", refund)
    moved = [
        world.trade.load(Refund, identifier("rfd", f"part {number}")).money.amount
        for number in range(3)
    ]
    assert sum(moved) == PRICE.amount
    assert world.trade.load(Order, order).state == "refunded"


def test_two_approvals_never_pay_twice() -> None:
    world = World()
    order = world.delivered()
    second = identifier("rfd", "second")
    world.do("request_refund", REFUND, order)
    world.do("request_refund", second, order)
    world.do("approve_refund", REFUND)
    before = world.size()
    with pytest.raises(IllegalTransitionError):
        world.do("approve_refund", second)
    with pytest.raises(IllegalTransitionError):
        world.do("approve_refund", REFUND)
    assert world.size() == before


@pytest.mark.parametrize("units", [0, -1, 5])
def test_more_units_than_are_left_are_refused(units: int) -> None:
    world = World()
    order = world.delivered(units=4)
    with pytest.raises(RefundTooLargeError):
        world.do("request_refund", REFUND, order, units)


def test_while_a_dispute_is_open_no_refund_is_agreed() -> None:
    world = World()
    order = world.delivered()
    world.do("request_refund", REFUND, order)
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    with pytest.raises(DisputeOpenError):
        world.do("approve_refund", REFUND)


def test_released_money_is_not_refunded_here() -> None:
    world = World()
    order = world.confirmed()
    world.do("request_refund", REFUND, order)
    world.do("release_funds", order)
    with pytest.raises(IllegalTransitionError):
        world.do("approve_refund", REFUND)


def test_a_declined_refund_is_over() -> None:
    world = World()
    order = world.delivered()
    world.do("request_refund", REFUND, order)
    assert world.do("decline_refund", REFUND, "as described") == ["refund.declined"]
    with pytest.raises(IllegalTransitionError):
        world.do("approve_refund", REFUND)


def test_a_transfer_may_fail_and_is_settled_once() -> None:
    world = World()
    order = world.paid()
    world.do("request_refund", REFUND, order)
    world.do("approve_refund", REFUND)
    assert world.do("fail_refund", REFUND, "account closed") == ["refund.failed"]
    assert world.do("settle_refund", REFUND, "t-1") == ["refund.settled", "ledger.posted"]
    with pytest.raises(IllegalTransitionError):
        world.do("settle_refund", REFUND, "t-2")


def test_the_refund_of_one_order_touches_no_other() -> None:
    world = World()
    one, other = world.stocked(["AAAA", "BBBB"])
    first, second = world.delivered(one, "one"), world.delivered(other, "other")
    before = world.trade.load(Order, second).version, world.trade.load(Key, other).version
    world.do("request_refund", REFUND, first)
    world.do("approve_refund", REFUND)
    after = world.trade.load(Order, second).version, world.trade.load(Key, other).version
    assert after == before
