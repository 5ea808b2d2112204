"""A webhook is registered over HTTP: its keys are shown once, its URL never (I2, T11)."""

from functools import partial
from secrets import token_hex

from api.principal import Kind
from tests.api.shopkeeping import MERCHANT, Shop, done

BODY = {"owner": MERCHANT, "url": "https://example.org/hook-3141", "types": ["order.paid"]}


def test_an_endpoint_is_registered_once_and_its_keys_are_shown(shop: Shop) -> None:
    first = done(shop.merchant("/v1/webhooks", BODY, "webhook-number-one"))
    again = done(shop.merchant("/v1/webhooks", BODY, "webhook-number-one"))
    assert again == first
    assert [each.partition("_")[0] for each in first["keys"]] == ["whpk", "whsec"]
    [endpoint] = shop.ledger.outbox.endpoints()
    assert (endpoint.id, endpoint.subject, endpoint.url) == (
        *(first["webhook"], MERCHANT),
        BODY["url"],
    )
    entry = shop.ledger.reader.entry(first["index"]).entry
    assert b"hook-3141" not in entry
    listed = shop.seen_by(Kind.MERCHANT, MERCHANT).get(f"/v1/webhooks?owner={MERCHANT}")
    [item] = listed.json["items"]
    assert (item["webhook"], item["host"]) == (first["webhook"], "example.org")
    assert b"hook-3141" not in listed.body


def test_a_url_that_leads_inward_is_refused(shop: Shop) -> None:
    for url in ("https://127.0.0.1/x", "https://metadata.internal/x", "https://[::1]/x"):
        body = BODY | {"url": url}
        shop.refuses(partial(shop.merchant, "/v1/webhooks", body), 409, "state_conflict")
    plain = BODY | {"url": "http://example.org/x"}
    assert shop.merchant("/v1/webhooks", plain).status == 400


def test_another_owner_is_not_there(shop: Shop) -> None:
    body = BODY | {"owner": "M-FOX"}
    shop.refuses(lambda: shop.merchant("/v1/webhooks", body), 404, "not_found")
    other = shop.seen_by(Kind.MERCHANT, "M-FOX").post("/v1/webhooks", body, token_hex(12))
    assert other.status == 201
