"""Two channels, three connections, and whoever pays through them: callbacks as they would come."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from chain.canonical import to_bytes
from domain.command import Command
from domain.entropy import KeyedEntropy
from domain.event import Meta
from domain.money import Money
from domain.orders.placing import Basket
from domain.payments.callback import Delivery, public_key, sign
from domain.payments.channel import (
    Algorithm,
    CallbackKey,
    Connection,
    Connections,
    Route,
    connections_of,
)
from tests.domain.given import BUYER, NOW, PRICE, SECRET, World, identifier, key_of_line

MAIN = Route("paylink", "main")
SECOND = Route("paylink", "second")
BANK = Route("bankpay", "main")
ROUTES = (MAIN, SECOND, BANK)
IN_TIME = "2026-11-22T10:05:00Z"
TOO_LATE = "2026-11-22T10:15:00Z"
"""The very second at which a hold of `NOW` is over."""
ALGORITHMS: Mapping[Route, Algorithm] = {
    MAIN: "hmac-sha256",
    SECOND: "hmac-sha256",
    BANK: "ed25519",
}


def secret_of(route: Route) -> bytes:
    """Return the secret with which a connection signs."""
    return sha256(f"test/{route.channel}/{route.connection}".encode()).digest()


def account_of(route: Route) -> str:
    """Return our account at a connection."""
    return f"acct-{route.channel}-{route.connection}"


def key_of(route: Route) -> CallbackKey:
    """Return what a connection's callbacks verify under."""
    algorithm = ALGORITHMS[route]
    return CallbackKey("k1", algorithm, public_key(algorithm, secret_of(route)))


def connections() -> Connections:
    """Return our three connections."""
    return connections_of(
        Connection(route, account_of(route), (key_of(route),)) for route in ROUTES
    )


def notice(route: Route = MAIN, name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return what a channel says of the payment *name*; None takes a member away."""
    members = {
        "kind": "payment.paid",
        "account": account_of(route),
        "payment": identifier("pay", name),
        "checkout": identifier("chk", name),
        "transaction": f"T-{name:0>8}",
        "amount": PRICE.amount,
        "currency": PRICE.currency,
        "at": NOW,
        "sandbox": True,
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def signed(
    said: Mapping[str, Any] | bytes,
    route: Route = MAIN,
    nonce: str = "1",
    date: str = NOW,
    **changes: Any,
) -> Delivery:
    """Return a callback that says so, signed as the connection signs; *changes* come before."""
    body = said if isinstance(said, bytes) else to_bytes(dict(said))
    unsigned = Delivery(*route, "k1", ALGORITHMS[route], date, f"{nonce:0>32}", "", body)
    return sign(replace(unsigned, **changes), ALGORITHMS[route], secret_of(route))


class Paying(World):
    """A world in which buyers pay by callback."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = connections()

    def charged(
        self, name: str = "a", key: str | None = None, route: Route = MAIN, now: str = NOW
    ) -> str:
        """Order a key and have a channel asked for its price; return the order."""
        if key is None:
            self.stocked()
            key = key_of_line(1)
        order = self.ordered(name, key, now)
        self.charge(name, [order], route, now)
        return order

    def ordered(self, name: str, key: str, now: str = NOW, buyer: str = BUYER) -> str:
        """Order a key; return the order."""
        order = identifier("ord", name)
        self.do("place_order", Basket(order, identifier("chk", name), buyer, key, PRICE), now)
        return order

    def charge(
        self, name: str, orders: list[str], route: Route = MAIN, now: str = NOW
    ) -> list[str]:
        """Have a channel asked for the price of *orders*."""
        due = Money(PRICE.amount * len(orders), PRICE.currency)
        payment, checkout = identifier("pay", name), identifier("chk", name)
        return self.do("initiate_payment", payment, checkout, due, orders, route, now)

    def hears(self, delivery: Delivery, now: str = NOW) -> list[str]:
        """Receive a callback; return the topics of what it recorded."""
        before = self.size()
        self.trade.receive_callback(delivery, self.connections, now, self.new_command)
        return self.topics()[before:]

    def new_command(self, meta: Meta) -> Command:
        """Return a command of a channel."""
        return Command(meta, self.sealer, KeyedEntropy(SECRET, meta.command_id))

    def refusals(self) -> list[str]:
        """Return the reasons of all refused callbacks."""
        return [
            event.reason  # type: ignore[attr-defined]
            for event in self.events()
            if event.TOPIC == "payment.callback_refused"
        ]
