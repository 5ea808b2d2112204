"""Sanctions over HTTP: applied, appealed, and lifted by another person (C5)."""

from secrets import token_hex

from api.principal import Kind
from tests.api.shopkeeping import MERCHANT, WHY, Shop, done

AT = f"/v1/merchants/{MERCHANT}/sanctions"


def test_a_sanction_is_appealed_and_lifted_by_another_person(shop: Shop) -> None:
    shop.product()
    applied = done(shop.staff(AT, {"ground": "chargeback", "relied_on": [0]}))
    at = f"{AT}/{applied['sanction']}"
    fox = shop.seen_by(Kind.MERCHANT, "M-FOX")
    shop.refuses(lambda: fox.post(f"{at}/appeal", WHY, token_hex(12)), 404, "not_found")
    assert shop.types(shop.merchant(f"{at}/appeal", WHY)) == ["sanction.appealed"]
    granted = {"cause": "appeal", **WHY}
    shop.refuses(lambda: shop.staff(f"{at}/lifting", granted), 409, "state_conflict")
    lifted = shop.staff(f"{at}/lifting", granted, "staff-ben")
    assert shop.types(lifted) == ["sanction.lifted"]


def test_a_sanction_rests_on_entries_that_are_there(shop: Shop) -> None:
    body = {"ground": "chargeback", "relied_on": [99]}
    shop.refuses(lambda: shop.staff(AT, body), 404, "not_found")
