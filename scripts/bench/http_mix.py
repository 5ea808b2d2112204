"""The commands of ``xiyou bench http``: what they need beforehand, and their bytes on the wire.

A mix of a shop's day: buyers order, channels say that they have paid, codes are redeemed,
merchants offer products and bring keys. What a command needs in the log, an order that is not
paid yet or a code that is not used, is recorded beforehand by the use cases themselves. Goods
are drawn by a Zipf law, so that hot ones exist. Another operation is one more entry of `MIX`.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from random import Random
from time import time
from typing import Any, Final, NamedTuple

from api.access.gate import Gate
from api.access.matrix import default_scopes
from api.access.token import Grant, write_token
from api.bootstrap import Deployment
from api.commands import new_id, this_moment
from api.principal import Kind
from chain.canonical import to_bytes
from domain.command import Command
from domain.event import Meta, Role
from domain.identifiers import derive
from domain.keys.intake import Upload
from domain.money import Money
from domain.orders.placing import Basket
from domain.payments.callback import HEADERS, Delivery, sign
from domain.payments.channel import CallbackKey, Connection, Connections, Route, connections_of

PRICE: Final = Money(9_800, "CNY")
MERCHANT: Final = "M-LAN"
ROUTE: Final = Route("paylink", "main")
ACCOUNT: Final = "acct-bench"
SECRET: Final = bytes(range(32))
"""Of the channel that the benchmark plays."""
PRODUCTS: Final = 50
ZIPF: Final = 1.1
KEYS_OF_BATCH: Final = 20
UPLOAD: Final = 1_000
WRITERS: Final = 16
CLIENT: Final = derive("cli", 0, "bench")
TOKEN_SECONDS: Final = 3_600


def _at(names: list[str], line: int) -> str:
    return names[line - 1]


class Call(NamedTuple):
    """One request, spelt."""

    operation: str
    request: bytes


class Shop:
    """What the commands are about, in a log of its own.

    Args:
        ledger: open, and connected by `connections`.
        seed: of what is drawn.
    """

    def __init__(self, ledger: Deployment, seed: int) -> None:
        self.ledger = ledger
        self.dice = Random(seed)
        self.numbers = count(1)
        gate = Gate(ledger)
        self._gate, self._now = gate, int(time())
        self.products = [new_id("prd") for _ in range(PRODUCTS)]
        self.tokens = {MERCHANT: self._token(Kind.MERCHANT, MERCHANT)}
        for product in self.products:
            offered = (product, MERCHANT, f"SKU-{product[-6:]}", None, None, PRICE)
            ledger.trade.create_product(self.command(MERCHANT, "merchant"), *offered)

    def command(self, actor: str, role: Role = "consumer") -> Command:
        """Return a new command of the preparations."""
        name = f"bench/{next(self.numbers)}"
        meta = Meta(actor, role, "synthetic", "bench", name, name)
        return self.ledger.command(meta)

    def stock(self, counts: Mapping[str, int]) -> list[tuple[str, str]]:
        """Bring so many keys by product; return key and product of each."""
        made: list[tuple[str, str]] = []
        for product, wanted in counts.items():
            for start in range(0, wanted, UPLOAD):
                lines = [f"R-{secrets.token_hex(8)}" for _ in range(min(UPLOAD, wanted - start))]
                keys = [new_id("key") for _ in lines]
                upload = Upload(new_id("bat"), MERCHANT, product, lines)
                command = self.command(MERCHANT, "merchant")
                ring = self.ledger.index_ring
                names = partial(_at, keys)
                self.ledger.trade.import_batch(command, upload, ring, names)
                made += [(key, product) for key in keys]
        return made

    def draw_products(self, wanted: int) -> list[str]:
        """Return so many products, hot ones more often."""
        weights = [1 / rank**ZIPF for rank in range(1, PRODUCTS + 1)]
        return self.dice.choices(self.products, weights, k=wanted)

    def post(self, path: str, actor: str, body: Mapping[str, Any]) -> bytes:
        """Return a command's request."""
        if actor not in self.tokens:
            self.tokens[actor] = self._token(Kind.CONSUMER, actor)
        headers = {
            "Authorization": f"Bearer {self.tokens[actor]}",
            "Idempotency-Key": f"bench-{secrets.token_hex(12)}",
            "Content-Type": "application/json",
        }
        return spell(path, headers, json.dumps(body).encode())

    def _token(self, kind: Kind, subject: str) -> str:
        grant = Grant(kind, subject, CLIENT, default_scopes(kind), sandbox=True)
        name, key = secrets.token_urlsafe(16), self._gate.keys[0]
        return write_token(grant, self._gate.name, key, self._now, name, TOKEN_SECONDS)


def _nth(keys: list[str]) -> Callable[[int], str]:
    """Return what names the key of a line, counted from 1."""
    return lambda line: keys[line - 1]


def spell(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a POST request's bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def connections() -> Connections:
    """Return the one channel that the benchmark plays."""
    key = CallbackKey("k1", "hmac-sha256", SECRET)
    return connections_of([Connection(ROUTE, ACCOUNT, (key,))])


def _place(shop: Shop, wanted: int) -> Iterator[bytes]:
    products = shop.draw_products(wanted)
    shop.stock(Counter(products))
    for product in products:
        # Everybody is somebody new: a buyer may have three unpaid orders and no more.
        buyer = new_id("usr")
        yield shop.post("/v1/orders", buyer, {"buyer": buyer, "product": product})


def _pay(shop: Shop, wanted: int) -> Iterator[bytes]:
    with ThreadPoolExecutor(WRITERS) as pool:
        keys = shop.stock(Counter(shop.draw_products(wanted)))
        for checkout, payment in pool.map(lambda each: _charged(shop, each[0])[1:3], keys):
            said = {
                "kind": "payment.paid",
                "account": ACCOUNT,
                "payment": payment,
                "checkout": checkout,
                "transaction": f"T-{secrets.token_hex(8)}",
                "amount": PRICE.amount,
                "currency": PRICE.currency,
                "at": this_moment(),
                "sandbox": True,
            }
            unsigned = Delivery(
                *ROUTE,
                "k1",
                "hmac-sha256",
                this_moment(),
                secrets.token_hex(16),
                "",
                to_bytes(said),
            )
            told = sign(unsigned, "hmac-sha256", SECRET)
            headers = {header: getattr(told, part) for part, header in HEADERS.items()}
            headers["Content-Type"] = "application/json"
            yield spell(f"/v1/callbacks/{told.channel}", headers, told.body)


def _redeem(shop: Shop, wanted: int) -> Iterator[bytes]:
    with ThreadPoolExecutor(WRITERS) as pool:
        keys = shop.stock(Counter(shop.draw_products(wanted)))
        for buyer, code in pool.map(lambda each: _sold(shop, each[0]), keys):
            yield shop.post("/v1/redemptions", buyer, {"buyer": buyer, "code": code})


def _create(shop: Shop, wanted: int) -> Iterator[bytes]:
    for _ in range(wanted):
        body = {"merchant": MERCHANT, "code": f"SKU-{secrets.token_hex(6)}", "title": "月卡"}
        yield shop.post("/v1/products", MERCHANT, body)


def _import(shop: Shop, wanted: int) -> Iterator[bytes]:
    for product in shop.draw_products(wanted):
        lines = [f"R-{secrets.token_hex(8)}" for _ in range(KEYS_OF_BATCH)]
        body = {"merchant": MERCHANT, "product": product, "lines": lines}
        yield shop.post("/v1/batches", MERCHANT, body)


def _charged(shop: Shop, key: str) -> tuple[str, str, str, str]:
    """Order *key* and have its price asked; return order, checkout, payment and buyer."""
    order, checkout, payment = new_id("ord"), new_id("chk"), new_id("pay")
    trade, buyer = shop.ledger.trade, new_id("usr")
    basket = Basket(order, checkout, buyer, key, PRICE)
    trade.place_order(shop.command(buyer), basket, this_moment())
    command = shop.command(buyer)
    trade.initiate_payment(command, payment, checkout, PRICE, [order], ROUTE, this_moment())
    return order, checkout, payment, buyer


def _sold(shop: Shop, key: str) -> tuple[str, str]:
    """Sell *key*; return its buyer and its code."""
    order, _, payment, buyer = _charged(shop, key)
    trade = shop.ledger.trade
    paid = {"channel": ROUTE.channel}
    trade.capture_payment(shop.command(buyer), payment, PRICE, [order], paid)
    trade.deliver_order(shop.command(buyer), order, "9000-01-01T00:00:00Z")
    return buyer, trade.show_code(shop.command(buyer), order, buyer).reveal()


class Share(NamedTuple):
    """One operation of the mix."""

    part: float
    prepare: Callable[[Shop, int], Iterator[bytes]]
    """Records what so many commands need, and returns their requests."""


MIX: Final[Mapping[str, Share]] = {
    "orders_place": Share(0.50, _place),
    "callbacks_receive": Share(0.30, _pay),
    "redemptions_redeem": Share(0.10, _redeem),
    "products_create": Share(0.05, _create),
    "batches_import": Share(0.05, _import),
}


def calls(shop: Shop, wanted: int) -> list[Call]:
    """Return about so many requests of the mix, in random order."""
    made = [
        Call(name, request)
        for name, each in MIX.items()
        for request in each.prepare(shop, max(1, round(wanted * each.part)))
    ]
    shop.dice.shuffle(made)
    return made
