"""Keys go on the shelf and off it over HTTP."""

from secrets import token_hex

from api.principal import Kind
from domain.keys.key import Key
from tests.api.shopkeeping import Shop


def test_a_key_is_taken_off_put_back_and_given_up(shop: Shop) -> None:
    [key] = shop.keys()
    at = f"/v1/keys/{key}"
    assert shop.types(shop.merchant(f"{at}/unlisting")) == ["key.unlisted"]
    assert shop.types(shop.merchant(f"{at}/listing")) == ["key.listed"]
    shop.refuses(lambda: shop.merchant(f"{at}/voiding"), 409, "state_conflict")
    shop.merchant(f"{at}/unlisting")
    assert shop.types(shop.merchant(f"{at}/voiding")) == ["key.voided"]
    assert shop.ledger.trade.load(Key, key).state == "voided"


def test_many_are_listed_at_once_and_what_is_on_the_shelf_stays(shop: Shop) -> None:
    one, two, three = shop.keys("AAAA-1", "BBBB-2", "CCCC-3")
    for each in (one, two):
        shop.merchant(f"/v1/keys/{each}/unlisting")
    reply = shop.merchant("/v1/listings", {"keys": [one, two, three]})
    assert reply.json["keys"] == [one, two]
    before = shop.ledger.reader.size()
    again = shop.merchant("/v1/listings", {"keys": [one, two, three]}, "listing-once-more")
    assert (again.status, again.json["keys"]) == (201, [])
    same = shop.merchant("/v1/listings", {"keys": [one, two, three]}, "listing-once-more")
    assert (same.json, shop.ledger.reader.size()) == (again.json, before)


def test_of_anothers_key_not_one_is_listed(shop: Shop) -> None:
    mine = shop.keys("AAAA-1", "BBBB-2")
    other = shop.seen_by(Kind.MERCHANT, "M-FOX")
    body = {"keys": mine}
    shop.refuses(lambda: other.post("/v1/listings", body, token_hex(12)), 404, "not_found")
