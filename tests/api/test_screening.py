"""Staff screens keys over HTTP: the operator's answer, the quarantine, two who end it (B3, B5)."""

from scripts.sandbox import SandboxProcess
from tests.api.shopkeeping import WHY, Shop, done

BEN = "staff-ben"


def test_the_operator_is_asked_over_http_and_its_answer_recorded(
    shop: Shop, outsiders: SandboxProcess
) -> None:
    shop.connect(outsiders.endpoint)
    used, good = shop.keys("QWER-TYUI-USED", "QWER-TYUI-GOOD")
    path = "/v1/keys/{}/upstream-checks"
    said = done(shop.staff(path.format(used), {"operator": "operator-1"}))
    assert (said["state"], said["sandbox"]) == ("used", True)
    said = done(shop.staff(path.format(good), {"operator": "operator-1"}))
    assert (said["state"], said["findings"]) == ("unused", [])


def test_an_operator_that_is_not_connected_is_503_and_records_nothing(shop: Shop) -> None:
    [key] = shop.keys()
    path, body = f"/v1/keys/{key}/upstream-checks", {"operator": "operator-1"}
    shop.refuses(lambda: shop.staff(path, body), 503, "not_ready")


def test_a_used_key_is_set_aside_and_only_two_persons_let_it_out(shop: Shop) -> None:
    [key] = shop.keys()
    at = f"/v1/keys/{key}"
    shop.refuses(lambda: shop.staff(f"{at}/quarantine"), 409, "state_conflict")
    done(shop.staff(f"{at}/upstream-answers", {"operator": "op", "state": "used"}))
    assert "key.quarantined" in shop.types(shop.staff(f"{at}/quarantine"))
    shop.refuses(lambda: shop.staff(f"{at}/lifting", WHY), 409, "second_person_missing")
    done(shop.staff(f"{at}/lifting-proposals", WHY))
    shop.refuses(lambda: shop.staff(f"{at}/lifting", WHY), 409, "state_conflict")
    # On paper is never fresh: its operator's system must be asked before it is let out.
    shop.refuses(lambda: shop.staff(f"{at}/lifting", WHY, BEN), 409, "upstream_not_unused")


def test_an_asked_operator_and_two_persons_let_it_out(
    shop: Shop, outsiders: SandboxProcess
) -> None:
    shop.connect(outsiders.endpoint)
    [key] = shop.keys("QWER-TYUI-GOOD")
    at = f"/v1/keys/{key}"
    done(shop.staff(f"{at}/upstream-answers", {"operator": "op", "state": "used"}))
    done(shop.staff(f"{at}/quarantine"))
    done(shop.staff(f"{at}/upstream-checks", {"operator": "op"}))
    done(shop.staff(f"{at}/lifting-proposals", WHY))
    assert "key.quarantine_lifted" in shop.types(shop.staff(f"{at}/lifting", WHY, BEN))


def test_the_merchant_screens_nothing(shop: Shop) -> None:
    [key] = shop.keys()
    shop.refuses(lambda: shop.merchant(f"/v1/keys/{key}/quarantine"), 403, "forbidden")
