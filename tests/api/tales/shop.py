"""Tales of merchants: keys and their screening, persons, admission, money."""

from base64 import b64encode

from api.commands import new_id, this_moment
from api.principal import Kind
from domain.identity.sandbox import citizen
from tests.api.asking import Client
from tests.api.buying import MERCHANT
from tests.api.tales.stage import BEN, BYTES, WHY, Stage

SUM = {"amount": 10_500, "currency": "CNY"}
CATEGORY = "game_card"
SCOPE = {"category": CATEGORY, "operator": "operator-1", "valid_until": "2099-01-01T00:00:00Z"}
PAPERS = (
    ("business_licence", None),
    ("authorisation_letter", CATEGORY),
    ("source_proof", CATEGORY),
)
DAYS = 86_400


def shelf(stage: Stage) -> None:
    """Keys that are taken off, found used, and let out again by two persons."""
    market, staff = stage.market, stage.staff()
    about = {"merchant": MERCHANT, "product": market.offered(), "lines": ["AAAA-1", "BBBB-GOOD"]}
    first, second = market.merchant.do("/v1/batches", about)["keys"]
    merchant = market.merchant.client
    at = f"/v1/keys/{first}"
    stage.tell("keys_unlist", merchant, f"{at}/unlisting")
    stage.tell("keys_offer", merchant, f"{at}/listing")
    stage.tell("keys_unlist", merchant, f"{at}/unlisting")
    stage.tell("keys_void", merchant, f"{at}/voiding")
    at = f"/v1/keys/{second}"
    used = {"operator": "op", "state": "used"}
    stage.tell("keys_note_upstream", staff, f"{at}/upstream-answers", used)
    stage.tell("keys_quarantine", staff, f"{at}/quarantine")
    stage.tell("keys_ask_operator", staff, f"{at}/upstream-checks", {"operator": "operator-1"})
    stage.tell("keys_propose_lifting", staff, f"{at}/lifting-proposals", WHY)
    stage.tell("keys_lift_quarantine", stage.staff(BEN), f"{at}/lifting", WHY)


def persons(stage: Stage) -> None:
    """A person who is checked, decided on, and found out; and one who is forgotten."""
    path = f"/v1/identities/{verified(stage, 'M-WEN')}"
    stage.tell("identities_revoke", stage.staff(), f"{path}/revocation", {"cause": "fraud"})
    person = new_id("usr")
    own = stage.being(Kind.CONSUMER, person)
    stage.tell("erasures_ask", own, "/v1/erasures", {"party": person})
    stage.tell("erasures_agree", stage.staff(), f"/v1/erasures/{person}/agreement")


def verified(stage: Stage, merchant: str) -> str:
    """Return a verification whose four checks the person has passed, and that was decided."""
    stated = stage.someone()
    ask, who, found = stage.tell, stage.merchant(merchant), citizen(stage.people)
    begun = ask("identities_request", who, "/v1/identities", {"party": merchant, **stated})
    path = f"/v1/identities/{begun['verification']}"
    face, card = b64encode(found.selfie()).decode(), b64encode(found.card_picture()).decode()
    ask("identities_check_source", who, f"{path}/source", stated)
    ask("identities_compare_face", who, f"{path}/face", {**stated, "picture": face})
    ask("identities_read_document", who, f"{path}/document", {"picture": card})
    ask("identities_check_bankcard", who, f"{path}/bankcard", {**stated, "card": found.card})
    ask("identities_decide", stage.staff(), f"{path}/decision")
    return str(begun["verification"])


def admission(stage: Stage) -> None:
    """A merchant is let in, shows its badge, and is shut out at last."""
    merchant, staff, other = "M-QIN", stage.staff(), stage.staff(BEN)
    verified(stage, merchant)
    path = f"/v1/merchants/{merchant}/qualification"
    refused = "M-HAN"
    _submitted(stage, refused)
    stage.tell(
        "qualifications_reject", staff, f"/v1/merchants/{refused}/qualification/rejection", WHY
    )
    read = _submitted(stage, merchant)
    stage.tell("documents_read", staff, f"/v1/merchants/{merchant}/documents/{read[0]}")
    stage.tell("qualifications_waiting", staff, "/v1/reviews")
    stage.tell("qualifications_review", staff, f"{path}/review", {"read": read})
    stage.tell("qualifications_waiting", staff, "/v1/reviews")
    stage.tell("qualifications_approve", other, f"{path}/approval", {"read": read})
    _scopes(stage, merchant)
    for step in ("suspend", "reinstate", "revoke"):
        purpose = {"suspend": "suspension", "reinstate": "reinstatement"}.get(step, "revocation")
        proposed = {"purpose": purpose, **WHY}
        stage.tell("qualifications_propose", staff, f"{path}/proposals", proposed)
        stage.tell(f"qualifications_{step}", other, f"{path}/{purpose}", WHY)


def _submitted(stage: Stage, merchant: str) -> list[str]:
    """Submit every document; return the digests that a reviewer must have read."""
    who, filed = stage.merchant(merchant), []
    sending = who.bearing(**who.sign(None), Content_Type=BYTES)
    for kind, category in PAPERS:
        content = f"The {kind} of {merchant}, as the scanner gave it.".encode()
        at = f"/v1/documents?merchant={merchant}"
        sent = stage.tell("documents_send", sending, at, content)
        about = {"category": category} if category else {}
        named = {"kind": kind, "document": sent["document"], "ticket": sent["ticket"]}
        filed.append(named | about)
    body = {"merchant": merchant, "categories": [CATEGORY], "documents": filed}
    stage.tell("qualifications_submit", who, "/v1/qualifications", body)
    return [str(each["document"]) for each in filed]


def _scopes(stage: Stage, merchant: str) -> None:
    """Let *merchant* have a scope, show its badge, and end the scope."""
    staff, other, path = stage.staff(), stage.staff(BEN), f"/v1/merchants/{merchant}/scopes"
    stage.tell("scopes_propose", staff, f"{path}/proposals", {**SCOPE, **WHY})
    stage.tell("scopes_grant", other, path, SCOPE)
    product = stage.merchant(merchant).post(
        "/v1/products", {"merchant": merchant, "code": "SKU-1", "category": CATEGORY}, new_id("cmd")
    )
    badges = f"/v1/products/{product.json['product']}/badges"
    shown = stage.tell("products_badges", stage.market.client.bearing(), badges)["badges"]
    audience = stage.world.clients["platform_client"][0]
    at = "/v1/certification/presentations"
    body = {"audience": audience, "badge": shown[0]}
    stage.tell("certificates_present", stage.platform(at), at, body)
    stage.tell("scopes_propose_end", staff, f"{path}/{CATEGORY}/end-proposals", WHY)
    stage.tell("scopes_end", other, f"{path}/{CATEGORY}/end", WHY)


def money(stage: Stage) -> None:
    """Money that is released and withdrawn; a deposit, and the sanction that takes part of it."""
    market, trade, staff = stage.market, stage.market.ledger.trade, stage.staff()
    order = market.delivered()
    for step in ("activation", "confirmation"):
        market.buyer.do(f"/v1/orders/{order}/{step}")
    trade.release_funds(stage.world.command("platform", "platform"), order)
    body = {"merchant": MERCHANT, "amount": 1_000, "currency": "CNY"}
    asked = stage.tell("withdrawals_request", market.merchant.client, "/v1/withdrawals", body)
    path = f"/v1/withdrawals/{asked['withdrawal']}/payment"
    stage.tell("withdrawals_pay", staff, path, {"transfer": "bank-3"})
    _deposits(stage, "M-YUE", staff)
    _sanctions(stage, "M-YUE", staff)


def _deposits(stage: Stage, merchant: str, staff: Client) -> None:
    """Demand a deposit, twice, have it paid, and give back what is too much."""
    path = f"/v1/merchants/{merchant}/deposit"
    at = stage.tell
    demanded = at("deposits_require", staff, f"{path}/demand", SUM)
    at("deposits_require", staff, f"{path}/demand", SUM)
    free = SUM["amount"] - demanded["amount"]
    at("deposits_top_up", staff, f"{path}/payments", {**SUM, "transfer": "bank-1"})
    more = {"amount": max(free, 0) + 500, "currency": "CNY", "transfer": "bank-2"}
    at("deposits_top_up", staff, f"{path}/payments", {**more, "transfer": "bank-4"})
    at("deposits_return", staff, f"{path}/returns", {**more, "amount": 500})


def _sanctions(stage: Stage, merchant: str, staff: Client) -> None:
    """Take part of the deposit for an old sanction; apply one, appeal it and lift it."""
    made, trade = new_id("snc"), stage.market.ledger.trade
    command = stage.world.command("staff-9")
    trade.apply_sanction(command, merchant, made, "stolen_keys", [0], this_moment(-4 * DAYS))
    path = f"/v1/merchants/{merchant}"
    stage.tell("deposits_forfeit", staff, f"{path}/deposit/forfeits", {"sanction": made})
    body = {"ground": "late_delivery", "relied_on": [0]}
    applied = stage.tell("sanctions_apply", staff, f"{path}/sanctions", body)
    path = f"{path}/sanctions/{applied['sanction']}"
    stage.tell("sanctions_appeal", stage.merchant(merchant), f"{path}/appeal", WHY)
    lifted = {"cause": "appeal", **WHY}
    stage.tell("sanctions_lift", stage.staff(BEN), f"{path}/lifting", lifted)


TALES = (shelf, persons, admission, money)
