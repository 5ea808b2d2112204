"""A sale from end to end, and what is refused on the way."""

import pytest

from domain.errors import (
    AmountMismatchError,
    IllegalTransitionError,
    SoldOutError,
    VoucherNotLiveError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.money import Money
from domain.orders.order import Order
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, PRICE, World, identifier


def test_a_paid_order_holds_key_and_money_in_one_command() -> None:
    world = World()
    order = world.placed()
    payment = identifier("pay")
    world.do("initiate_payment", payment, identifier("chk"), PRICE)
    topics = world.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
    assert topics == ["payment.captured", "order.paid", "funds.held", "key.sold"]


def test_a_delivered_order_has_a_code_that_the_log_does_not_show() -> None:
    world = World()
    order = world.paid(units=3)
    assert world.do("deliver_order", order, LATER) == [
        "voucher.issued",
        "order.delivered",
        "bundle.issued",
    ]
    codes = [value for subject, value in world.sealer.values.values() if subject == BUYER]
    assert len([each for each in codes if isinstance(each, str)]) == 1


def test_before_payment_there_is_no_code() -> None:
    world = World()
    order = world.placed()
    with pytest.raises(IllegalTransitionError):
        world.do("deliver_order", order, LATER)
    assert not any(topic.startswith("voucher.") for topic in world.topics())


def test_confirming_and_releasing_take_an_activated_key_along() -> None:
    world = World()
    order = world.activated()
    assert world.do("confirm_order", order, "consumer") == ["order.confirmed", "key.confirmed"]
    assert world.do("release_funds", order) == ["funds.released", "key.released"]
    assert world.do("close_order", order, "completed") == ["order.closed"]


def test_a_key_activated_after_the_release_catches_up() -> None:
    world = World()
    order = world.confirmed()
    world.do("release_funds", order)
    topics = world.do("activate_key", order, BUYER, NOW)
    assert topics == ["key.activated", "key.confirmed", "key.released"]


def test_activation_alone_never_confirms() -> None:
    world = World()
    order = world.activated()
    assert world.trade.load(Order, order).state == "delivered"
    with pytest.raises(IllegalTransitionError):
        world.do("release_funds", order)


def test_a_second_delivery_is_refused() -> None:
    world = World()
    order = world.delivered()
    before = world.size()
    with pytest.raises(IllegalTransitionError, match="delivered"):
        world.do("deliver_order", order, LATER)
    assert world.size() == before


def test_an_unpaid_order_gives_its_key_back() -> None:
    world = World()
    key = world.stocked()[0]
    order = world.placed(key)
    assert world.do("close_order", order, "expired") == ["order.closed", "key.reservation_released"]
    world.placed(key, "second")


def test_an_order_in_the_middle_is_not_closed() -> None:
    world = World()
    order = world.delivered()
    for cause in ("expired", "completed"):
        with pytest.raises(IllegalTransitionError, match="delivered"):
            world.do("close_order", order, cause)


def test_a_taken_key_is_sold_out() -> None:
    world = World()
    key = world.stocked()[0]
    world.placed(key)
    with pytest.raises(SoldOutError):
        world.placed(key, "second")


@pytest.mark.parametrize(
    "received", [Money(9_799, "CNY"), Money(0, "CNY"), Money(-9_800, "CNY"), Money(9_800, "USD")]
)
def test_only_the_amount_that_is_due_pays(received: Money) -> None:
    world = World()
    order, payment = world.placed(), identifier("pay")
    world.do("initiate_payment", payment, identifier("chk"), PRICE)
    before = world.size()
    with pytest.raises(AmountMismatchError):
        world.do("capture_payment", payment, received, [order], {})
    assert world.size() == before
    assert world.do("refuse_callback", payment, "amount") == ["payment.callback_refused"]


def test_a_payment_pays_only_its_own_checkout() -> None:
    world = World()
    order, payment = world.placed(), identifier("pay")
    world.do("initiate_payment", payment, identifier("chk", "other"), PRICE)
    with pytest.raises(WrongPartyError):
        world.do("capture_payment", payment, PRICE, [order], {})


def test_a_payment_is_captured_once() -> None:
    world = World()
    order = world.paid()
    with pytest.raises(IllegalTransitionError, match="captured"):
        world.do("capture_payment", identifier("pay"), PRICE, [order], {})


def test_nobody_else_can_use_a_key() -> None:
    world = World()
    order = world.delivered()
    for use_case, rest in (("activate_key", [NOW]), ("reveal_key", ["x"]), ("use_units", [1])):
        with pytest.raises(WrongPartyError):
            world.do(use_case, order, identifier("usr", "thief"), *rest)


def test_a_code_past_its_time_is_renewed() -> None:
    world = World()
    order = world.delivered()
    assert world.do("expire_voucher", order, LATER) == ["voucher.expired"]
    with pytest.raises(VoucherNotLiveError):
        world.do("activate_key", order, BUYER, LATER)
    world.do("renew_voucher", order, MUCH_LATER)
    assert world.do("activate_key", order, BUYER, LATER) == ["key.activated"]


def test_units_of_a_bundle_are_used_up() -> None:
    world = World()
    order = world.activated(units=2)
    assert world.do("use_units", order, BUYER, 2) == ["bundle.unit_used"]
    key = world.trade.load(Key, world.trade.load(Order, order).key)
    assert key.units_left == 0
