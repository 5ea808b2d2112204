"""Typing codes over HTTP: one answer for every cause, and nothing shown that is not due."""

import json
import secrets
from typing import Any

import psycopg
import pytest

from api.bootstrap import Deployment
from api.errors import answer_of
from api.pace import Pace
from api.routes.redemptions import NewRedemption
from chain.store.master_key import VaultUnavailableError
from domain.command import Command
from domain.errors import StepUpNeededError
from domain.event import Meta
from domain.money import Money
from domain.orders.sales import Basket
from tests.api.asking import Client, Reply
from tests.domain.given import BUYER, NOW, PRODUCT, identifier
from tests.domain.keys.redeeming import NO_CODE, STRANGER

FAR = "2099-01-01T00:00:00Z"
PRICE = Money(9_800, "CNY")
RAW = "RAW-7KQ2-XW93-CANARY"
TEXT = "兑换码无效或暂不可用。 / This code is not valid or cannot be used now."


class Shop:
    """Orders on a deployment, and the codes that their buyers have."""

    def __init__(self, ledger: Deployment) -> None:
        self.ledger = ledger

    def command(self) -> Command:
        name = f"cmd/{secrets.token_hex(8)}"
        meta = Meta(BUYER, "consumer", "test", "web", name, name)
        return Command(meta, self.ledger.vault, secrets.token_bytes)

    def offered(self, client: Client, lines: list[str]) -> list[str]:
        created = {"merchant": "M-LAN", "code": "SKU", "release_policy": "reveal_at_activation"}
        product = client.post("/v1/products", created, "k" * 16).json["product"]
        batch = {"merchant": "M-LAN", "product": product, "lines": lines}
        return list(client.post("/v1/batches", batch, "l" * 16).json["keys"])

    def placed(self, key: str, name: str = "a") -> str:
        order, checkout = identifier("ord", name), identifier("chk", name)
        basket = Basket(order, checkout, BUYER, key, PRICE)
        self.ledger.trade.place_order(self.command(), basket, NOW)
        return order

    def delivered(self, key: str, name: str = "a", until: str = FAR) -> str:
        order = self.placed(key, name)
        payment, checkout = identifier("pay", name), identifier("chk", name)
        trade = self.ledger.trade
        trade.initiate_payment(self.command(), payment, checkout, PRICE)
        trade.capture_payment(self.command(), payment, PRICE, [order], {"name": "somebody"})
        trade.deliver_order(self.command(), order, until)
        return order

    def code(self, order: str) -> str:
        return self.ledger.trade.show_code(self.command(), order, BUYER).reveal()


def typed(client: Client, code: str, buyer: str = BUYER, key: str = "", **more: str) -> Reply:
    return client.post(
        "/v1/redemptions", {"buyer": buyer, "code": code} | more, key or secrets.token_hex(16)
    )


def test_a_code_is_redeemed_once_and_what_it_opens_is_shown_once(
    client: Client, ledger: Deployment
) -> None:
    shop = Shop(ledger)
    [key] = shop.offered(client, [RAW])
    code = shop.code(shop.delivered(key))
    first = typed(client, code.lower(), key="r" * 16)
    assert (first.status, first.json["key"], first.json["raw_key"]) == (201, key, RAW)
    assert first.headers["cache-control"] == "no-store"
    again = typed(client, code.lower(), key="r" * 16)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json == {name: value for name, value in first.json.items() if name != "raw_key"}
    other = typed(client, NO_CODE, key="r" * 16)
    assert (other.status, other.json["code"]) == (422, "idempotency_body_changed")
    assert typed(client, code).status == 422


def test_t20_every_cause_has_the_same_status_words_and_length(
    client: Client, ledger: Deployment
) -> None:
    """Setono/SyliusGiftCardPlugin#297, HiEventsDev/Hi.Events#1080, keygen-sh/keygen-api#442."""
    shop = Shop(ledger)
    keys = shop.offered(client, [f"AAAA-{n}" for n in range(5)])
    trade = ledger.trade
    fine, refunded, frozen, expired, used = (
        shop.delivered(key, str(n), FAR if n != 3 else "2020-01-01T00:00:00Z")
        for n, key in enumerate(keys)
    )
    codes = {order: shop.code(order) for order in (fine, refunded, frozen, expired, used)}
    trade.request_refund(shop.command(), identifier("rfd"), refunded)
    trade.approve_refund(shop.command(), identifier("rfd"))
    trade.open_dispute(shop.command(), identifier("dsp"), frozen, "consumer")
    assert typed(client, codes[used]).status == 201
    asked: dict[str, Any] = {
        "foreign_buyer": lambda: typed(client, codes[fine], STRANGER),
        "wrong_product": lambda: typed(client, codes[fine], product=PRODUCT),
        "refunded": lambda: typed(client, codes[refunded]),
        "frozen": lambda: typed(client, codes[frozen]),
        "expired": lambda: typed(client, codes[expired]),
        "used": lambda: typed(client, codes[used]),
        "account_limit": lambda: typed(client, codes[fine]),
        "unknown": lambda: typed(client, NO_CODE, STRANGER),
        "malformed": lambda: typed(client, "nonsense", STRANGER),
    }
    replies = {cause: ask() for cause, ask in asked.items()}
    recorder = trade.recorder
    refusals = recorder.select_notifications(1, 1_000, topics=["key.activation_refused"])
    causes = [json.loads(each.state)["data"]["cause"] for each in refusals]
    assert causes == list(asked)
    said = set()
    for reply in replies.values():
        body = reply.json
        assert len(body.pop("request_id")) == 30
        said.add((reply.status, len(reply.body), json.dumps(body)))
    assert len(said) == 1
    assert next(iter(said))[0] == 422
    assert replies["unknown"].json["detail"] == TEXT


def test_a_repeated_refusal_is_the_same_and_counts_once(client: Client, ledger: Deployment) -> None:
    replies = [typed(client, NO_CODE, key="n" * 16) for _ in range(8)]
    assert {each.status for each in replies} == {422}
    found = ledger.trade.recorder.select_notifications(1, 100)
    assert [each.topic for each in found] == ["key.activation_refused"]


def test_the_address_is_counted_and_stands_nowhere(
    client: Client, ledger: Deployment, owner_url: str
) -> None:
    typed(client, NO_CODE, device="device-7788")
    with psycopg.connect(owner_url) as owner:
        entries = b"".join(row for (row,) in owner.execute("SELECT entry FROM ledger.entries"))
        rows = str(owner.execute("SELECT * FROM ledger.redemption_slots").fetchall())
    assert b'"address":"' in entries
    for secret in ("127.0.0.1", "device-7788", NO_CODE):
        assert secret.encode() not in entries
        assert secret not in rows
    assert rows.count("account/") == rows.count("address/") == rows.count("device/") == 1


def test_a_code_is_shown_by_no_validation_error_and_no_repr(client: Client) -> None:
    reply = typed(client, "X" * 65 + "SECRET-CODE")
    assert reply.status == 422
    assert b"SECRET-CODE" not in reply.body
    assert "SECRET" not in repr(NewRedemption(buyer=BUYER, code="SECRET"))  # type: ignore[arg-type]


def test_e8_no_answer_or_row_of_an_unpaid_order_holds_a_key_or_code(
    client: Client, ledger: Deployment, owner_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(ledger)
    [key] = shop.offered(client, [RAW])
    placed = {"buyer": BUYER, "key": key, "amount": 9_800, "currency": "CNY"}
    answers = [
        client.post("/v1/orders", placed, "o" * 16),
        client.post("/v1/orders", placed, "o" * 16),
        client.post("/v1/orders", placed, "p" * 16),
        typed(client, RAW),
        *(client.get(path) for path in ("/v1/log/head", "/v1/log/entries/3", "/openapi.json")),
    ]
    assert answers[0].status == 201
    with psycopg.connect(owner_url) as owner:
        tables = owner.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'ledger'"
        ).fetchall()
        rows = [
            str(row)
            for (table,) in tables
            for row in owner.execute(f"SELECT t::text FROM ledger.{table} t".encode())
        ]
        rows += [
            row.decode() for (row,) in owner.execute("SELECT entry FROM ledger.entries").fetchall()
        ]
        assert owner.execute("SELECT count(*) FROM ledger.redemption_codes").fetchone() == (0,)
    for text in (*(each.body.decode() for each in answers), *rows, caplog.text):
        assert RAW not in text
        assert RAW.encode().hex() not in text


def test_f21_a_vault_that_is_away_is_answered_503_and_nothing_is_counted(
    client: Client, ledger: Deployment
) -> None:
    def away(*_: object) -> str:
        raise VaultUnavailableError("the key service does not answer")

    shop = Shop(ledger)
    [key] = shop.offered(client, [RAW])
    ledger.vault.tag = away  # type: ignore[method-assign,assignment]
    reply = typed(client, NO_CODE)
    assert (reply.status, reply.json["code"]) == (503, "vault_unavailable")
    assert b"key service" not in reply.body
    placed = {"buyer": BUYER, "key": key, "amount": 9_800, "currency": "CNY"}
    assert client.post("/v1/orders", placed, "o" * 16).status == 201, "reserving needs no vault"
    assert answer_of(StepUpNeededError("x")).status == 403


class Clock:
    def __init__(self) -> None:
        self.now = 10.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("taken", "left"), [(0.0, 0.1), (0.003, 0.1), (0.0999, 0.1), (0.25, 0.3)])
def test_an_answer_leaves_at_the_beat_however_it_ends(taken: float, left: float) -> None:
    for error in (None, RuntimeError("x")):
        clock = Clock()
        try:
            with Pace(0.1, clock=clock, wait=clock.wait).keeping():
                clock.now += taken
                if error:
                    raise error
        except RuntimeError:
            pass
        assert clock.now - 10.0 == pytest.approx(left)


def test_after_a_missed_beat_it_is_longer_for_everybody_until_it_was_quiet() -> None:
    clock = Clock()
    pace = Pace(0.1, clock=clock, wait=clock.wait)

    def answered(taken: float) -> float:
        began = clock.now
        with pace.keeping():
            clock.now += taken
        return round(clock.now - began, 9)

    assert answered(0.15) == 0.2
    assert answered(0.01) == answered(0.19) == 0.2
    for _ in range(10):
        answered(10.0)
    assert answered(0.01) == 1.6, "at most sixteen times as long"
    assert pace.missed == 11
    for expected in (0.8, 0.4, 0.2, 0.1, 0.1):
        clock.now += 61
        assert answered(0.01) == expected
