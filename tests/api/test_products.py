"""What a merchant says of its product over HTTP, and what another may not."""

from secrets import token_hex

import pytest

from api.principal import Kind
from domain.catalogue.product import Product
from domain.money import Money
from tests.api.shopkeeping import MERCHANT, SUM, Shop


def test_a_product_gets_another_title_price_and_count_and_its_end(shop: Shop) -> None:
    product = shop.product()
    at = f"/v1/products/{product}"
    assert shop.types(shop.merchant(f"{at}/title", {"title": "季卡"})) == ["product.updated"]
    assert shop.types(shop.merchant(f"{at}/price", SUM)) == ["product.updated"]
    assert shop.types(shop.merchant(f"{at}/stock-adjustments", {"units": -2}))
    assert shop.types(shop.merchant(f"{at}/case-sensitivity"))
    found = shop.ledger.trade.load(Product, product)
    assert (found.price, found.case_sensitive) == (Money(10_000, "CNY"), True)
    assert shop.types(shop.merchant(f"{at}/withdrawal")) == ["product.withdrawn"]
    shop.refuses(lambda: shop.merchant(f"{at}/withdrawal"), 409, "state_conflict")


def test_who_acted_stands_in_the_entry(shop: Shop) -> None:
    reply = shop.merchant(f"/v1/products/{shop.product()}/title", {"title": "季卡"})
    entry = shop.ledger.reader.entry(reply.json["index"]).entry
    assert f'"actor":"{MERCHANT}"'.encode() in entry
    assert b'"role":"merchant"' in entry


@pytest.mark.parametrize("body", [{"units": 1.5}, {"units": "1"}, {"units": 1, "more": 1}, {}])
def test_a_count_that_is_none_is_refused(shop: Shop, body: object) -> None:
    path = f"/v1/products/{shop.product()}/stock-adjustments"
    shop.refuses(lambda: shop.merchant(path, body), 422, "validation_failed")


def test_another_merchant_finds_nothing(shop: Shop) -> None:
    path = f"/v1/products/{shop.product()}/price"
    other = shop.seen_by(Kind.MERCHANT, "M-FOX")
    shop.refuses(lambda: other.post(path, SUM, token_hex(12)), 404, "not_found")
