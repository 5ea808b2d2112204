"""Opening accounts: one's own, once; a platform's client gets new buyers and no other's."""

from joserfc.jwk import OKPKey

from api.principal import Kind
from domain.identity.account import Account, account_of
from tests.api.access.world import make_client
from tests.api.asking import proof_of, token_of
from tests.api.buying import BUYER, MERCHANT, STRANGER, Market


def test_a_buyer_opens_its_own_account_once(market: Market) -> None:
    opened = market.buyer.do("/v1/accounts")
    assert (opened["account"], opened["party"]) == (account_of(BUYER), BUYER)
    account = market.ledger.trade.load(Account, opened["account"])
    assert (account.state, account.version) == ("restricted", 1)
    assert market.buyer.refused("/v1/accounts") == (409, "state_conflict")


def test_a_merchant_opens_its_own_account_and_nobody_elses(market: Market) -> None:
    assert market.merchant.do("/v1/accounts", {"party": MERCHANT})["party"] == MERCHANT
    assert market.merchant.refused("/v1/accounts", {"party": "M-FOX"}) == (404, "not_found")
    assert market.buyer.refused("/v1/accounts", {"party": STRANGER}) == (404, "not_found")


def test_what_is_no_party_opens_nothing(market: Market) -> None:
    for wrong in ("usr_1", "m-lan", ""):
        status, code = market.buyer.refused("/v1/accounts", {"party": wrong})
        assert (status, code) == (422, "validation_failed")


def test_an_unverified_buyer_buys_up_to_the_limit_alone(market: Market) -> None:
    market.buyer.do("/v1/accounts")
    market.placed()
    about = {"merchant": MERCHANT, "code": "dear", "price": 20_001, "currency": "CNY"}
    dear = market.merchant.do("/v1/products", about)["product"]
    batch = {"merchant": MERCHANT, "product": dear, "lines": ["DEAR-KEY-0001"]}
    market.merchant.do("/v1/batches", batch)
    order = {"buyer": BUYER, "product": dear}
    assert market.buyer.refused("/v1/orders", order) == (403, "identity_required")


def test_a_client_gets_a_new_end_user_who_orders_through_it_alone(market: Market) -> None:
    key, other = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    mine = make_client(market.ledger, "platform_client", key=key)
    theirs = make_client(market.ledger, "platform_client", key=other)

    def ask(client: str, by: OKPKey, path: str, body: object, name: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        kind, bound = Kind.PLATFORM_CLIENT, by.thumbprint()
        token = token_of(market.gate, kind, client, client=client, bound_to=bound)
        proof = proof_of(by, "POST", f"{market.client.base}{path}", token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        reply = market.client.bearing(**headers).post(path, body, name)
        return reply.status, reply.json

    status, opened = ask(mine, key, "/v1/accounts", {}, "account-of-a-buyer-1")
    assert status == 201
    # Sent again because nobody knows whether it was heard: no second buyer.
    assert ask(mine, key, "/v1/accounts", {}, "account-of-a-buyer-1") == (201, opened)
    assert market.topics().count("identity.account_restricted") == 1
    found = market.ledger.reader.entry(opened["index"])
    assert f'"source":"{mine}"'.encode() in found.entry
    order = {"buyer": opened["party"], "product": market.offered()}
    assert ask(theirs, other, "/v1/orders", order, "order-of-a-buyer-01")[0] == 404
    status, placed = ask(mine, key, "/v1/orders", order, "order-of-a-buyer-01")
    assert status == 201
    path = f"/v1/orders/{placed['order']}/cancellation"
    assert ask(theirs, other, path, {}, "cancel-of-a-buyer-1")[0] == 404
    assert ask(mine, key, path, {}, "cancel-of-a-buyer-1")[0] == 201


def test_a_client_makes_no_stranger_its_end_user(market: Market) -> None:
    key = OKPKey.generate_key("Ed25519")
    client, path = make_client(market.ledger, "platform_client", key=key), "/v1/accounts"
    # Somebody who has bought here before, and never opened an account.
    market.placed()
    token = token_of(
        *(market.gate, Kind.PLATFORM_CLIENT, client), client=client, bound_to=key.thumbprint()
    )
    proof = proof_of(key, "POST", f"{market.client.base}{path}", token)
    asking = market.client.bearing(Authorization=f"DPoP {token}", DPoP=proof)
    reply = asking.post(path, {"party": BUYER}, "account-of-stranger")
    assert (reply.status, reply.json["code"]) == (404, "not_found")
