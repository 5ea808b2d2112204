"""Refunds over HTTP: the buyer asks, the merchant answers, the channel pays once."""

from api.principal import Kind
from domain.keys.key import Key
from domain.orders.order import Order
from domain.refunds.refund import Refund
from tests.api.buying import BUYER, MERCHANT, PRICE, Market, wait_for
from tests.api.test_payments import Paying, asking
from tests.domain.payments.paying import MAIN


def requested(market: Market, order: str, **more: object) -> str:
    return str(market.buyer.do("/v1/refunds", {"order": order, **more})["refund"])


def test_an_approved_refund_moves_money_and_key_at_once(market: Market) -> None:
    order = market.delivered()
    assert market.stranger.refused("/v1/refunds", {"order": order}) == (404, "not_found")
    assert market.merchant.refused("/v1/refunds", {"order": order}) == (403, "forbidden")
    asked = market.buyer.do("/v1/refunds", {"order": order})
    assert (asked["amount"], asked["currency"], asked["units"]) == (PRICE.amount, "CNY", 1)
    path = f"/v1/refunds/{asked['refund']}/approval"
    assert market.buyer.refused(path) == (403, "forbidden")
    approved = market.merchant.do(path)
    assert (approved["order"], approved["amount"]) == (order, PRICE.amount)
    assert approved["in_full"] is True
    found = market.ledger.trade.load(Order, order)
    assert found.state == "refunded"
    assert market.ledger.trade.load(Key, found.key).state == "returned"
    assert market.merchant.refused(path) == (409, "state_conflict")
    # Nothing is left that could be used, and nothing that could be asked for again.
    assert market.buyer.refused(f"/v1/orders/{order}/activation")[0] in (409, 422)
    assert market.buyer.refused("/v1/refunds", {"order": order}) == (409, "state_conflict")


def test_units_of_a_bundle_are_refunded_in_part(market: Market) -> None:
    order = market.delivered(market.offered(units=5))
    market.buyer.do(f"/v1/orders/{order}/activation")
    assert market.buyer.refused("/v1/refunds", {"order": order, "units": 6})[0] == 409
    refund = requested(market, order, units=2)
    approved = market.merchant.do(f"/v1/refunds/{refund}/approval")
    assert (approved["amount"], approved["units"]) == (PRICE.amount * 2 // 5, 2)
    assert approved["in_full"] is False
    assert market.ledger.trade.load(Order, order).state == "delivered"


def test_a_declined_refund_moves_nothing(market: Market) -> None:
    order = market.delivered()
    refund = requested(market, order)
    path = f"/v1/refunds/{refund}/refusal"
    assert market.merchant.refused(path, {"reason": ""}) == (422, "validation_failed")
    declined = market.merchant.do(path, {"reason": "the code was redeemed"})
    assert b"the code was redeemed" in market.ledger.reader.entry(declined["index"]).entry
    assert market.merchant.refused(f"/v1/refunds/{refund}/approval") == (409, "state_conflict")
    assert market.ledger.trade.load(Order, order).escrow == PRICE.amount


def test_another_merchant_neither_approves_nor_declines(market: Market) -> None:
    refund = requested(market, market.delivered())
    other = market.being(Kind.MERCHANT, "M-FOX")
    assert other.refused(f"/v1/refunds/{refund}/approval") == (404, "not_found")
    assert other.refused(f"/v1/refunds/{refund}/refusal", {"reason": "x"}) == (404, "not_found")
    assert market.ledger.trade.load(Refund, refund).state == "requested"


def test_an_operator_enters_the_transfers_end_by_hand(market: Market) -> None:
    refund = requested(market, market.delivered())
    path = f"/v1/refunds/{refund}"
    settled = {"transfer": "R000000001"}
    assert market.operator.refused(f"{path}/settlement", settled) == (409, "state_conflict")
    market.merchant.do(f"{path}/approval")
    assert market.merchant.refused(f"{path}/settlement", settled) == (403, "forbidden")
    market.operator.do(f"{path}/failure", {"reason": "account closed"})
    assert market.ledger.trade.load(Refund, refund).state == "failed"
    assert market.operator.do(f"{path}/settlement", settled)["transfer"] == "R000000001"
    assert market.operator.refused(f"{path}/settlement", settled) == (409, "state_conflict")
    wrong = {"transfer": "short"}
    assert market.operator.refused(f"{path}/settlement", wrong) == (422, "validation_failed")


def test_the_channel_pays_back_once_and_is_asked_what_became_of_it(paying_market: Paying) -> None:
    market, counter = paying_market
    placed = market.placed()
    payment = market.buyer.do("/v1/payments", asking(placed))["payment"]
    counter.ask("pay", MAIN, payment=payment)
    wait_for(lambda: counter.statuses() == [200])
    refund = requested(market, str(placed["order"]))
    path = f"/v1/refunds/{refund}"
    assert market.operator.refused(f"{path}/transfer") == (409, "state_conflict")
    market.merchant.do(f"{path}/approval")
    first, second = (market.operator.do(f"{path}/transfer") for _ in range(2))
    assert first == second
    assert first["state"] == "pending"
    assert market.operator.do(f"{path}/inquiry")["state"] == "pending"
    # The bank has paid, and its word to us is lost: whoever asks learns it.
    lost = type(counter)(counter.endpoint, "http://127.0.0.1:9/v1/callbacks")
    lost.ask("settle", MAIN, refund=refund, state="settled")
    assert market.operator.do(f"{path}/inquiry")["state"] == "settled"
    assert market.ledger.trade.load(Refund, refund).state == "settled"
    assert market.topics().count("refund.settled") == 1
    assert market.operator.do(f"{path}/transfer") == {"refund": refund, "state": "settled"}


def test_whose_refund_it_is_stands_in_the_log(market: Market) -> None:
    refund = requested(market, market.delivered())
    done = market.merchant.do(f"/v1/refunds/{refund}/approval")
    entry = market.ledger.reader.entry(done["index"]).entry
    assert f'"actor":"{MERCHANT}"'.encode() in entry
    assert BUYER.encode() not in entry
