"""An order after it was placed, over HTTP: given up, delivered, activated, used, confirmed."""

from domain.keys.key import Key
from domain.orders.order import Order
from tests.api.buying import BUYER, Market


def state_of(market: Market, order: str) -> str:
    return market.ledger.trade.load(Order, order).state


def test_a_cancelled_order_gives_its_key_back_at_once(market: Market) -> None:
    product = market.offered()
    placed = market.placed(product)
    stock = f"/v1/products/{product}/stock"
    assert market.buyer.client.get(stock).json == {"orderable": False}
    path = f"/v1/orders/{placed['order']}/cancellation"
    assert market.stranger.refused(path) == (404, "not_found")
    cancelled = market.buyer.do(path)
    assert (cancelled["order"], cancelled["cause"]) == (placed["order"], "cancelled")
    assert state_of(market, placed["order"]) == "closed_unpaid"
    assert market.buyer.client.get(stock).json == {"orderable": True}
    # What is cancelled is cancelled once, and what is paid not at all.
    assert market.buyer.refused(path) == (409, "state_conflict")
    order = market.paid(product)
    assert market.buyer.refused(f"/v1/orders/{order}/cancellation") == (409, "state_conflict")
    assert state_of(market, order) == "paid"


def test_a_sale_is_delivered_activated_and_confirmed(market: Market) -> None:
    order = market.paid()
    path = f"/v1/orders/{order}"
    assert market.buyer.refused(f"{path}/activation") == (409, "state_conflict")
    assert market.buyer.refused(f"{path}/delivery") == (403, "forbidden")
    delivered = market.operator.do(f"{path}/delivery")
    assert delivered["order"] == order
    assert market.stranger.refused(f"{path}/activation") == (404, "not_found")
    activated = market.buyer.do(f"{path}/activation")
    assert activated["key"] == delivered["key"]
    assert market.buyer.refused(f"{path}/activation")[0] == 409
    confirmed = market.buyer.do(f"{path}/confirmation")
    entry = market.ledger.reader.entry(confirmed["index"])
    assert (entry.stream, entry.type) == (order, "order.confirmed")
    assert b'"cause":"consumer"' in entry.entry
    assert state_of(market, order) == "confirmed"
    assert market.ledger.trade.load(Key, activated["key"]).state == "confirmed"


def test_a_new_code_ends_the_one_before_it(market: Market) -> None:
    order = market.delivered()
    path = f"/v1/orders/{order}"
    before = market.buyer.client.get(f"{path}/code").json["code"]
    renewed = market.buyer.do(f"{path}/voucher")
    assert renewed["expires_at"] > "2026"
    after = market.buyer.client.get(f"{path}/code").json["code"]
    assert after != before
    typed = {"buyer": BUYER, "code": before}
    assert market.buyer.refused("/v1/redemptions", typed) == (422, "code_refused")
    market.buyer.do("/v1/redemptions", {"buyer": BUYER, "code": after})


def test_a_bundle_is_used_unit_by_unit_and_no_further(market: Market) -> None:
    order = market.delivered(market.offered(units=3))
    path = f"/v1/orders/{order}"
    assert market.buyer.refused(f"{path}/uses", {"units": 1})[0] == 409
    market.buyer.do(f"{path}/activation")
    used = market.buyer.do(f"{path}/uses", {"units": 2})
    assert used["units"] == 2
    assert market.stranger.refused(f"{path}/uses", {"units": 1}) == (404, "not_found")
    assert market.buyer.refused(f"{path}/uses", {"units": 2})[0] in (409, 422)
    for wrong in (0, -1, 1.0, True, "1"):
        assert market.buyer.refused(f"{path}/uses", {"units": wrong})[0] == 422
    assert market.ledger.trade.load(Key, used["key"]).units_used == 2


def test_a_repeated_command_happens_once(market: Market) -> None:
    order = market.delivered()
    path, name = f"/v1/orders/{order}/activation", "activate-once-and-no-more"
    first, again = (market.buyer.ask(path, {}, name) for _ in range(2))
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert market.topics().count("key.activated") == 1
