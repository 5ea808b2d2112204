"""Goods and orders over HTTP: once under a key, refused by rule, and nothing half-done."""

from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import pytest

from api.bootstrap import Deployment
from api.settings import Settings
from domain.keys.key import Key
from tests.api.asking import Client, Reply

BUYER = "usr_01m6b1yq00e2aafp47cgx674mz"


def key() -> str:
    return token_hex(12)


def make_product(client: Client) -> str:
    body = {"merchant": "M-LAN", "code": "SKU-1", "title": "月卡"}
    product = client.post("/v1/products", body, key()).json["product"]
    assert isinstance(product, str)
    return product


def make_keys(client: Client, lines: list[str]) -> list[str]:
    body = {"merchant": "M-LAN", "product": make_product(client), "lines": lines}
    reply = client.post("/v1/batches", body, key())
    assert reply.status == 201, reply.body
    keys: list[str] = reply.json["keys"]
    return keys


def order(client: Client, goods: str, idempotency_key: str, amount: int = 2_500) -> Reply:
    body = {"buyer": BUYER, "key": goods, "amount": amount, "currency": "CNY"}
    return client.post("/v1/orders", body, idempotency_key)


def test_an_order_is_answered_with_its_place_in_the_log(ledger: Deployment, client: Client) -> None:
    [goods] = make_keys(client, ["AAAA-BBBB"])
    reply = order(client, goods, "order-0123456789")
    assert reply.status == 201
    placed = ledger.reader.entry(reply.json["index"])
    assert (placed.stream, placed.type) == (reply.json["order"], "order.placed")
    assert ledger.reader.receipt(reply.json["command_id"]) is not None
    assert b"order-0123456789" not in placed.entry


def test_the_same_key_again_gets_the_same_answer_and_records_nothing(
    ledger: Deployment, client: Client
) -> None:
    [goods] = make_keys(client, ["AAAA-BBBB"])
    mine = key()
    first, size = order(client, goods, mine), ledger.reader.size()
    again = order(client, goods, mine)
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert ledger.reader.size() == size


def test_the_same_key_with_another_body_is_422(client: Client) -> None:
    [goods] = make_keys(client, ["AAAA-BBBB"])
    mine = key()
    assert order(client, goods, mine).status == 201
    reply = order(client, goods, mine, amount=1)
    assert (reply.status, reply.json["code"]) == (422, "idempotency_body_changed")


def test_the_same_key_many_times_at_once_is_one_order(ledger: Deployment, client: Client) -> None:
    [goods] = make_keys(client, ["AAAA-BBBB"])
    before, mine = ledger.reader.size(), key()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: order(client, goods, mine), range(16)))
    served = [each for each in replies if each.status == 201]
    waiting = [each for each in replies if each.status == 409]
    assert len(served) + len(waiting) == 16
    assert len({each.body for each in served}) == 1
    assert {each.json["code"] for each in waiting} <= {"idempotency_in_flight"}
    assert ledger.reader.size() == before + 2


def test_the_last_key_is_sold_once(client: Client) -> None:
    [goods] = make_keys(client, ["AAAA-BBBB"])
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: order(client, goods, key()), range(16)))
    assert sorted(each.status for each in replies) == [201] + [409] * 15
    refused = next(each for each in replies if each.status == 409)
    assert refused.json["code"] in ("sold_out", "state_conflict")


def test_raw_keys_are_sealed_and_never_come_back(ledger: Deployment, client: Client) -> None:
    raw = "QQQQ-WWWW-EEEE"
    [goods] = make_keys(client, [raw])
    content = b"".join(each.entry for each in ledger.reader.entries(0, ledger.reader.size()))
    assert raw.encode() not in content
    assert goods.encode() in content


def test_bad_and_double_lines_of_a_batch_are_named_by_number(client: Client) -> None:
    product = make_product(client)
    body = {"merchant": "M-LAN", "product": product, "lines": ["AAA-1", "", "AA A1", "BBB-2"]}
    reply = client.post("/v1/batches", body, key())
    assert reply.status == 201
    assert len(reply.json["keys"]) == 2
    assert reply.json["rejected_lines"] == [2, 3]
    again = client.post("/v1/batches", body | {"lines": ["AAA-1"]}, key())
    assert again.json["keys"] == []


def test_another_case_of_a_key_in_stock_is_set_aside(ledger: Deployment, client: Client) -> None:
    product = make_product(client)
    body = {"merchant": "M-LAN", "product": product, "lines": ["AAA-1", "aaa 1"]}
    reply = client.post("/v1/batches", body, key())
    assert reply.json["rejected_lines"] == []
    _, other = reply.json["keys"]
    assert ledger.trade.load(Key, other).state == "quarantined"


def test_a_batch_asked_for_again_is_the_same_batch(client: Client) -> None:
    product, name = make_product(client), key()
    body = {"merchant": "M-LAN", "product": product, "lines": ["AAA-1"]}
    first = client.post("/v1/batches", body, name)
    again = client.post("/v1/batches", body, name)
    assert (again.status, again.json) == (201, first.json)
    other = client.post("/v1/batches", body | {"units": 2}, name)
    assert other.json["code"] == "idempotency_body_changed"


def test_without_an_index_key_nothing_is_taken_in(
    settings: Settings, ledger: Deployment, client: Client
) -> None:
    """T19: there is no way to import without encryption and fingerprints."""
    product = make_product(client)
    before = ledger.reader.size()
    (settings.home / "keys" / "fingerprint.secret").unlink()
    body = {"merchant": "M-LAN", "product": product, "lines": ["AAA-1"]}
    assert client.post("/v1/batches", body, key()).status == 503
    assert ledger.reader.size() == before


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/orders", {}, 422, "validation_failed"),
        ("/v1/orders", b"{", 400, "malformed_body"),
        ("/v1/orders", {"buyer": "me", "key": "x", "amount": 1.5, "currency": "XXX"}, 422, None),
        (
            "/v1/orders",
            {"buyer": BUYER, "key": BUYER.replace("usr", "key"), "amount": 1, "currency": "CNY"},
            404,
            "not_found",
        ),
        ("/v1/products", {"merchant": "lan", "code": "x"}, 422, "validation_failed"),
        ("/v1/products", {"merchant": "M-LAN", "code": "x", "price": 1}, 422, None),
        (
            "/v1/batches",
            {"merchant": "M-LAN", "product": BUYER.replace("usr", "prd"), "lines": ["A"]},
            404,
            "not_found",
        ),
        ("/v1/nothing", {}, 404, "not_found"),
    ],
)
def test_what_cannot_be_is_a_problem_and_records_nothing(
    ledger: Deployment, client: Client, path: str, body: object, status: int, code: str | None
) -> None:
    reply = client.post(path, body, key())
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert code is None or reply.json["code"] == code
    assert ledger.reader.size() == 0


@pytest.mark.parametrize("bad", [None, "short", "x" * 256, "\xe9" * 20, "a\ttab in the middle"])
def test_a_command_needs_a_key(ledger: Deployment, client: Client, bad: str | None) -> None:
    reply = client.post("/v1/products", {"merchant": "M-LAN", "code": "x"}, bad)
    assert (reply.status, reply.json["code"]) == (400, "idempotency_key_missing")
    assert ledger.reader.size() == 0
