"""Orders under review, over HTTP: sent there by a platform, ended by staff."""

from typing import Any

import pytest
from joserfc.jwk import OKPKey

from api.principal import Kind
from domain.keys.key import Key
from domain.orders.order import Order
from tests.api.access.world import make_client
from tests.api.asking import proof_of, token_of
from tests.api.buying import BUYER, PRICE, RAW, Market

KEY = OKPKey.generate_key("Ed25519")
REASON = {"reason": "ip_velocity: 9 orders in 60 s"}


class Platform:
    """A platform's client, and an end user of its own."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.client = make_client(market.ledger, "platform_client", key=KEY)
        self.buyer = self.ask("/v1/accounts", {})[1]["party"]

    def ask(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        kind, bound = Kind.PLATFORM_CLIENT, KEY.thumbprint()
        token = token_of(self.market.gate, kind, self.client, client=self.client, bound_to=bound)
        proof = proof_of(KEY, "POST", f"{self.market.client.base}{path}", token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        reply = self.market.client.bearing(**headers).post(path, body, proof[-40:])
        return reply.status, reply.json

    def send(self, product: str, decision: str, **more: object) -> tuple[int, dict[str, Any]]:
        about = {"amount": PRICE.amount, "currency": PRICE.currency, "decision": decision}
        return self.ask(
            "/v1/reviews", {"buyer": self.buyer, "product": product, **about, **REASON, **more}
        )


@pytest.fixture
def platform(market: Market) -> Platform:
    return Platform(market)


def state_of(market: Market, order: str) -> str:
    return market.ledger.trade.load(Order, order).state


def test_an_order_under_review_holds_no_key_until_staff_clears_it(
    market: Market, platform: Platform
) -> None:
    product = market.offered()
    status, sent = platform.send(product, "review")
    assert (status, sent["state"]) == (201, "under_review")
    assert "key.reserved" not in market.topics()
    path = f"/v1/reviews/{sent['order']}/clearance"
    assert platform.ask(path, REASON)[0] == 403
    cleared = market.operator.do(path, {"reason": "known for years"})
    assert cleared["state"] == "placed"
    assert market.ledger.trade.load(Key, cleared["key"]).order == sent["order"]
    assert state_of(market, sent["order"]) == "placed"
    assert market.operator.refused(path, REASON)[0] == 409


def test_where_no_key_is_left_a_cleared_order_is_sold_out(
    market: Market, platform: Platform
) -> None:
    product = market.offered(RAW)
    sent = platform.send(product, "review")[1]
    market.placed(product)
    ended = market.operator.do(f"/v1/reviews/{sent['order']}/clearance", REASON)
    assert ended["state"] == "sold_out"
    assert state_of(market, sent["order"]) == "closed_unpaid"


def test_a_key_of_another_product_clears_nothing(market: Market, platform: Platform) -> None:
    sent = platform.send(market.offered(), "review")[1]
    other = market.placed(market.offered("OTHER-KEY-0001"))["key"]
    body = {**REASON, "key": other}
    status, code = market.operator.refused(f"/v1/reviews/{sent['order']}/clearance", body)
    assert (status, code) == (422, "wrong_party")
    assert state_of(market, sent["order"]) == "under_review"


def test_a_blocked_order_never_has_a_key(market: Market, platform: Platform) -> None:
    product = market.offered()
    status, blocked = platform.send(product, "block")
    assert (status, blocked["state"]) == (201, "blocked")
    sent = platform.send(product, "review")[1]
    path = f"/v1/reviews/{sent['order']}/blockage"
    assert market.buyer.refused(path, REASON) == (403, "forbidden")
    market.operator.do(path, REASON)
    for order in (blocked["order"], sent["order"]):
        assert state_of(market, order) == "blocked"
        clearance = f"/v1/reviews/{order}/clearance"
        assert market.operator.refused(clearance, REASON)[0] == 409
    assert "key.reserved" not in market.topics()


def test_a_client_reviews_its_own_end_users_alone(market: Market, platform: Platform) -> None:
    product = market.offered()
    assert platform.send(product, "review", buyer=BUYER)[0] == 404
    assert platform.send(product, "review", reason="")[0] == 422
    assert platform.send(product, "perhaps")[0] == 422
    about = {"amount": 1, "currency": "CNY", "decision": "review", "reason": "x"}
    own = {"buyer": BUYER, "product": product, **about}
    assert market.buyer.refused("/v1/reviews", own) == (403, "forbidden")
    assert "order.placed" not in market.topics()
