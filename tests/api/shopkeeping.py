"""A shop whose merchant and staff act over HTTP, each with a token of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from api.access.gate import Gate
from api.bootstrap import Deployment
from api.outside import Name, write_parties
from api.principal import Kind
from domain.outside.store.client import Endpoint
from tests.api.asking import Client, Reply, token_of

MERCHANT = "M-LAN"
BUYER = "usr_01m6b1yq00e2aafp47cgx674mz"
SUM = {"amount": 10_000, "currency": "CNY"}
WHY = {"reason": "because it is so"}


@dataclass
class Shop:
    """Who asks, and the ledger that is asked."""

    ledger: Deployment
    gate: Gate
    client: Client

    def seen_by(self, kind: Kind, subject: str, **more: str) -> Client:
        """Return a client that is somebody."""
        token = token_of(self.gate, kind, subject, **more)  # type: ignore[arg-type]
        return self.client.bearing(Authorization=f"Bearer {token}")

    def merchant(self, path: str, body: object = None, key: str | None = None) -> Reply:
        """Ask as the merchant."""
        client = self.seen_by(Kind.MERCHANT, MERCHANT)
        return client.post(path, {} if body is None else body, key or token_hex(12))

    def buyer(self, path: str, body: object = None) -> Reply:
        """Ask as the buyer."""
        client = self.seen_by(Kind.CONSUMER, BUYER)
        return client.post(path, {} if body is None else body, token_hex(12))

    def staff(self, path: str, body: object = None, who: str = "staff-ann") -> Reply:
        """Ask as one of the staff."""
        client = self.seen_by(Kind.OPERATOR, who)
        return client.post(path, {} if body is None else body, token_hex(12))

    def product(self) -> str:
        """Return a new product of the merchant's."""
        body = {"merchant": MERCHANT, "code": "SKU-1", "category": "game_card"}
        return str(done(self.merchant("/v1/products", body))["product"])

    def keys(self, *lines: str, product: str | None = None) -> list[str]:
        """Return new keys of the merchant's, on the shelf."""
        body = {
            "merchant": MERCHANT,
            "product": product or self.product(),
            "lines": lines or [token_hex(8)],
        }
        return list(done(self.merchant("/v1/batches", body))["keys"])

    def connect(self, endpoint: Endpoint) -> None:
        """Name the sandbox as every outside party."""
        named: dict[Name, Endpoint] = {
            ("source", None): endpoint,
            ("face", None): endpoint,
            ("document", None): endpoint,
            ("bankcard", None): endpoint,
            ("operator", None): endpoint,
        }
        write_parties(self.ledger.home, named)

    def types(self, reply: Reply) -> list[str]:
        """Return the types of the entries that an answer names."""
        first, last = done(reply)["indexes"]
        return [each.type for each in self.ledger.reader.entries(first, last + 1)]

    def refuses(self, reply: Callable[[], Reply], status: int, code: str) -> None:
        """Check that nothing is recorded, and how it is said."""
        before = self.ledger.reader.size()
        found = reply()
        assert (found.status, found.json["code"]) == (status, code), found.body
        assert self.ledger.reader.size() == before


def done(reply: Reply) -> dict[str, Any]:
    """Return what a success says."""
    assert reply.status == 201, reply.body
    return reply.json
