"""A merchant is let in over HTTP: documents, two reviewers, a badge, a scope, its end (B1-B7)."""

from functools import partial
from hashlib import sha256
from http.client import HTTPConnection
from secrets import token_hex
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from api.principal import Kind
from domain.identity.sandbox import citizen
from scripts.sandbox import SandboxProcess
from tests.api.asking import CLIENT, Reply, proof_of, token_of
from tests.api.shopkeeping import MERCHANT, WHY, Shop, done
from tests.api.test_identity import checked

BEN = "staff-ben"
AT = f"/v1/merchants/{MERCHANT}/qualification"
SCOPES = f"/v1/merchants/{MERCHANT}/scopes"
KINDS = (
    ("business_licence", None),
    ("authorisation_letter", "game_card"),
    ("source_proof", "game_card"),
)


def send(shop: Shop, content: bytes) -> Reply:
    client = shop.seen_by(Kind.MERCHANT, MERCHANT)
    return client.post(f"/v1/documents?merchant={MERCHANT}", content)


def filed(shop: Shop) -> list[dict[str, Any]]:
    """Send every document; return how a submission names them."""
    found = []
    for kind, category in KINDS:
        sent = done(send(shop, f'"{kind}"'.encode()))
        about = {"category": category} if category else {}
        found.append(
            {"kind": kind, "document": sent["document"], "ticket": sent["ticket"], **about}
        )
    return found


def submit(shop: Shop) -> list[str]:
    """Submit; return the digests that a reviewer must have read."""
    documents = filed(shop)
    body = {"merchant": MERCHANT, "categories": ["game_card"], "documents": documents}
    assert shop.types(shop.merchant("/v1/qualifications", body)) == ["qualification.submitted"]
    return [each["document"] for each in documents]


@pytest.fixture
def admitted(shop: Shop, outsiders: SandboxProcess) -> Shop:
    """Return a shop whose merchant two persons have approved."""
    shop.connect(outsiders.endpoint)
    verification, _ = checked(shop, citizen(7), citizen(7).card)
    done(shop.staff(f"/v1/identities/{verification}/decision"))
    read = submit(shop)
    done(shop.staff(f"{AT}/review", {"read": read}))
    shop.refuses(lambda: shop.staff(f"{AT}/approval", {"read": read}), 409, "state_conflict")
    approved = shop.staff(f"{AT}/approval", {"read": read}, BEN)
    assert done(approved)["outcome"] == "qualification.approved"
    assert shop.types(approved)[-2:] == ["qualification.approved", "certificate.issued"]
    return shop


def test_documents_are_named_by_digest_and_read_by_a_reviewer_on_record(shop: Shop) -> None:
    [licence, *_] = submit(shop)
    content = b'"business_licence"'
    assert licence == sha256(content).hexdigest()
    before = shop.ledger.reader.size()
    path = f"/v1/merchants/{MERCHANT}/documents/{licence}"
    reply = shop.seen_by(Kind.OPERATOR, "staff-ann").get(path)
    assert (reply.status, reply.body) == (200, content)
    [read] = shop.ledger.reader.entries(before, before + 9)
    assert read.type == "client.usage_recorded"
    waiting = shop.seen_by(Kind.OPERATOR, "staff-ann").get("/v1/reviews").json["items"]
    assert [(each["merchant"], each["needs"]) for each in waiting] == [(MERCHANT, "first_reviewer")]


def test_what_is_missing_is_named_and_anothers_document_is_missing(shop: Shop) -> None:
    documents = filed(shop)
    body: dict[str, Any] = {"merchant": MERCHANT, "categories": ["game_card"]}
    less = body | {"documents": documents[:1]}
    shop.refuses(lambda: shop.merchant("/v1/qualifications", less), 422, "documents_missing")
    documents[0] |= {"ticket": "ab" * 32}
    forged = body | {"documents": documents}
    shop.refuses(lambda: shop.merchant("/v1/qualifications", forged), 422, "documents_missing")


def test_a_document_is_neither_empty_nor_too_large(shop: Shop) -> None:
    shown = shop.seen_by(Kind.MERCHANT, MERCHANT).sign(None)
    client = shop.client.bearing(**shown, Content_Type="application/octet-stream")
    path = f"/v1/documents?merchant={MERCHANT}"
    assert client.post(path, b"").status == 400
    # What is announced as too large is refused before any of it is sent.
    line = HTTPConnection(shop.client.base.removeprefix("http://"), timeout=20)
    line.putrequest("POST", path)
    for name, value in {**shown, "Content-Length": "20000001"}.items():
        line.putheader(name, value)
    line.endheaders()
    assert line.getresponse().status == 413
    line.close()


def test_a_reviewer_says_no(shop: Shop) -> None:
    submit(shop)
    assert shop.types(shop.staff(f"{AT}/rejection", WHY)) == ["qualification.rejected"]


def test_two_persons_suspend_reinstate_and_revoke(admitted: Shop) -> None:
    steps = (("suspension", "suspension"), ("reinstatement", "reinstatement"))
    for purpose, path in (*steps, ("revocation", "revocation")):
        admitted.refuses(partial(admitted.staff, f"{AT}/{path}", WHY), 409, "second_person_missing")
        done(admitted.staff(f"{AT}/proposals", {"purpose": purpose, **WHY}))
        admitted.refuses(partial(admitted.staff, f"{AT}/{path}", WHY), 409, "state_conflict")
        done(admitted.staff(f"{AT}/{path}", WHY, BEN))


def test_two_persons_grant_a_scope_and_end_it(admitted: Shop) -> None:
    scope = {
        "category": "game_card",
        "operator": "operator-1",
        "valid_until": "2027-01-01T00:00:00Z",
    }
    done(admitted.staff(f"{SCOPES}/proposals", scope | WHY))
    admitted.refuses(lambda: admitted.staff(SCOPES, scope), 409, "state_conflict")
    granted = admitted.staff(SCOPES, scope, BEN)
    assert admitted.types(granted)[-2:] == ["qualification.scope_granted", "certificate.issued"]
    done(admitted.staff(f"{SCOPES}/game_card/end-proposals", WHY))
    ended = admitted.staff(f"{SCOPES}/game_card/end", WHY, BEN)
    assert admitted.types(ended)[-2:] == ["qualification.scope_ended", "certificate.revoked"]


def test_a_platform_customer_puts_a_good_badge_on_record(admitted: Shop) -> None:
    badges = admitted.client.get(f"/v1/products/{admitted.product()}/badges").json["badges"]
    path = "/v1/certification/presentations"
    body = {"audience": CLIENT, "badge": badges[0]}
    assert admitted.types(present(admitted, path, body)) == ["certificate.presented"]
    reply = present(admitted, path, body | {"badge": badges[0].replace(MERCHANT, "M-FOX")})
    assert (reply.status, reply.json["code"]) == (422, "badge_not_good")


def present(shop: Shop, path: str, body: object) -> Reply:
    """Ask as a platform customer, whose tokens are bound to a key."""
    key = OKPKey.generate_key("Ed25519")
    token = token_of(shop.gate, Kind.PLATFORM_CLIENT, CLIENT, bound_to=key.thumbprint())
    proof = proof_of(key, "POST", shop.client.base + path, token)
    client = shop.client.bearing(Authorization=f"DPoP {token}", DPoP=proof)
    return client.post(path, body, token_hex(12))
