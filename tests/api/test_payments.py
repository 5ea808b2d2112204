"""Paying over HTTP: a channel is asked, once; what contradicts our record is refused."""

from api.commands import new_id, this_moment
from domain.money import Money
from domain.orders.order import Order
from domain.payments.payment import Payment
from tests.api.buying import BUYER, PRICE, STRANGER, Market, wait_for
from tests.domain.payments.counter import Counter
from tests.domain.payments.paying import MAIN

Paying = tuple[Market, Counter]


def asking(placed: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "buyer": BUYER,
        "checkout": placed["checkout"],
        "orders": [placed["order"]],
        "amount": PRICE.amount,
        "currency": PRICE.currency,
        "channel": MAIN.channel,
        **more,
    }


def state_of(market: Market, payment: str) -> str:
    return market.ledger.trade.load(Payment, payment).state


def test_the_channel_is_asked_once_and_says_where_to_pay(paying_market: Paying) -> None:
    market, counter = paying_market
    placed = market.placed()
    body, name = asking(placed), "pay-for-this-one-order"
    first = market.buyer.ask("/v1/payments", body, name)
    assert first.status == 201, first.body
    payment = first.json["payment"]
    page = f"https://sandbox.invalid/{MAIN.channel}/{payment}"
    assert (first.json["page"], first.json["sandbox"]) == (page, True)
    assert [first.json["channel"], first.json["connection"]] == list(MAIN)
    again = market.buyer.ask("/v1/payments", body, name)
    assert (again.json["payment"], again.json["page"]) == (payment, page)
    counter.ask("pay", MAIN, payment=payment)
    wait_for(lambda: counter.statuses() == [200])
    assert market.ledger.trade.load(Order, str(placed["order"])).state == "paid"
    # Paid by now: the same key tells what was recorded, and nothing is collected again.
    late = market.buyer.ask("/v1/payments", body, name)
    assert (late.status, late.json["payment"]) == (201, payment)
    assert "page" not in late.json


def test_a_channel_that_is_down_is_asked_again_by_the_same_key(paying_market: Paying) -> None:
    market, counter = paying_market
    body, name = asking(market.placed()), "pay-when-it-is-up-again"
    counter.fail("collect", "down", 3)
    down = market.buyer.ask("/v1/payments", body, name)
    assert (down.status, down.json["code"]) == (503, "party_unavailable")
    assert down.json["retry"] == {"when": "same_key"}
    assert b"127.0.0.1" not in down.body
    assert market.topics().count("payment.initiated") == 1

    def is_up() -> bool:
        reply = market.buyer.ask("/v1/payments", body, name)
        return reply.status == 201 and "page" in reply.json

    wait_for(is_up)
    assert market.topics().count("payment.initiated") == 1


def test_what_our_own_record_contradicts_is_refused(paying_market: Paying) -> None:
    market, _ = paying_market
    placed = market.placed()

    def refused(**more: object) -> tuple[int, str]:
        return market.buyer.refused("/v1/payments", asking(placed, **more))

    assert refused(amount=PRICE.amount - 1) == (422, "amount_mismatch")
    assert refused(currency="USD") == (422, "amount_mismatch")
    assert refused(channel="nowhere") == (422, "wrong_party")
    assert refused(connection="nobody") == (422, "wrong_party")
    assert refused(checkout=new_id("chk")) == (422, "wrong_party")
    assert refused(orders=[placed["order"]] * 2, amount=2 * PRICE.amount) == (422, "wrong_party")
    assert refused(orders=[]) == (422, "validation_failed")
    assert refused(orders=[new_id("ord")]) == (404, "not_found")
    assert refused(buyer=STRANGER) == (404, "not_found")
    theirs = asking(placed, buyer=STRANGER)
    assert market.stranger.refused("/v1/payments", theirs) == (404, "not_found")
    assert "payment.initiated" not in market.topics()


def test_a_payment_whose_callback_was_lost_is_learnt_by_asking(paying_market: Paying) -> None:
    market, counter = paying_market
    placed = market.placed()
    payment = str(market.buyer.do("/v1/payments", asking(placed))["payment"])
    path = f"/v1/payments/{payment}/inquiry"
    assert market.buyer.refused(path) == (403, "forbidden")
    assert market.operator.do(path) == {"payment": payment, "paid": False}
    nowhere = "http://127.0.0.1:9/v1/callbacks"
    lost = Counter(counter.endpoint, nowhere)
    lost.ask("pay", MAIN, payment=payment)
    assert state_of(market, payment) == "initiated"
    for _ in range(2):
        assert market.operator.do(path) == {"payment": payment, "paid": True}
    assert market.ledger.trade.load(Order, str(placed["order"])).state == "paid"
    assert market.topics().count("payment.captured") == 1


def test_money_that_came_early_and_for_nothing_is_sent_back(paying_market: Paying) -> None:
    market, counter = paying_market
    payment = new_id("pay")
    money = {"amount": 700, "currency": "CNY", "checkout": new_id("chk")}
    counter.ask("pay", MAIN, payment=payment, **money)
    wait_for(lambda: counter.statuses() == [200])
    assert state_of(market, payment) == "early"
    path = f"/v1/payments/{payment}/return"
    assert market.buyer.refused(path) == (403, "forbidden")
    [refund] = market.operator.do(path)["refunds"]
    assert market.ledger.trade.load(Payment, payment).returns.keys() == {refund}
    assert market.operator.refused(path) == (409, "state_conflict")
    sent = market.operator.do(f"/v1/refunds/{refund}/transfer")
    assert (sent["state"], sent["sandbox"]) == ("pending", True)
    counter.ask("settle", MAIN, refund=refund, state="settled")
    wait_for(lambda: counter.statuses() == [200, 200])
    assert market.operator.do(f"/v1/refunds/{refund}/transfer")["state"] == "settled"


def test_a_payment_that_no_channel_collects_cannot_be_asked_for(market: Market) -> None:
    placed, payment = market.placed(), new_id("pay")
    due = Money(PRICE.amount, PRICE.currency)
    market.ledger.trade.initiate_payment(
        *(market.command(), payment, placed["checkout"], due, [placed["order"]]), now=this_moment()
    )
    path = f"/v1/payments/{payment}/inquiry"
    assert market.operator.refused(path) == (409, "state_conflict")
