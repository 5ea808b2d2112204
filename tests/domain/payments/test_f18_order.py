"""F18: callbacks early, twice, late and after a refund, in every order: one delivery, all kept.

The steps of a sale are shuffled in every way. Whatever the order: at most one order of the key
is served, money that no order waited for goes back, nothing is counted twice, and every
verified callback stands in the log.
"""

from collections import Counter
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING

import pytest

from domain.errors import Refusal
from domain.keys.key import Key
from domain.orders.holds import HOLDS, holds_of
from domain.orders.order import Order
from domain.orders.placing import Basket
from domain.payments.receiving import CALLBACKS, callbacks_of
from tests.domain.given import BUYER, LATER, PRICE, identifier
from tests.domain.payments.paying import IN_TIME, MAIN, TOO_LATE, Paying, notice, signed

if TYPE_CHECKING:
    from collections.abc import Callable


class Sale(Paying):
    """One buyer, one key, and the steps that may come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.key = self.stocked()[0]
        self.order = self.ordered("a", self.key)
        self.now = IN_TIME
        self.heard = 0
        self.steps: dict[str, Callable[[], object]] = {
            "initiate": lambda: self.charge("a", [self.order], now=self.now),
            "paid": lambda: self.said("1"),
            "paid again": lambda: self.said("2"),
            "paid the same": lambda: self.said("1"),
            "paid twice over": lambda: self.said("3", transaction="T-second-0"),
            "hold ends": self.end,
            "refund": self.refund,
            "deliver": lambda: self.do("deliver_order", self.order, LATER),
        }

    def said(self, nonce: str, **changes: str) -> None:
        """The channel says that it was paid."""
        self.heard += 1
        self.hears(signed(notice(MAIN, **changes), nonce=nonce, date=self.now), self.now)

    def end(self) -> None:
        """The hold's time is over, and the worker is there."""
        self.now = TOO_LATE
        self.do("expire_order", self.order, self.now)

    def refund(self) -> None:
        """The merchant pays back what there is."""
        self.do("request_refund", identifier("rfd"), self.order)
        self.do("approve_refund", identifier("rfd"))

    def walk(self, steps: tuple[str, ...]) -> None:
        """Take *steps*, each of which may be refused."""
        for step in steps:
            try:
                self.steps[step]()
            except Refusal:
                continue

    def check(self, steps: tuple[str, ...]) -> None:
        """Nothing was delivered twice, no money is missing, no callback is forgotten."""
        topics = Counter(self.topics())
        assert topics["order.paid"] <= 1
        assert topics["order.delivered"] <= topics["order.paid"]
        assert topics["key.sold"] == topics["order.paid"]
        order, key = self.trade.load(Order, self.order), self.trade.load(Key, self.key)
        assert (key.order == order.id) == (order.state in ("placed", "paid", "delivered"))
        money = self.money()
        assert money["in"] == money["held"] + money["back"] + money["kept"], steps
        kept = {each.meta.command_id for each in self.events() if each.meta.role == "channel"}
        nonces = {step for step in steps if step.startswith("paid") and step != "paid the same"}
        if "paid the same" in steps:
            nonces.add("paid")
        assert len(kept) == len(nonces), "every verified callback is an event, once"
        assert list(callbacks_of(self.events())) == self.trade.rows_of(CALLBACKS)
        assert list(holds_of(self.events())) == self.trade.rows_of(HOLDS)

    def money(self) -> Counter[str]:
        """Return what came in, by each transaction once, and where it is."""
        found: Counter[str] = Counter()
        brought: dict[str, int] = {}
        for each in self.events():
            if each.TOPIC == "payment.captured":
                brought[each.transaction] = each.amount  # type: ignore[attr-defined]
            elif each.TOPIC == "payment.unmatched":
                brought.setdefault(each.transaction, each.amount)  # type: ignore[attr-defined]
            elif each.TOPIC == "refund.executed":
                found["back"] += each.amount  # type: ignore[attr-defined]
        found["in"] = sum(brought.values())
        found["held"] = self.trade.load(Order, self.order).escrow
        if "payment.unmatched" in self.topics() or "payment.initiated" in self.topics():
            payment = self.trade._find_payment(identifier("pay"))
            found["kept"] = sum(money.amount for money, _ in payment.kept.values())
        return found


FOURS = [
    ("initiate", "paid", "paid again", "hold ends"),
    ("initiate", "paid", "paid again", "refund"),
    ("initiate", "paid", "paid twice over", "refund"),
    ("initiate", "paid", "paid the same", "deliver"),
    ("initiate", "paid", "paid twice over", "hold ends"),
]


@pytest.mark.parametrize("steps", FOURS, ids=", ".join)
def test_every_order_of_four_steps_ends_with_one_delivery_at_most(steps: tuple[str, ...]) -> None:
    paid = 0
    for order in permutations(steps):
        sale = Sale()
        sale.walk(order)
        sale.check(order)
        paid += sale.topics().count("order.paid")
    assert paid, "some order of the steps is the good one"


def test_a_seeded_scheduler_finds_no_order_of_six_that_delivers_twice() -> None:
    names = sorted(Sale().steps)
    for seed in range(120):
        steps = tuple(Random(seed).sample(names, 6))
        sale = Sale()
        sale.walk(steps)
        sale.check(steps)


def test_money_that_comes_before_its_payment_is_known_waits_for_it() -> None:
    sale = Sale()
    assert sale.hears(signed(notice())) == ["payment.unmatched"]
    assert sale.trade.load(Order, sale.order).state == "placed"
    assert sale.charge("a", [sale.order]) == [
        *("payment.initiated", "payment.captured", "order.paid", "funds.held", "key.sold"),
    ]
    assert sale.hears(signed(notice(), nonce="2")) == ["payment.callback_refused"]


def test_early_money_that_nobody_asks_for_goes_back_once() -> None:
    sale = Sale()
    sale.hears(signed(notice()))
    topics = sale.do("return_unclaimed", identifier("pay"))
    assert topics == ["payment.unmatched", "refund.executed"]
    with pytest.raises(Refusal):
        sale.do("return_unclaimed", identifier("pay"))
    sale.charge("a", [sale.order])
    assert "order.paid" not in sale.topics()


def test_late_money_goes_back_and_moves_no_order() -> None:
    sale = Sale()
    sale.walk(("initiate", "hold ends"))
    assert sale.hears(signed(notice(), date=TOO_LATE), TOO_LATE) == [
        *("payment.unmatched", "refund.executed"),
    ]
    order = sale.trade.load(Order, sale.order)
    assert (order.state, order.funds, order.escrow) == ("closed_unpaid", "none", 0)
    assert sale.trade.load(Key, sale.key).state == "listed"


def test_money_after_a_refund_goes_back_too() -> None:
    sale = Sale()
    sale.walk(("initiate", "paid", "refund"))
    second = signed(notice(transaction="T-second-0"), nonce="2")
    assert sale.hears(second) == ["payment.unmatched", "refund.executed"]
    assert sale.trade.load(Order, sale.order).state == "refunded"


def test_of_two_orders_paid_together_the_late_one_s_money_goes_back() -> None:
    world = Paying()
    keys = world.stocked(["AAAA-0001", "AAAA-0002"])
    orders = []
    for name, key in zip("ab", keys, strict=True):
        basket = Basket(identifier("ord", name), identifier("chk"), BUYER, key, PRICE)
        world.do("place_order", basket)
        orders.append(basket.order)
    world.charge("a", orders)
    world.do("close_order", orders[1], "cancelled")
    topics = world.hears(signed(notice(amount=2 * PRICE.amount)))
    assert topics == [
        *("payment.captured", "order.paid", "funds.held", "key.sold"),
        *("payment.unmatched", "refund.executed"),
    ]
    amounts = {
        event.TOPIC: event.amount  # type: ignore[attr-defined]
        for event in world.events()
        if event.TOPIC in ("payment.captured", "payment.unmatched", "refund.executed")
    }
    assert set(amounts.values()) == {PRICE.amount}


def test_a_transaction_pays_one_payment_and_no_other() -> None:
    world = Paying()
    keys = world.stocked(["AAAA-0001", "AAAA-0002"])
    for name, key in zip("ab", keys, strict=True):
        world.charge(name, [world.ordered(name, key)])
    world.hears(signed(notice(name="a")))
    stolen = notice(name="b", transaction="T-0000000a")
    with pytest.raises(Refusal):
        world.hears(signed(stolen, nonce="2"))
    assert world.refusals() == ["transaction: brought money for another payment"]
    assert world.trade.load(Order, identifier("ord", "b")).state == "placed"


def test_t03_paid_but_the_key_is_gone_is_paid_back() -> None:
    """T03: paid, but the key is gone: the money goes back, and nothing is delivered.

    lizhipay/acg-faka#913, lizhipay/acg-faka#940.
    """
    sale = Sale()
    sale.walk(("initiate",))
    # Nobody closed the first order; the second takes its key when its time is over.
    second = sale.ordered("b", sale.key, TOO_LATE, identifier("usr", "other"))
    sale.charge("b", [second], now=TOO_LATE)
    assert "order.paid" in sale.hears(signed(notice(name="b"), date=TOO_LATE), TOO_LATE)
    assert sale.hears(signed(notice(), nonce="2", date=TOO_LATE), TOO_LATE) == [
        *("payment.unmatched", "refund.executed"),
    ]
    assert sale.trade.load(Order, sale.order).state == "closed_unpaid"
    assert sale.trade.load(Key, sale.key).order == second
    with pytest.raises(Refusal):
        sale.do("deliver_order", sale.order, LATER)
