"""How the operations of the shop's side are called: lines of `tests.api.access.test_matrix`."""

from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any, Final, Literal

from api.commands import new_id, this_moment
from api.outside import Outside
from api.principal import Kind
from domain.identity.sandbox import citizen
from domain.keys.intake import Upload
from tests.api.access.world import MINE, NOBODY, THEIRS, World

Whose = Literal["own", "other", "missing"]
Found = dict[str, Any]
MISSING: Final = "01m6b1yq00e2aafp47cgx674mz"
SOMEBODY: Final = {"name": citizen(1).name, "number": citizen(1).number}
PICTURE: Final = "AAAA"
SUM: Final = {"amount": 5, "currency": "CNY"}


def a_merchant(_: World, __: Kind, whose: Whose) -> Found:
    return {"merchant": {"own": "M-LAN", "other": "M-FOX", "missing": "M-NONE"}[whose]}


def a_product(world: World, _: Kind, whose: Whose) -> Found:
    mine, theirs = world.products
    return {"product": {"own": mine, "other": theirs, "missing": f"prd_{MISSING}"}[whose]}


def a_key(world: World, _: Kind, whose: Whose) -> Found:
    """Return a new key that waits to be listed."""
    if whose == "missing":
        return {"key": f"key_{MISSING}"}
    merchant, product = ("M-LAN", world.products[0])
    if whose == "other":
        merchant, product = ("M-FOX", world.products[1])
    made = new_id("key")
    upload = Upload(new_id("bat"), merchant, product, [token_hex(8)], listed=False)
    command = world.command(merchant, "merchant")
    ring = world.ledger.index_ring
    world.ledger.trade.import_batch(command, upload, ring, lambda _: made, this_moment())
    return {"key": made}


def a_party(world: World, kind: Kind, whose: Whose) -> Found:
    """Return a party; another for each call, where what is done to it is for good."""
    own = {Kind.PLATFORM_CLIENT: world.end_user, Kind.MERCHANT: "M-LAN"}.get(kind, MINE)
    return {"party": {"own": own, "other": THEIRS, "missing": NOBODY}[whose]}


def a_verification(world: World, kind: Kind, whose: Whose) -> Found:
    if whose == "missing":
        return {"verification": f"idv_{MISSING}"}
    party, made = str(a_party(world, kind, whose)["party"]), new_id("idv")
    key = Outside(world.ledger).person_key()
    person = citizen(1).person()
    world.ledger.trade.request_identity(world.command(party), made, party, person, key)
    return {"verification": made}


def a_client(world: World, _: Kind, whose: Whose) -> Found:
    mine, theirs = world.clients["platform_client"]
    return {"audience": {"own": mine, "other": theirs, "missing": f"cli_{MISSING}"}[whose]}


def an_owner(world: World, kind: Kind, whose: Whose) -> Found:
    own = world.clients["platform_client"][0] if kind is Kind.PLATFORM_CLIENT else "M-LAN"
    return {"owner": {"own": own, "other": "M-FOX", "missing": "M-NONE"}[whose]}


def nothing(_: World, __: Kind, ___: Whose) -> Found:
    return {}


def with_sanction(world: World, kind: Kind, whose: Whose) -> Found:
    found, made = a_merchant(world, kind, whose), new_id("snc")
    if whose == "missing":
        return {**found, "sanction": f"snc_{MISSING}"}
    world.ledger.trade.apply_sanction(
        world.command("staff-9"), str(found["merchant"]), made, "late_delivery", [0], this_moment()
    )
    return {**found, "sanction": made}


def with_category(world: World, kind: Kind, whose: Whose) -> Found:
    return {**a_merchant(world, kind, whose), "category": "game_card"}


def with_document(world: World, kind: Kind, whose: Whose) -> Found:
    return {**a_merchant(world, kind, whose), "document": "ab" * 32}


def saying(**members: object) -> Callable[[Found], object]:
    """Return what makes a body of *members* alone."""
    return lambda _: members


Line = tuple[
    Literal["GET", "POST"],
    str,
    Callable[[World, Kind, Whose], Found],
    Callable[[Found], object] | None,
    bool,
]
KEYS: Final = "/v1/keys/{key}"
PERSON: Final = "/v1/identities/{verification}"
SHOP_OF: Final = "/v1/merchants/{merchant}"
WHY: Final = saying(reason="because")
READ: Final = saying(read=["ab" * 32])
SCOPE: Final = {"category": "game_card", "valid_until": "2099-01-01T00:00:00Z"}


def post(
    path: str,
    find: Callable[[World, Kind, Whose], Found],
    body: Callable[[Found], object] | None = None,
    *,
    is_thing: bool = True,
) -> Line:
    return ("POST", path, find, body, is_thing)


SHOP: Final[Mapping[str, Line]] = {
    "products_rename": post("/v1/products/{product}/title", a_product, saying(title="月卡")),
    "products_reprice": post("/v1/products/{product}/price", a_product, saying(**SUM)),
    "products_tell_cases_apart": post("/v1/products/{product}/case-sensitivity", a_product),
    "products_withdraw": post("/v1/products/{product}/withdrawal", a_product),
    "products_adjust_stock": post(
        "/v1/products/{product}/stock-adjustments", a_product, saying(units=1)
    ),
    "keys_offer_many": post("/v1/listings", a_key, lambda found: {"keys": [found["key"]]}),
    "keys_offer": post(f"{KEYS}/listing", a_key),
    "keys_unlist": post(f"{KEYS}/unlisting", a_key),
    "keys_void": post(f"{KEYS}/voiding", a_key),
    "keys_note_upstream": post(
        f"{KEYS}/upstream-answers", a_key, saying(operator="op", state="unused")
    ),
    # Nobody is connected: 503 before the key is looked for.
    "keys_ask_operator": post(
        f"{KEYS}/upstream-checks", a_key, saying(operator="op"), is_thing=False
    ),
    "keys_quarantine": post(f"{KEYS}/quarantine", a_key),
    "keys_stolen": ("GET", "/v1/stolen-keys", nothing, None, False),
    "keys_propose_lifting": post(f"{KEYS}/lifting-proposals", a_key, WHY),
    "keys_lift_quarantine": post(f"{KEYS}/lifting", a_key, WHY),
    "identities_request": post("/v1/identities", a_party, lambda found: {**found, **SOMEBODY}),
    "identities_check_source": post(f"{PERSON}/source", a_verification, saying(**SOMEBODY)),
    "identities_compare_face": post(
        f"{PERSON}/face", a_verification, saying(**SOMEBODY, picture=PICTURE)
    ),
    "identities_read_document": post(f"{PERSON}/document", a_verification, saying(picture=PICTURE)),
    "identities_check_bankcard": post(
        f"{PERSON}/bankcard", a_verification, saying(**SOMEBODY, card=citizen(1).card)
    ),
    "identities_decide": post(f"{PERSON}/decision", a_verification),
    "identities_revoke": post(f"{PERSON}/revocation", a_verification, saying(cause="error")),
    "erasures_ask": post("/v1/erasures", a_party, lambda found: found),
    "erasures_agree": post("/v1/erasures/{party}/agreement", a_party, is_thing=False),
    "documents_send": post("/v1/documents?merchant={merchant}", a_merchant, saying(a=1)),
    "documents_read": ("GET", f"{SHOP_OF}/documents/{{document}}", with_document, None, False),
    "qualifications_submit": post(
        "/v1/qualifications",
        a_merchant,
        lambda found: {
            **found,
            "categories": ["game_card"],
            "documents": [{"kind": "business_licence", "document": "ab" * 32, "ticket": "cd" * 32}],
        },
    ),
    "qualifications_waiting": ("GET", "/v1/reviews", nothing, None, False),
    "qualifications_review": post(
        f"{SHOP_OF}/qualification/review", a_merchant, READ, is_thing=False
    ),
    "qualifications_reject": post(
        f"{SHOP_OF}/qualification/rejection", a_merchant, WHY, is_thing=False
    ),
    "qualifications_approve": post(
        f"{SHOP_OF}/qualification/approval", a_merchant, READ, is_thing=False
    ),
    "qualifications_propose": post(
        f"{SHOP_OF}/qualification/proposals",
        *(a_merchant, saying(purpose="suspension", reason="because")),
        is_thing=False,
    ),
    "qualifications_suspend": post(
        f"{SHOP_OF}/qualification/suspension", a_merchant, WHY, is_thing=False
    ),
    "qualifications_reinstate": post(
        f"{SHOP_OF}/qualification/reinstatement", a_merchant, WHY, is_thing=False
    ),
    "qualifications_revoke": post(
        f"{SHOP_OF}/qualification/revocation", a_merchant, WHY, is_thing=False
    ),
    "scopes_propose": post(
        f"{SHOP_OF}/scopes/proposals",
        *(a_merchant, saying(**SCOPE, reason="because")),
        is_thing=False,
    ),
    "scopes_grant": post(f"{SHOP_OF}/scopes", a_merchant, saying(**SCOPE), is_thing=False),
    "scopes_propose_end": post(
        f"{SHOP_OF}/scopes/{{category}}/end-proposals", with_category, WHY, is_thing=False
    ),
    "scopes_end": post(f"{SHOP_OF}/scopes/{{category}}/end", with_category, WHY, is_thing=False),
    "certificates_present": post(
        "/v1/certification/presentations", a_client, lambda found: {**found, "badge": "none"}
    ),
    "deposits_require": post(
        f"{SHOP_OF}/deposit/demand", a_merchant, saying(**SUM), is_thing=False
    ),
    "deposits_top_up": post(
        f"{SHOP_OF}/deposit/payments", a_merchant, saying(**SUM, transfer="b"), is_thing=False
    ),
    "deposits_return": post(
        f"{SHOP_OF}/deposit/returns", a_merchant, saying(**SUM, transfer="b"), is_thing=False
    ),
    "deposits_forfeit": post(
        f"{SHOP_OF}/deposit/forfeits",
        *(a_merchant, saying(sanction=f"snc_{MISSING}")),
        is_thing=False,
    ),
    "withdrawals_request": post("/v1/withdrawals", a_merchant, lambda found: {**found, **SUM}),
    "withdrawals_pay": post(
        f"/v1/withdrawals/wdr_{MISSING}/payment", nothing, saying(transfer="b"), is_thing=False
    ),
    "guarantee_fund": post(
        "/v1/guarantee/payments", nothing, saying(**SUM, transfer="b"), is_thing=False
    ),
    "sanctions_apply": post(
        f"{SHOP_OF}/sanctions",
        *(a_merchant, saying(ground="chargeback", relied_on=[0])),
        is_thing=False,
    ),
    # Whose it is stands in the path; which of its sanctions there is, is the domain's answer.
    "sanctions_appeal": post(f"{SHOP_OF}/sanctions/{{sanction}}/appeal", with_sanction, WHY),
    "sanctions_lift": post(
        f"{SHOP_OF}/sanctions/{{sanction}}/lifting",
        *(with_sanction, saying(cause="error", reason="because")),
        is_thing=False,
    ),
    "credit_recompute": post(f"{SHOP_OF}/scores", a_merchant, is_thing=False),
    "webhooks_register": post(
        "/v1/webhooks", an_owner, lambda found: {**found, "url": "https://example.org/hook"}
    ),
    "webhooks_list": ("GET", "/v1/webhooks?owner={owner}", an_owner, None, True),
}
"""By operation."""
