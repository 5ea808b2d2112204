"""Deposits over HTTP: demanded, paid, given back, and taken for a sanction (C4)."""

from tests.api.shopkeeping import MERCHANT, SUM, Shop, done

AT = f"/v1/merchants/{MERCHANT}/deposit"


def test_a_deposit_is_demanded_and_paid_once(shop: Shop) -> None:
    demanded = done(shop.staff(f"{AT}/demand", SUM))
    assert demanded["merchant"] == MERCHANT
    assert done(shop.staff(f"{AT}/demand", SUM))["outcome"] == "unchanged"
    paid = shop.staff(f"{AT}/payments", {**SUM, "transfer": "bank-1"})
    assert shop.types(paid) == ["deposit.topped_up", "ledger.posted"]
    again = {**SUM, "transfer": "bank-1"}
    shop.refuses(lambda: shop.staff(f"{AT}/payments", again), 409, "state_conflict")


def test_what_is_demanded_is_not_given_back_and_what_is_free_is(shop: Shop) -> None:
    demanded = done(shop.staff(f"{AT}/demand", SUM))
    done(shop.staff(f"{AT}/payments", {**SUM, "amount": 10_500, "transfer": "bank-1"}))
    free = 10_500 - demanded["amount"]
    more = {"amount": free + 1, "currency": "CNY", "transfer": "bank-2"}
    shop.refuses(lambda: shop.staff(f"{AT}/returns", more), 409, "state_conflict")
    returned = shop.staff(f"{AT}/returns", {**more, "amount": free})
    assert shop.types(returned) == ["deposit.returned", "ledger.posted"]


def test_no_sanction_takes_nothing(shop: Shop) -> None:
    done(shop.staff(f"{AT}/demand", SUM))
    body = {"sanction": "snc_01m6b1yq00e2aafp47cgx674mz"}
    shop.refuses(lambda: shop.staff(f"{AT}/forfeits", body), 404, "not_found")


def test_a_merchant_books_nothing(shop: Shop) -> None:
    shop.refuses(lambda: shop.merchant(f"{AT}/payments", SUM), 403, "forbidden")
