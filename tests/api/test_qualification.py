"""A merchant that is held to its qualification is held to it over HTTP, too."""

from secrets import token_bytes, token_hex

import pytest

from api.app import create_app
from api.bootstrap import DOCUMENTS_FOLDER, STOLEN_FOLDER, Deployment
from api.commands import this_moment
from chain.errors import MalformedError
from chain.vkey import VerifierKey
from domain.command import Command
from domain.event import Meta
from domain.qualification.admission import Request
from domain.qualification.qualification import Scope
from domain.qualification.status import CertificateSuspendedError, verify_badge, verify_double
from domain.qualification.stolen import Listing
from domain.qualification.store.stolen_lists import write_list
from scripts.migrate import migrate
from tests.api.asking import Client, serving
from tests.domain.qualification.applying import (
    ANN,
    BADGE,
    BEN,
    GOODS,
    GOODS_BADGE,
    OPERATOR,
    RULE,
    Applying,
    digests,
    papers,
)

MERCHANT = "M-LAN"
NOW = "2026-11-22T10:00:00Z"
BUYER = "usr_01m6b1yq00e2aafp47cgx674mz"


def submit(ledger: Deployment) -> None:
    meta = Meta(MERCHANT, "merchant", "test", "api", "cmd/submit", "cmd/submit")
    request = Request(MERCHANT, (GOODS,), papers())
    command = Command(meta, ledger.vault, token_bytes)
    ledger.trade.submit_qualification(command, request, ledger.documents, NOW)


def product(client: Client, category: str | None = GOODS) -> str:
    body = {"merchant": MERCHANT, "code": "SKU-1", "category": category}
    reply = client.post("/v1/products", body, token_hex(12))
    assert reply.status == 201, reply.body
    return str(reply.json["product"])


def batch(client: Client, offered: str, *lines: str) -> tuple[int, dict[str, object]]:
    body = {"merchant": MERCHANT, "product": offered, "lines": list(lines)}
    reply = client.post("/v1/batches", body, token_hex(12))
    return reply.status, reply.json


def test_from_the_submission_on_nothing_is_imported_or_ordered(
    ledger: Deployment, client: Client
) -> None:
    offered = product(client)
    status, taken = batch(client, offered, "AAAA-BBBB")
    assert status == 201
    submit(ledger)
    assert batch(client, offered, "CCCC-DDDD")[1]["code"] == "qualification_required"
    keys = taken["keys"]
    assert isinstance(keys, list)
    body = {"buyer": BUYER, "key": keys[0], "amount": 2_500, "currency": "CNY"}
    reply = client.post("/v1/orders", body, token_hex(12))
    assert (reply.status, reply.json["code"]) == (403, "qualification_required")


def test_a_product_has_a_known_category_or_none(client: Client) -> None:
    assert product(client, None)
    for bad, status in (("weapons", 400), ("Game Card", 422), (1, 422)):
        body = {"merchant": MERCHANT, "code": "SKU-1", "category": bad}
        assert client.post("/v1/products", body, token_hex(12)).status == status


def test_what_is_filed_is_in_the_folder_of_documents(ledger: Deployment) -> None:
    submit(ledger)
    kept = [each for each in (ledger.home / DOCUMENTS_FOLDER).rglob("*") if each.is_file()]
    assert len(kept) == 3
    assert {ledger.documents.get(each.name) for each in kept} == {each.content for each in papers()}


def test_a_deployment_has_one_issuer_whose_secret_is_its_own(ledger: Deployment) -> None:
    assert ledger.issuer.key.name == f"{ledger.origin}/issuer"
    with Deployment(ledger.settings) as again:
        assert again.issuer.key == ledger.issuer.key
    assert (ledger.home / "keys" / "issuer-ed25519.key").stat().st_mode & 0o077 == 0


def test_the_lists_of_a_deployment_are_read_at_its_start(ledger: Deployment) -> None:
    index_key = ledger.secret("fingerprint")
    write_list(ledger.home / STOLEN_FOLDER, Listing("bank", "1"), ["AAAA-BBBB"], index_key)
    with Deployment(ledger.settings) as again:
        again.prepare()
        with serving(create_app(again)) as client:
            keys = batch(client, product(client), "aaaa bbbb", "CCCC")[1]["keys"]
        assert isinstance(keys, list)
        topics = [each.topic for each in again.trade.recorder.select_events(str(keys[0]))]
    assert topics == ["key.imported", "key.sealed", "key.quarantined"]


def test_a_list_that_cannot_be_read_stops_the_start(ledger: Deployment) -> None:
    (ledger.home / STOLEN_FOLDER).mkdir()
    (ledger.home / STOLEN_FOLDER / "bank.stolen").write_text("nonsense")
    with Deployment(ledger.settings, migrate) as again, pytest.raises(MalformedError):
        again.prepare()


def test_a_buyer_is_shown_both_badges_and_can_check_them(
    ledger: Deployment, client: Client
) -> None:
    offered = product(client)
    assert client.get(f"/v1/products/{offered}/badges").json["badges"] == []
    world = Qualified(ledger)
    now = this_moment()
    world.qualify(now)
    shown = client.get(f"/v1/products/{offered}/badges").json["badges"]
    status = client.get("/v1/certification/status").body
    key = client.get("/v1/certification/key").body.decode().removesuffix("\n")
    merchants, goods = (each.encode() for each in shown)
    verify_double(merchants, goods, status, [VerifierKey.parse(key)], this_moment(), GOODS)


def test_a_suspension_shows_in_the_next_list(
    ledger: Deployment, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = product(client)
    world = Qualified(ledger)
    world.qualify(this_moment())
    first = client.get("/v1/certification/status").body
    world.by(RULE, "suspend_qualification", MERCHANT, "complaints", this_moment())
    assert client.get("/v1/certification/status").body == first
    monkeypatch.setattr("api.routes.certification.STATUS_AGE", -1.0)
    status = client.get("/v1/certification/status").body
    (badge, _) = client.get(f"/v1/products/{offered}/badges").json["badges"]
    with pytest.raises(CertificateSuspendedError):
        verify_badge(badge.encode(), status, [ledger.issuer.key], this_moment())


def test_the_badges_of_what_is_not_there_are_not_found(client: Client) -> None:
    unknown = "prd_01m6b1yq00efza980r9sxbxpms"
    assert client.get(f"/v1/products/{unknown}/badges").status == 404
    assert client.get("/v1/products/x/badges").json["code"] == "id_malformed"


class Qualified(Applying):
    """The world of the domain's tests over a deployment."""

    def __init__(self, ledger: Deployment) -> None:
        super().__init__(ledger.documents)
        self.trade = ledger.trade
        self.ledger = ledger

    def command(self, command_id: str | None = None) -> Command:
        return Command(super().command(command_id).meta, self.ledger.vault, token_bytes)

    def qualify(self, now: str) -> None:
        """Let the merchant in, and let it have its scope."""
        self.verified()
        read = digests(papers())
        self.submit(at=now)
        self.review(at=now)
        signed = (BADGE, self.ledger.issuer, now)
        self.by(BEN, "approve_qualification", MERCHANT, read, *signed)
        scope = Scope(GOODS, this_moment(86_400), OPERATOR)
        self.by(ANN, "propose_scope", MERCHANT, scope, self.store, "asked them", now)
        signed = (GOODS_BADGE, self.ledger.issuer, now)
        self.by(BEN, "grant_scope", MERCHANT, scope, self.store, *signed)
