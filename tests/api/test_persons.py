"""A person asks to be forgotten over HTTP, and one of the staff agrees (A7)."""

from domain.identity.account import Account, account_of
from tests.api.shopkeeping import BUYER, MERCHANT, Shop, done


def test_a_person_asks_and_one_of_the_staff_agrees(shop: Shop) -> None:
    asked = done(shop.buyer("/v1/erasures", {"party": BUYER}))
    assert asked["party"] == BUYER
    account = shop.ledger.trade.load(Account, account_of(BUYER))
    assert (account.state, account.asked_by) == ("restricted", BUYER)
    agreed = shop.staff(f"/v1/erasures/{BUYER}/agreement")
    assert shop.types(agreed) == ["privacy.erased"]
    shop.refuses(lambda: shop.buyer("/v1/erasures", {"party": BUYER}), 409, "state_conflict")


def test_nobody_agrees_to_what_was_not_asked(shop: Shop) -> None:
    shop.refuses(lambda: shop.staff(f"/v1/erasures/{MERCHANT}/agreement"), 404, "not_found")


def test_nobody_asks_for_another(shop: Shop) -> None:
    shop.refuses(lambda: shop.buyer("/v1/erasures", {"party": MERCHANT}), 404, "not_found")
    shop.refuses(lambda: shop.staff("/v1/erasures", {"party": BUYER}), 403, "forbidden")
