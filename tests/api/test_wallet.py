"""The wallet over HTTP: a merchant withdraws what is its own, and the guarantee is funded (G8)."""

from tests.api.shopkeeping import MERCHANT, SUM, Shop

MISSING = "wdr_01m6b1yq00e2aafp47cgx674mz"


def test_more_than_was_released_is_not_withdrawn(shop: Shop) -> None:
    body = {"merchant": MERCHANT, **SUM}
    shop.refuses(lambda: shop.merchant("/v1/withdrawals", body), 422, "overdrawn")


def test_another_merchants_money_is_not_there(shop: Shop) -> None:
    body = {"merchant": "M-FOX", **SUM}
    shop.refuses(lambda: shop.merchant("/v1/withdrawals", body), 404, "not_found")


def test_a_withdrawal_that_is_not_there_is_not_paid(shop: Shop) -> None:
    path = f"/v1/withdrawals/{MISSING}/payment"
    shop.refuses(lambda: shop.staff(path, {"transfer": "bank-1"}), 404, "not_found")


def test_the_guarantee_is_funded(shop: Shop) -> None:
    funded = shop.staff("/v1/guarantee/payments", {**SUM, "transfer": "bank-1"})
    assert shop.types(funded) == ["ledger.posted"]
    none = {**SUM, "amount": 0, "transfer": "bank-1"}
    shop.refuses(lambda: shop.staff("/v1/guarantee/payments", none), 422, "validation_failed")
