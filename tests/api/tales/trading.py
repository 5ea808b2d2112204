"""Tales of buyers: orders, payments, raw keys, refunds, orders under review."""

from api.commands import new_id
from api.principal import Kind
from tests.api.buying import BUYER, PRICE, RAW, wait_for
from tests.api.tales.stage import WHY, Stage
from tests.api.test_payments import asking
from tests.domain.payments.paying import MAIN

KEY = "9b1f6c52d8e04a77"


def sales(stage: Stage) -> None:
    """Orders, from their cancellation to their confirmation."""
    market, buyer = stage.market, stage.market.buyer.client
    order = market.paid(market.offered(units=3))
    path = f"/v1/orders/{order}"
    stage.tell("orders_deliver", market.operator.client, f"{path}/delivery")
    stage.tell("orders_renew_voucher", buyer, f"{path}/voucher")
    stage.tell("codes_show", buyer, f"{path}/code")
    stage.tell("orders_activate", buyer, f"{path}/activation")
    stage.tell("orders_use_units", buyer, f"{path}/uses", {"units": 2})
    stage.tell("orders_confirm", buyer, f"{path}/confirmation")


def reveals(stage: Stage) -> None:
    """What the buyer alone sees."""
    market, buyer = stage.market, stage.market.buyer.client
    order = market.delivered(market.offered(policy="reveal_after_confirmation"))
    for step in ("activation", "confirmation"):
        market.buyer.do(f"/v1/orders/{order}/{step}")
    stage.tell("keys_reveal", buyer, f"/v1/orders/{order}/views", {"device": "a telephone"})
    contested = market.delivered(market.offered(RAW))
    market.buyer.do("/v1/disputes", {"order": contested})
    path = f"/v1/orders/{contested}/comparisons"
    stage.tell("keys_compare", buyer, path, {"received": RAW})


def reviews(stage: Stage) -> None:
    """Orders that a platform sends to be looked at; of the last key two are wanted."""
    product = stage.market.offered()
    about = {"buyer": stage.world.end_user, "product": product, "amount": PRICE.amount}
    about |= {"currency": PRICE.currency, "decision": "review", "reason": "ip_velocity: 9 in 60 s"}
    for _ in range(2):
        path = "/v1/reviews"
        order = stage.tell("reviews_open", stage.platform(path), path, about)["order"]
        cleared = {"reason": "known for years"}
        operator = stage.market.operator.client
        stage.tell("reviews_clear", operator, f"/v1/reviews/{order}/clearance", cleared)


def payments(stage: Stage) -> None:
    """A payment that a channel collects, and one that nobody has asked for."""
    market, counter = stage.market, stage.counter
    placed = market.placed()
    about = ("payments_initiate", market.buyer.client, "/v1/payments", asking(placed), KEY)
    payment = stage.tell(*about)["payment"]
    other = market.placed()
    named = asking(other, connection=MAIN.connection)
    stage.tell("payments_initiate", market.buyer.client, "/v1/payments", named)
    _given_up(stage, str(other["order"]))
    counter.ask("pay", MAIN, payment=payment)
    wait_for(lambda: counter.statuses() == [200])
    # By the same key once more, when it is paid: there is no page any more.
    stage.tell(*about)
    operator = market.operator.client
    stage.tell("payments_inquire", operator, f"/v1/payments/{payment}/inquiry")
    early = new_id("pay")
    money = {"amount": 700, "currency": "CNY", "checkout": new_id("chk")}
    counter.ask("pay", MAIN, payment=early, **money)
    wait_for(lambda: counter.statuses() == [200, 200])
    stage.tell("payments_return", operator, f"/v1/payments/{early}/return")
    _paid_back(stage, str(placed["order"]))


def _paid_back(stage: Stage, order: str) -> None:
    """Have the money of *order*, which a channel has collected, paid back by it."""
    merchant = stage.market.merchant.client
    refund = _asked_back(stage, order)
    stage.tell("refunds_approve", merchant, f"/v1/refunds/{refund}/approval")
    _transferred(stage, refund)
    stage.counter.ask("settle", MAIN, refund=refund, state="settled")
    wait_for(lambda: len(stage.counter.statuses()) == 3)
    _transferred(stage, refund)


def _transferred(stage: Stage, refund: str) -> None:
    """Have the channel pay, or say that it has."""
    operator = stage.market.operator.client
    stage.tell("refunds_send", operator, f"/v1/refunds/{refund}/transfer")
    stage.tell("refunds_inquire", operator, f"/v1/refunds/{refund}/inquiry")


def refunds(stage: Stage) -> None:
    """Refunds that a merchant answers, and whose end an operator enters."""
    market = stage.market
    merchant, operator = market.merchant.client, market.operator.client
    refund = _asked_back(stage, market.delivered())
    stage.tell("refunds_approve", merchant, f"/v1/refunds/{refund}/approval")
    path = f"/v1/refunds/{refund}"
    stage.tell("refunds_fail", operator, f"{path}/failure", WHY)
    stage.tell("refunds_settle", operator, f"{path}/settlement", {"transfer": "R000000001"})
    bundle = market.delivered(market.offered(units=5))
    refund = _asked_back(stage, bundle, units=2)
    stage.tell("refunds_approve", merchant, f"/v1/refunds/{refund}/approval")
    refund = _asked_back(stage, market.delivered())
    stage.tell("refunds_decline", merchant, f"/v1/refunds/{refund}/refusal", WHY)


def _asked_back(stage: Stage, order: str, **more: object) -> str:
    body = {"order": order, **more}
    told = stage.tell("refunds_request", stage.market.buyer.client, "/v1/refunds", body)
    return str(told["refund"])


def orders(stage: Stage) -> None:
    """An order by product and one by key, and a code that is typed."""
    market = stage.market
    buyer = market.being(Kind.CONSUMER, BUYER).client
    asked = {"buyer": BUYER, "product": market.offered()}
    _given_up(stage, stage.tell("orders_place", buyer, "/v1/orders", asked)["order"])
    batch = {"merchant": "M-LAN", "product": market.offered(), "lines": ["ANOTHER-0001"]}
    [key] = market.merchant.do("/v1/batches", batch)["keys"]
    named = {"buyer": BUYER, "key": key, "amount": PRICE.amount, "currency": PRICE.currency}
    _given_up(stage, stage.tell("orders_place", buyer, "/v1/orders", named)["order"])
    for policy in ("reveal_at_activation", None):
        _redeemed(stage, market.delivered(market.offered(policy=policy)))


def _redeemed(stage: Stage, order: str) -> None:
    market, buyer = stage.market, stage.market.buyer.client
    code = market.buyer.client.get(f"/v1/orders/{order}/code").json["code"]
    stage.tell("redemptions_redeem", buyer, "/v1/redemptions", {"buyer": BUYER, "code": code})


def _given_up(stage: Stage, order: str) -> None:
    """Cancel an order, of which nobody has more than three at once."""
    path = f"/v1/orders/{order}/cancellation"
    stage.tell("orders_cancel", stage.market.buyer.client, path)


TALES = (orders, sales, reveals, reviews, payments, refunds)
