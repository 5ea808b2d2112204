"""A person states who it is and has it checked, over HTTP to the sandbox's process (A1 to A5)."""

from base64 import b64encode

from domain.identity.sandbox import Citizen, citizen
from scripts.sandbox import SandboxProcess
from tests.api.shopkeeping import BUYER, MERCHANT, Shop, done


def stated(who: Citizen) -> dict[str, object]:
    return {"name": who.name, "number": who.number}


def spelt(picture: bytes) -> dict[str, object]:
    return {"picture": b64encode(picture).decode()}


def checked(shop: Shop, who: Citizen, card: str) -> tuple[str, list[str]]:
    """Return a verification of the merchant, and the verdicts of its four checks."""
    begun = done(shop.merchant("/v1/identities", {"party": MERCHANT, **stated(who)}))
    at = f"/v1/identities/{begun['verification']}"
    asked = (
        ("source", stated(who)),
        ("face", stated(who) | spelt(who.selfie())),
        ("document", spelt(who.card_picture())),
        ("bankcard", stated(who) | {"card": card}),
    )
    verdicts = [str(done(shop.merchant(f"{at}/{c}", body))["verdict"]) for c, body in asked]
    return begun["verification"], verdicts


def test_a_person_is_checked_and_an_operator_decides(shop: Shop, outsiders: SandboxProcess) -> None:
    shop.connect(outsiders.endpoint)
    verification, verdicts = checked(shop, citizen(7), citizen(7).card)
    assert verdicts == ["passed"] * 4
    decided = shop.staff(f"/v1/identities/{verification}/decision")
    assert shop.types(decided) == ["identity.verified", "identity.account_unlocked"]
    path = f"/v1/identities/{verification}/revocation"
    revoked = shop.staff(path, {"cause": "fraud"})
    assert shop.types(revoked) == ["identity.revoked", "identity.account_restricted"]


def test_anothers_card_fails_and_there_is_nothing_left_to_decide(
    shop: Shop, outsiders: SandboxProcess
) -> None:
    shop.connect(outsiders.endpoint)
    verification, verdicts = checked(shop, citizen(7), citizen(8).card)
    assert verdicts == ["passed", "passed", "passed", "failed"]
    path = f"/v1/identities/{verification}/decision"
    shop.refuses(lambda: shop.staff(path), 409, "state_conflict")


def test_no_name_number_card_or_picture_is_answered_or_logged(
    shop: Shop, outsiders: SandboxProcess
) -> None:
    shop.connect(outsiders.endpoint)
    checked(shop, citizen(7), citizen(7).card)
    content = b"".join(e.entry for e in shop.ledger.reader.entries(0, shop.ledger.reader.size()))
    for secret in (citizen(7).name, citizen(7).number, citizen(7).card):
        assert secret.encode() not in content


def test_a_wrong_number_is_refused_and_never_repeated(shop: Shop) -> None:
    wrong = "110101188001010019"
    body = {"party": BUYER, "name": "赵明华", "number": wrong}
    reply = shop.buyer("/v1/identities", body)
    assert (reply.status, reply.json["code"]) == (422, "validation_failed")
    assert wrong.encode() not in reply.body
    assert "赵明华".encode() not in reply.body
    assert shop.ledger.reader.size() == 0


def test_nobody_speaks_for_another_person(shop: Shop) -> None:
    body = {"party": MERCHANT, **stated(citizen(7))}
    shop.refuses(lambda: shop.buyer("/v1/identities", body), 404, "not_found")
    begun = done(shop.merchant("/v1/identities", body))
    path = f"/v1/identities/{begun['verification']}/source"
    shop.refuses(lambda: shop.buyer(path, stated(citizen(7))), 404, "not_found")


def test_without_a_source_nothing_is_recorded(shop: Shop) -> None:
    begun = done(shop.merchant("/v1/identities", {"party": MERCHANT, **stated(citizen(7))}))
    path = f"/v1/identities/{begun['verification']}/source"
    shop.refuses(lambda: shop.merchant(path, stated(citizen(7))), 503, "not_ready")
