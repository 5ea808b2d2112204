"""Checkouts: orders placed and paid together, some never paid, some raced for.

``tests/domain/market/test_marketplace.py``.
"""

from collections.abc import Iterator
from typing import Final

from domain.errors import AmountMismatchError, SoldOutError
from domain.market.action import Action
from domain.market.stock import Product
from domain.market.stories import CHANNEL, TIMER, Bought, Story, Who, after_payment
from domain.market.teller import MINUTE, Teller
from domain.money import Money
from domain.orders.sales import Basket

SERVER: Final[Who] = ("checkout", "platform", "web")


class Checkout:
    """One buyer's checkout of some products."""

    def __init__(self, teller: Teller, buyer: str, products: list[Product]) -> None:
        self.teller = teller
        self.buyer = buyer
        self.id = teller.new("chk")
        self.payment = teller.new("pay")
        self.bought = [
            Bought(teller.new("ord"), product, product.keys.popleft(), buyer)
            for product in products
        ]

    @property
    def due(self) -> Money:
        """What all of it costs."""
        return Money(sum(each.product.price.amount for each in self.bought), "CNY")

    def story(self) -> Story:
        """Tell it up to the payment, or up to the reservation's end."""
        for each in self.bought:
            yield self._place(each)
            self.teller.wait(1, 20)
        if self.teller.dice.percent(3):
            yield self._lose_race(self.bought[0])
        who: Who = (self.buyer, "consumer", "web")
        asked = {"payment": self.payment, "checkout": self.id, "due": self.due}
        yield self.teller.act(who, "initiate_payment", **asked)
        if self.teller.dice.percent(6):
            yield from self._never_paid()
            return
        self.teller.wait(3, 2 * MINUTE)
        if self.teller.dice.percent(2):
            yield from self._wrong_amount()
        yield self._capture(self.due)

    def is_paid_by(self, action: Action) -> bool:
        """Say whether *action* is what pays this checkout."""
        return action.use_case == "capture_payment" and not action.refused

    def orders(self, seed: int, name: str) -> Iterator[Story]:
        """Give one story an order, for after the payment."""
        for number, each in enumerate(self.bought):
            teller = Teller(seed, f"{name}/{number}", self.teller.at)
            yield after_payment(teller, each)

    def _place(self, each: Bought, order: str | None = None) -> Action:
        basket = Basket(order or each.order, self.id, self.buyer, each.key, each.product.price)
        who: Who = (self.buyer, "consumer", "web")
        return self.teller.act(who, "place_order", basket=basket)

    def _lose_race(self, each: Bought) -> Action:
        """Return another buyer's order of the same key: sold out."""
        loser = self.teller.new("usr")
        order, checkout = self.teller.new("ord"), self.teller.new("chk")
        basket = Basket(order, checkout, loser, each.key, each.product.price)
        who: Who = (loser, "consumer", "web")
        return self.teller.act(who, "place_order", SoldOutError, basket=basket)

    def _never_paid(self) -> Story:
        self.teller.at += 15 * MINUTE
        for each in self.bought:
            closed = {"order": each.order, "cause": "expired"}
            yield self.teller.act(TIMER, "close_order", **closed)
            each.product.keys.append(each.key)

    def _wrong_amount(self) -> Story:
        yield self._capture(Money(1, "CNY"), AmountMismatchError)
        reason = {"payment": self.payment, "reason": "amount differs from what was asked for"}
        yield self.teller.act(SERVER, "refuse_callback", **reason)
        self.teller.wait(3, MINUTE)

    def _capture(self, received: Money, *refused: type[AmountMismatchError]) -> Action:
        arguments = {
            "payment": self.payment,
            "received": received,
            "orders": tuple(each.order for each in self.bought),
            "payer": {"account": f"sandbox-{self.buyer[-6:]}", "name": "测试用户"},
        }
        return self.teller.act(CHANNEL, "capture_payment", *refused, **arguments)
