"""T16: sold out means not orderable, and says so before anybody tries.

Shape-and-Shift/shopware-esd#26.
"""

from tests.api.asking import Client, Reply
from tests.api.test_orders import BUYER, key

OTHER = "usr_01m6b1yq00e2aafp47cgx674ma"


def offered(client: Client, lines: list[str]) -> str:
    body = {"merchant": "M-LAN", "code": "SKU-1", "price": 2_500, "currency": "CNY"}
    product = str(client.post("/v1/products", body, key()).json["product"])
    batch = {"merchant": "M-LAN", "product": product, "lines": lines}
    assert client.post("/v1/batches", batch, key()).status == 201
    return product


def order(client: Client, product: str, buyer: str = BUYER, **more: object) -> Reply:
    return client.post("/v1/orders", {"buyer": buyer, "product": product, **more}, key())


def orderable(client: Client, product: str) -> object:
    return client.get(f"/v1/products/{product}/stock").json["orderable"]


def test_t16_the_last_key_makes_the_product_unorderable(client: Client) -> None:
    product = offered(client, ["AAAA-BBBB"])
    assert orderable(client, product) is True
    reply = order(client, product)
    assert (reply.status, reply.json["amount"], reply.json["currency"]) == (201, 2_500, "CNY")
    assert orderable(client, product) is False
    late = order(client, product, OTHER)
    assert (late.status, late.json["code"]) == (409, "sold_out")


def test_t05_another_price_than_the_product_s_is_refused(client: Client) -> None:
    product = offered(client, ["AAAA-BBBB"])
    for amount, currency in ((1, "CNY"), (2_500, "USD")):
        reply = order(client, product, amount=amount, currency=currency)
        assert (reply.status, reply.json["code"]) == (422, "amount_mismatch")
    for wrong in (0, -1, 2_500.0, "2500", [2_500], True):
        assert order(client, product, amount=wrong, currency="CNY").status == 422
    assert orderable(client, product) is True


def test_t09_a_fourth_unpaid_order_is_refused(client: Client) -> None:
    product = offered(client, [f"AAAA-{number:04}" for number in range(4)])
    for _ in range(3):
        assert order(client, product).status == 201
    reply = order(client, product)
    assert (reply.status, reply.json["code"]) == (409, "hold_limit")
    assert order(client, product, OTHER).status == 201


def test_an_order_is_of_a_product_or_of_a_key(client: Client) -> None:
    for body in ({}, {"product": "x"}, {"key": "key_01m6b1yq00e2aafp47cgx674mz"}):
        assert client.post("/v1/orders", {"buyer": BUYER, **body}, key()).status == 422


def test_a_product_that_is_not_there_is_404(client: Client) -> None:
    assert client.get("/v1/products/prd_01m6b1yq00e2aafp47cgx674mz/stock").status == 404
