"""Ordering a product: any key of it, at the record's price, sold out only when there is none."""

from collections.abc import Sequence
from typing import Any

import pytest

from chain.register import Register
from domain.catalogue.product import Product
from domain.errors import (
    AmountMismatchError,
    HoldLimitError,
    NotFoundError,
    NotOfferedError,
    SoldOutError,
)
from domain.keys.key import Key
from domain.keys.shelf import SHELF
from domain.money import Money
from domain.orders.holds import HOLDS
from domain.orders.order import Order
from domain.orders.placing import Basket, Wish
from tests.domain.given import (
    BUYER,
    NOW,
    PRICE,
    PRODUCT,
    MemoryTrade,
    World,
    identifier,
    key_of_line,
)


def wish(name: str, price: Money | None = None, buyer: str | None = None) -> Wish:
    buyer = buyer or identifier("usr", name)
    return Wish(identifier("ord", name), identifier("chk", name), buyer, PRODUCT, price)


def priced(keys: int) -> World:
    world = World()
    world.stocked([f"AAAA-{number:04}" for number in range(keys)])
    world.do("reprice_product", PRODUCT, PRICE)
    return world


def test_a_product_is_ordered_and_a_key_of_it_is_held() -> None:
    world = priced(3)
    assert world.do("order_product", wish("a")) == ["order.placed", "key.reserved"]
    order = world.trade.load(Order, identifier("ord", "a"))
    assert (order.amount, order.currency) == (PRICE.amount, PRICE.currency)
    assert world.trade.load(Key, order.key).order == order.id


def test_every_key_of_a_product_is_sold_before_it_is_sold_out() -> None:
    world = priced(7)
    for number in range(7):
        world.do("order_product", wish(str(number)))
    placed = [event for event in world.events() if event.TOPIC == "order.placed"]
    assert {event.key for event in placed} == {key_of_line(line) for line in range(1, 8)}  # type: ignore[attr-defined]
    assert not world.trade.is_orderable(PRODUCT, NOW)
    with pytest.raises(SoldOutError, match="no key of it is left"):
        world.do("order_product", wish("late"))


@pytest.mark.parametrize("leaving", ["unlisted", "quarantined"])
def test_t16_what_left_the_shelf_is_not_orderable(leaving: str) -> None:
    """Shape-and-Shift/shopware-esd#26: sold out, and ordered all the same."""
    world = priced(1)
    command, key = world.command(), world.trade.load(Key, key_of_line(1))
    if leaving == "unlisted":
        key.take_off(command)
    else:
        key.quarantine(command, "fault")
    world.trade.record(command)
    assert not world.trade.is_orderable(PRODUCT, NOW)
    with pytest.raises(SoldOutError):
        world.do("order_product", wish("a"))
    basket = Basket(identifier("ord"), identifier("chk"), BUYER, key_of_line(1), PRICE)
    with pytest.raises(SoldOutError):
        world.do("place_order", basket)


def test_t16_a_cancelled_order_s_key_is_orderable_again() -> None:
    world = priced(1)
    world.do("order_product", wish("a"))
    assert not world.trade.is_orderable(PRODUCT, NOW)
    world.do("close_order", identifier("ord", "a"), "cancelled")
    assert world.trade.is_orderable(PRODUCT, NOW)
    world.do("order_product", wish("b"))


def test_t16_a_product_that_is_withdrawn_is_not_orderable_whatever_stands_on_its_shelf() -> None:
    world = priced(1)
    world.do("withdraw_product", PRODUCT)
    assert world.trade.rows_of(SHELF)
    assert not world.trade.is_orderable(PRODUCT, NOW)
    with pytest.raises(NotOfferedError):
        world.do("order_product", wish("a"))
    with pytest.raises(NotOfferedError):
        world.placed(key_of_line(1))


def test_what_nobody_offers_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        World().do("order_product", wish("a"))
    with pytest.raises(NotFoundError):
        World().trade.is_orderable(PRODUCT, NOW)


@pytest.mark.parametrize(
    "stated", [Money(1, "CNY"), Money(9_799, "CNY"), Money(0, "CNY"), Money(9_800, "USD")]
)
def test_t05_the_price_is_the_record_s_whatever_the_buyer_says(stated: Money) -> None:
    """macrozheng/mall#998, lizhipay/acg-faka#781: the client sent the price, and was believed."""
    world = priced(1)
    before = world.size()
    with pytest.raises(AmountMismatchError):
        world.do("order_product", wish("a", stated))
    basket = Basket(identifier("ord"), identifier("chk"), BUYER, key_of_line(1), stated)
    with pytest.raises(AmountMismatchError):
        world.do("place_order", basket)
    assert world.size() == before


@pytest.mark.parametrize("stated", [Money(0, "CNY"), Money(-9_800, "CNY")])
def test_t05_without_a_price_nothing_costs_nothing_or_less(stated: Money) -> None:
    world = World()
    world.stocked()
    with pytest.raises(AmountMismatchError):
        world.do(
            "place_order",
            Basket(identifier("ord"), identifier("chk"), BUYER, key_of_line(1), stated),
        )
    with pytest.raises(AmountMismatchError, match="has no price"):
        world.do("order_product", wish("a"))


def test_a_new_price_is_for_the_orders_that_follow() -> None:
    world = priced(2)
    world.do("order_product", wish("a"))
    dearer = Money(PRICE.amount + 100, "CNY")
    world.do("reprice_product", PRODUCT, dearer)
    with pytest.raises(AmountMismatchError):
        world.do("order_product", wish("b", PRICE))
    world.do("order_product", wish("b", dearer))
    amounts = [world.trade.load(Order, identifier("ord", name)).amount for name in "ab"]
    assert amounts == [PRICE.amount, dearer.amount]
    assert world.trade.load(Product, PRODUCT).title == "音乐会员季卡"


class StaleTrade(MemoryTrade):
    """Sees a shelf of the past, as whoever looks while others take does."""

    stale: tuple[tuple[Any, ...], ...] = ()
    looks = 0

    def rows_of(
        self, register: Register, limit: int | None = None, **where: object
    ) -> Sequence[tuple[Any, ...]]:
        """Return the past at the first looks."""
        if register is SHELF and self.looks:
            self.looks -= 1
            return self.stale
        return super().rows_of(register, limit, **where)


def test_who_looked_at_a_shelf_of_the_past_looks_again() -> None:
    world = World()
    trade = world.trade = StaleTrade()
    world.stocked(["AAAA-0001", "AAAA-0002"])
    world.do("reprice_product", PRODUCT, PRICE)
    trade.stale = ((PRODUCT, key_of_line(1)),)
    world.placed(key_of_line(1))
    trade.looks = 3
    world.do("order_product", wish("b"))
    assert trade.looks == 0
    assert world.trade.load(Order, identifier("ord", "b")).key == key_of_line(2)


def test_who_always_sees_the_past_is_told_that_it_is_sold_out() -> None:
    world = World()
    trade = world.trade = StaleTrade()
    world.stocked(["AAAA-0001"])
    world.do("reprice_product", PRODUCT, PRICE)
    world.placed(key_of_line(1))
    trade.stale, trade.looks = ((PRODUCT, key_of_line(1)),), 1_000
    with pytest.raises(SoldOutError):
        world.do("order_product", wish("b"))
    assert trade.looks > 900, "the tries are bounded"


def test_the_same_command_again_is_the_same_order() -> None:
    world = priced(2)
    first = world.trade.order_product(world.command("cmd/order"), wish("a"))
    assert world.trade.order_product(world.command("cmd/order"), wish("a")) == first
    assert len(world.trade.rows_of(HOLDS)) == 1


def test_the_limit_holds_for_products_too() -> None:
    world = priced(4)
    for number in range(3):
        world.do("order_product", wish(str(number), buyer=BUYER))
    with pytest.raises(HoldLimitError):
        world.do("order_product", wish("3", buyer=BUYER))
