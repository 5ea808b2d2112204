"""What a channel says besides a first payment: again, against itself, and that it is gone."""

from typing import Any

import pytest

from domain.errors import CallbackRefusedError
from domain.event import EVENTS, Event, read_event
from domain.orders.order import Order
from domain.payments.payment import Payment
from domain.payments.receiving import CALLBACKS
from tests.domain.given import BUYER, MERCHANT, PRICE, PRODUCT, identifier, meta_of
from tests.domain.payments.paying import BANK, MAIN, Paying, notice, signed

OLD: dict[str, dict[str, object]] = {
    "order.placed": {
        "checkout": identifier("chk"),
        "buyer": BUYER,
        "merchant": MERCHANT,
        "product": PRODUCT,
        "key": identifier("key"),
        "units": 1,
        "amount": 1,
        "currency": "CNY",
    },
    "key.reserved": {"order": identifier("ord")},
    "payment.initiated": {"checkout": identifier("chk"), "amount": 1, "currency": "CNY"},
    "payment.captured": {"checkout": identifier("chk"), "amount": 1, "currency": "CNY"},
    "payment.callback_refused": {"reason": "amount"},
    "product.created": {"merchant": MERCHANT, "code": "SKU"},
    "product.updated": {"title": "月卡"},
    "refund.executed": {"refund": identifier("rfd"), "amount": 1, "currency": "CNY", "units": 0},
    "refund.settled": {"transfer": "T"},
    "refund.failed": {"reason": "closed"},
}
"""Payloads of version 1, as they stand in logs."""


@pytest.mark.parametrize("topic", sorted(OLD))
def test_what_was_written_before_is_read_and_says_no_more_than_it_did(topic: str) -> None:
    meta = meta_of("cmd/1")
    old = _body(EVENTS[topic], OLD[topic])
    read = read_event("stream", 1, topic, old)
    assert read == EVENTS[topic]("stream", 1, meta, **OLD[topic])
    assert EVENTS[topic].SCHEMA == 2
    assert read.data() == OLD[topic]


def _body(cls: type[Event], data: dict[str, object]) -> bytes:
    new = cls("stream", 1, meta_of("cmd/1"), **data)
    return new.body().replace(b'"schema":2', b'"schema":1')


def test_a_refused_callback_that_comes_again_is_refused_again_and_written_once() -> None:
    world = Paying()
    world.charged()
    wrong = signed(notice(amount=1))
    for _ in range(3):
        with pytest.raises(CallbackRefusedError):
            world.hears(wrong)
    assert world.topics().count("payment.callback_refused") == 1
    assert len(world.trade.rows_of(CALLBACKS)) == 1


def test_the_payer_s_bank_takes_the_money_back_once() -> None:
    world = Paying()
    order = world.charged()
    world.hears(signed(notice()))
    said = notice(kind="payment.charged_back")
    assert world.hears(signed(said, nonce="2")) == ["payment.charged_back"]
    assert world.hears(signed(said, nonce="3")) == ["payment.callback_refused"]
    # What becomes of the order is for a dispute to say.
    assert world.trade.load(Order, order).state == "paid"


@pytest.mark.parametrize(
    "changes", [{"amount": PRICE.amount + 1}, {"transaction": "T-another"}, {"currency": "USD"}]
)
def test_a_chargeback_of_what_was_not_paid_is_refused(changes: dict[str, Any]) -> None:
    world = Paying()
    world.charged()
    world.hears(signed(notice()))
    with pytest.raises(CallbackRefusedError):
        world.hears(signed(notice(kind="payment.charged_back", **changes), nonce="2"))
    assert "payment.charged_back" not in world.topics()


def test_of_two_payments_for_one_order_the_second_goes_back() -> None:
    """A buyer opens two pages, pays on both, and is served and charged once."""
    world = Paying()
    order = world.charged()
    second = (identifier("pay", "b"), identifier("chk"), PRICE, [order], BANK)
    world.do("initiate_payment", *second)
    world.hears(signed(notice()))
    said = notice(BANK, payment=identifier("pay", "b"))
    assert world.hears(signed(said, BANK)) == ["payment.unmatched", "refund.executed"]
    assert world.trade.load(Payment, identifier("pay", "b")).state == "unmatched"
    assert world.trade.load(Order, order).payment == identifier("pay")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"refund": identifier("rfd", "x")}, "refund: there is no such refund"),
        ({"refund": identifier("rfd", "b")}, "refund: is of another payment"),
        ({"amount": 1}, "amount: is not the refund's"),
        ({"checkout": identifier("chk", "b")}, "checkout: is not the payment's"),
    ],
)
def test_a_refund_settles_only_as_what_it_is(changes: dict[str, object], reason: str) -> None:
    world = Paying()
    keys = world.stocked(["AAAA-0001", "AAAA-0002"])
    for name, key in zip("ab", keys, strict=True):
        order = world.ordered(name, key)
        world.charge(name, [order])
        world.hears(signed(notice(name=name), nonce=f"{name.encode().hex()}"))
        world.do("request_refund", identifier("rfd", name), order)
        world.do("approve_refund", identifier("rfd", name))
    said = notice(MAIN, kind="refund.settled", transaction="R-0000001", refund=identifier("rfd"))
    with pytest.raises(CallbackRefusedError):
        world.hears(signed(said | changes, nonce="3"))
    assert world.refusals() == [reason]
    assert world.hears(signed(said, nonce="4")) == ["refund.settled"]


def test_what_the_log_says_of_a_sandbox_is_marked() -> None:
    world = Paying()
    world.charged()
    world.hears(signed(notice()))
    [captured] = [event for event in world.events() if event.TOPIC == "payment.captured"]
    assert captured.data()["sandbox"] is True
    assert (captured.meta.actor, captured.meta.role) == ("paylink/main", "channel")
