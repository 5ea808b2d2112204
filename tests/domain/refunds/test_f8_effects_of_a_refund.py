"""F8: key and money move in one transaction; the ledger nets to zero; no other is touched.

The regression tests T13 to T15 of ``features.md``, section 7, stand here, each with the
threads that report the failure in other shops.
"""

import pytest

from domain.errors import (
    AlreadyUsedError,
    IllegalTransitionError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.ledger.posting import balances
from domain.money import Money
from domain.orders.order import Order
from domain.orders.sales import Basket
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, PRICE, World, identifier

REFUND, DISPUTE = identifier("rfd"), identifier("dsp")
STRANGER = identifier("usr", "stranger")


def refunded(world: World, order: str, units: int | None = None, name: str = "a") -> list[str]:
    """Let the buyer ask and the merchant agree; return what the consent recorded."""
    refund = identifier("rfd", name)
    world.do("request_refund", refund, order, units)
    return world.do("approve_refund", refund)


def key_of(world: World, order: str) -> Key:
    """Return the key that was sold with *order*."""
    return world.trade.load(Key, world.trade.load(Order, order).key)


def test_f8_key_and_money_move_in_one_command() -> None:
    world = World()
    order = world.delivered()
    assert refunded(world, order) == [
        *("refund.approved", "refund.executed", "ledger.posted", "order.refunded"),
        *("bundle.units_refunded", "voucher.revoked", "key.returned"),
    ]


def test_f8_the_ledger_nets_to_zero_when_the_transfer_is_settled() -> None:
    world = World()
    refunded(world, world.delivered())
    world.do("fail_refund", REFUND, "account closed")
    world.do("settle_refund", REFUND, "transfer")
    assert balances(world.events()) == {}
    with pytest.raises(IllegalTransitionError):
        world.do("settle_refund", REFUND, "transfer")


def test_f8_an_undelivered_order_is_refunded_by_the_platform_after_its_deadline() -> None:
    world = World()
    order = world.paid()
    arguments = (REFUND, order, "2026-11-22T10:10:00Z")
    with pytest.raises(WrongPartyError):
        world.do("refund_undelivered", *arguments)
    early = (REFUND, order, "2026-11-22T10:09:59Z")
    with pytest.raises(Exception, match="may be delivered until 2026-11-22T10:10:00Z"):
        world.let("platform", "timer", "refund_undelivered", *early)
    topics = world.let("platform", "timer", "refund_undelivered", *arguments)
    assert topics[-1] == "key.returned"
    assert key_of(world, order).state == "returned"


@pytest.mark.parametrize("how", ["by consent", "by dispute"])
def test_t13_refunded_then_activated_is_refused(how: str) -> None:
    """antiwork/gumroad#7326, license-wp/license-wp#34, woocommerce/woocommerce#18363."""
    world = World()
    order = world.delivered()
    if how == "by consent":
        refunded(world, order)
    else:
        world.do("open_dispute", DISPUTE, order, "consumer")
        world.let("merchant", "M-LAN", "concede_dispute", DISPUTE)
        world.do("execute_ruling", DISPUTE, REFUND, NOW)
    before = world.size()
    for use_case, arguments in (
        ("activate_key", (order, BUYER, NOW)),
        ("reveal_key", (order, BUYER, "redeem")),
        ("use_units", (order, BUYER, 1)),
        ("renew_voucher", (order, LATER)),
    ):
        with pytest.raises((IllegalTransitionError, WrongPartyError)):
            world.do(use_case, *arguments)
    assert world.size() == before
    assert not key_of(world, order).voucher_live


def test_t13_activated_then_refunded_voids_the_key() -> None:
    """antiwork/gumroad#7326, license-wp/license-wp#34, woocommerce/woocommerce#18363."""
    world = World()
    order = world.activated()
    assert refunded(world, order)[-1] == "key.voided"
    with pytest.raises(IllegalTransitionError):
        world.do("list_key", key_of(world, order).id)


def test_t14_a_refund_touches_no_other_customer_s_key() -> None:
    """awesomemotive/easy-digital-downloads#1175, pluginever/wc-serial-numbers#480."""
    world = World()
    first, second = world.stocked(("AAAA-BBBB", "CCCC-DDDD"))
    one, other = world.delivered(first, "one"), world.delivered(second, "other")
    before = [each for each in world.events() if each.originator_id == second]
    refunded(world, one)
    assert [each for each in world.events() if each.originator_id == second] == before
    world.do("activate_key", other, BUYER, NOW)


def test_t14_a_returned_key_sold_again_shows_nothing_of_its_first_order() -> None:
    """awesomemotive/easy-digital-downloads#1175, pluginever/wc-serial-numbers#480."""
    world = World()
    order = world.delivered()
    refunded(world, order)
    key = key_of(world, order).id
    world.do("list_key", key)
    again = identifier("ord", "again")
    world.do("place_order", Basket(again, identifier("chk", "again"), STRANGER, key, PRICE))
    payment = identifier("pay", "again")
    world.do("initiate_payment", payment, identifier("chk", "again"), PRICE)
    world.do("capture_payment", payment, PRICE, [again], {"name": "another"})
    world.do("deliver_order", again, LATER)
    found = world.trade.load(Key, key)
    assert (found.order, found.units_left, found.units_refunded) == (again, 1, 0)
    before = world.size()
    for use_case, arguments in (
        ("activate_key", (order, BUYER, NOW)),
        ("renew_voucher", (order, LATER)),
        ("expire_voucher", (order, MUCH_LATER)),
        ("request_refund", (REFUND, order)),
        ("open_dispute", (DISPUTE, order, "consumer")),
    ):
        with pytest.raises((IllegalTransitionError, WrongPartyError)):
            world.do(use_case, *arguments)
    assert world.size() == before
    world.let("consumer", STRANGER, "activate_key", again, STRANGER, NOW)


def test_t15_a_partial_refund_leaves_the_other_units_and_orders_usable() -> None:
    """woocommerce/woocommerce#67008, awesomemotive/easy-digital-downloads#7758."""
    world = World()
    first, second = world.stocked(("AAAA-BBBB", "CCCC-DDDD"), units=4)
    checkout, price = identifier("chk"), Money(PRICE.amount * 2, "CNY")
    orders = [identifier("ord", each) for each in ("one", "other")]
    for order, key in zip(orders, (first, second), strict=True):
        world.do("place_order", Basket(order, checkout, BUYER, key, PRICE))
    world.do("initiate_payment", identifier("pay"), checkout, price)
    world.do("capture_payment", identifier("pay"), price, orders, {"name": "somebody"})
    for order in orders:
        world.do("deliver_order", order, LATER)
        world.do("activate_key", order, BUYER, NOW)
    refunded(world, orders[0], 1)
    for order, left in zip(orders, (3, 4), strict=True):
        for _ in range(left):
            world.do("use_units", order, BUYER, 1)
        with pytest.raises(AlreadyUsedError):
            world.do("use_units", order, BUYER, 1)
        world.do("confirm_order", order, "consumer")
        world.do("release_funds", order)
    assert world.trade.load(Order, orders[0]).released == PRICE.amount * 3 // 4
    assert world.trade.load(Order, orders[1]).released == PRICE.amount
