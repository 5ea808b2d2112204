"""What the buyer alone sees, over HTTP: raw key, code, and whether the key was the sealed one."""

import time

from api.access.matrix import default_scopes
from api.principal import Kind
from tests.api.buying import BUYER, MERCHANT, OPERATOR, RAW, Market, Party


def activated(market: Market) -> str:
    """Return an order whose raw key may be seen."""
    order = market.delivered(market.offered(policy="reveal_after_confirmation"))
    for step in ("activation", "confirmation"):
        market.buyer.do(f"/v1/orders/{order}/{step}")
    return order


def stepped_up(market: Market, seconds: int = 5, how: tuple[str, ...] = ("pwd", "otp")) -> Party:
    at = int(time.time()) - seconds
    return market.being(Kind.CONSUMER, BUYER, authenticated_at=at, methods=how)


def readings(market: Market) -> list[str]:
    listed = market.buyer.client.get(f"/v1/readings?subject={BUYER}")
    assert listed.status == 200, listed.body
    return [each["operation"] for each in listed.json["items"]]


def test_the_raw_key_is_shown_once_and_kept_nowhere(market: Market) -> None:
    order = activated(market)
    path, name = f"/v1/orders/{order}/views", "the-first-view-of-it"
    first = market.buyer.ask(path, {"device": "a telephone"}, name)
    assert (first.status, first.json["raw_key"], first.json["view"]) == (201, RAW, 1)
    assert first.headers["cache-control"] == "no-store"
    again = market.buyer.ask(path, {"device": "a telephone"}, name)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert "raw_key" not in again.json
    assert RAW.encode() not in again.body
    assert market.topics().count("key.revealed") == 1
    with market.ledger.database.connection() as connection:
        rows = connection.execute("SELECT * FROM ledger.idempotency_keys").fetchall()
    assert rows
    assert all(RAW not in str(row) for row in rows)


def test_a_second_view_takes_a_step_up_of_a_moment_ago(market: Market) -> None:
    path = f"/v1/orders/{activated(market)}/views"
    market.buyer.do(path)
    needed = (403, "step_up_required")
    assert market.buyer.refused(path) == needed
    assert stepped_up(market, seconds=601).refused(path) == needed
    assert stepped_up(market, how=()).refused(path) == needed, "it does not say how"
    second = stepped_up(market).do(path)
    assert (second["raw_key"], second["view"]) == (RAW, 2)
    entry = market.ledger.reader.entry(second["index"]).entry
    assert b'"step_up_method":"one_time_code"' in entry
    assert f'"step_up_by":"{BUYER}"'.encode() in entry


def test_nobody_but_its_buyer_sees_it(market: Market) -> None:
    order = activated(market)
    path = f"/v1/orders/{order}/views"
    assert market.stranger.refused(path) == (404, "not_found")
    for who in (market.merchant, market.operator):
        assert who.refused(path) == (403, "forbidden")
    for kind, subject in ((Kind.MERCHANT, MERCHANT), (Kind.OPERATOR, OPERATOR)):
        scopes = default_scopes(kind) | {"keys.reveal"}
        assert market.being(kind, subject, scopes=scopes).refused(path) == (403, "forbidden")
    assert "key.revealed" not in market.topics()


def test_a_product_that_is_redeemed_on_the_platform_shows_nothing(market: Market) -> None:
    order = market.delivered()
    market.buyer.do(f"/v1/orders/{order}/activation")
    status, code = market.buyer.refused(f"/v1/orders/{order}/views")
    assert (status, code) == (409, "state_conflict")
    assert "key.revealed" not in market.topics()


def test_a_code_is_read_by_its_buyer_and_each_read_is_told(market: Market) -> None:
    order = market.delivered()
    path = f"/v1/orders/{order}/code"
    shown = market.buyer.client.get(path)
    assert (shown.status, shown.headers["cache-control"]) == (200, "no-store")
    assert shown.json["order"] == order
    assert market.stranger.client.get(path).status == 404
    assert market.merchant.client.get(path).status == 403
    market.buyer.do("/v1/redemptions", {"buyer": BUYER, "code": shown.json["code"]})
    assert market.buyer.client.get(path).status == 409, "it is used"
    assert readings(market).count("codes_show") == 2


def test_while_it_is_disputed_the_buyer_is_told_whether_it_is_what_was_sealed(
    market: Market,
) -> None:
    order = market.delivered()
    path = f"/v1/orders/{order}/comparisons"
    assert market.buyer.refused(path, {"received": RAW}) == (422, "wrong_party")
    dispute = "dsp_01m6b1yq00e2aafp47cgx674mz"
    market.ledger.trade.open_dispute(market.command(), dispute, order, "consumer")
    compared = market.buyer.do(path, {"received": f" {RAW}\n"})
    assert compared == {"order": order, "opens_commitment": True}
    reply = market.buyer.ask(path, {"received": "RAW-0000-0000-OTHER"})
    assert reply.json["opens_commitment"] is False
    assert RAW.encode() not in reply.body
    assert market.stranger.refused(path, {"received": RAW}) == (404, "not_found")
    wrong = market.buyer.ask(path, {"received": RAW, "more": RAW})
    assert wrong.status == 422
    assert RAW.encode() not in wrong.body
