"""A merchant's goods and whoever buys them, over HTTP, each with a token of its own."""

import secrets
import time
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from fastapi import FastAPI

from api.access.gate import Gate
from api.bootstrap import Deployment
from api.commands import new_id
from api.principal import Kind
from domain.command import Command
from domain.event import Meta
from domain.money import Money
from tests.api.asking import Client, Reply, token_of

BUYER, STRANGER = "usr_01m6b1yq00e2aafp47cgx674mz", "usr_01m6b1yq00e2aafp47cgx674n0"
MERCHANT, OPERATOR = "M-LAN", "staff-4"
PRICE = Money(2_500, "CNY")
RAW = "RAW-5HJ4-TB61-MARKET"


class Market:
    """A deployment's API, as each party to a sale asks it."""

    def __init__(self, ledger: Deployment, app: FastAPI, client: Client) -> None:
        gate = app.state.gate
        assert isinstance(gate, Gate)
        self.ledger, self.gate, self.client = ledger, gate, client
        self.buyer = self.being(Kind.CONSUMER, BUYER)
        self.stranger = self.being(Kind.CONSUMER, STRANGER)
        self.merchant = self.being(Kind.MERCHANT, MERCHANT)
        self.operator = self.being(Kind.OPERATOR, OPERATOR)

    def being(self, kind: Kind, subject: str, **more: Any) -> "Party":
        """Return somebody who asks with a token that says so."""
        token = token_of(self.gate, kind, subject, **more)
        return Party(self.client.bearing(Authorization=f"Bearer {token}"))

    def offered(self, *lines: str, policy: str | None = None, units: int = 1) -> str:
        """Return a product with a key for each line."""
        about: dict[str, object] = {"merchant": MERCHANT, "code": token_hex(4), "title": "月卡"}
        about |= {"price": PRICE.amount, "currency": PRICE.currency}
        if policy is not None:
            about["release_policy"] = policy
        product = str(self.merchant.do("/v1/products", about)["product"])
        batch = {"merchant": MERCHANT, "product": product, "lines": lines or [RAW], "units": units}
        assert self.merchant.do("/v1/batches", batch)["rejected_lines"] == []
        return product

    def placed(self, product: str | None = None) -> dict[str, Any]:
        """Return the answer to a new order of the buyer's."""
        return self.buyer.do("/v1/orders", {"buyer": BUYER, "product": product or self.offered()})

    def paid(self, product: str | None = None) -> str:
        """Return an order that is paid, by the word of whoever runs the test."""
        placed, trade, payment = self.placed(product), self.ledger.trade, new_id("pay")
        trade.initiate_payment(self.command(), payment, placed["checkout"], PRICE)
        payer = {"name": "somebody"}
        trade.capture_payment(self.command(), payment, PRICE, [placed["order"]], payer)
        return str(placed["order"])

    def delivered(self, product: str | None = None) -> str:
        """Return an order whose buyer has a code."""
        order = self.paid(product)
        self.operator.do(f"/v1/orders/{order}/delivery")
        return order

    def command(self) -> Command:
        """Return a new command of the buyer's, past the API."""
        name = f"test/{token_hex(8)}"
        meta = Meta(BUYER, "consumer", "test", "test", name, name)
        return Command(meta, self.ledger.vault, secrets.token_bytes)

    def topics(self) -> list[str]:
        """Return the types of all events."""
        found = self.ledger.trade.recorder.select_notifications(1, 100_000)
        return [each.topic for each in found]


class Party:
    """Somebody who asks."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, path: str, body: object = None, key: str | None = None) -> Reply:
        """Send a command under a key."""
        return self.client.post(path, {} if body is None else body, key or token_hex(12))

    def do(self, path: str, body: object = None) -> dict[str, Any]:
        """Send a command that succeeds; return its answer."""
        reply = self.ask(path, body)
        assert reply.status in (200, 201), reply.body
        return reply.json

    def refused(self, path: str, body: object = None) -> tuple[int, str]:
        """Send a command that is refused; return status and code."""
        reply = self.ask(path, body)
        return reply.status, str(reply.json.get("code"))


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
