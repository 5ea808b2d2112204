"""A deployment in which each of the eight principals has something of its own, and others have."""

import json
import secrets
from dataclasses import dataclass
from secrets import token_hex

from joserfc.jwk import OKPKey

from api.access.gate import Gate
from api.access.signed import Key
from api.bootstrap import Deployment
from api.commands import new_id, this_moment
from api.principal import Kind
from domain.clients.administration import Credential, Registration, Usage
from domain.clients.events import PrincipalKind
from domain.command import Command
from domain.disputes.dispute import Dispute
from domain.disputes.events import DisputeAssigned, DisputeOpened, EvidenceGathered
from domain.event import Meta, Role
from domain.orders.events import FundsFrozen, FundsHeld, OrderPaid, OrderPlaced
from domain.orders.order import Order
from tests.api.access.viewed import read_over_views
from tests.api.asking import Client, proof_of, token_of

MINE, THEIRS = "usr_01m6b1yq00e2aafp47cgx674mz", "usr_01m6b1yq00e2aafp47cgx674n0"
NOBODY = "usr_01m6b1yq00e2aafp47cgx674n1"
SUBJECTS = {
    Kind.CONSUMER: MINE,
    Kind.MERCHANT: "M-LAN",
    Kind.AUDITOR: "staff-1",
    Kind.ARBITRATOR: "staff-2",
    Kind.REGULATOR: "staff-3",
    Kind.OPERATOR: "staff-4",
}
KEY = OKPKey.generate_key("Ed25519")


@dataclass
class World:
    """What there is."""

    ledger: Deployment
    gate: Gate
    client: Client
    products: tuple[str, str]
    orders: tuple[str, str]
    disputes: tuple[str, str]
    clients: dict[str, tuple[str, str]]
    end_user: str
    published: int
    views: dict[str, tuple[str, str, str]]
    """By noun, what is read over views: mine, theirs, the platform client's."""

    def command(self, actor: str, role: Role = "staff", source: str = "test") -> Command:
        return command_of(self.ledger, actor, role, source)

    def opening(self) -> str:
        """Return a new request of somebody else's."""
        made = new_id("opn")
        usage = Usage(
            *("arbitrator", "openings_request", self.disputes[0], (MINE,)),
            purpose="court order",
            value="ab" * 32,
            until=this_moment(3_600),
        )
        self.ledger.trade.request_opening(self.command("staff-2", "arbitrator"), made, usage)
        return made

    def ask(
        self, kind: Kind, method: str, path: str, body: object = None, **more: object
    ) -> Client:
        """Return a client that shows it is somebody of *kind*, for one request."""
        if kind is Kind.ANONYMOUS:
            return self.client.bearing()
        return self.client.bearing(**self.headers(kind, method, path, **more))  # type: ignore[arg-type]

    def headers(
        self, kind: Kind, method: str, path: str, *, scopes: frozenset[str] | None = None
    ) -> dict[str, str]:
        client = self.clients["platform_client"][0]
        subject = client if kind is Kind.PLATFORM_CLIENT else SUBJECTS[kind]
        if kind not in (Kind.PLATFORM_CLIENT, Kind.REGULATOR):
            token = token_of(self.gate, kind, subject, scopes=scopes)
            return {"Authorization": f"Bearer {token}"}
        token = token_of(
            self.gate, kind, subject, client=client, scopes=scopes, bound_to=KEY.thumbprint()
        )
        url = f"{self.client.base}{path}".partition("?")[0]
        return {"Authorization": f"DPoP {token}", "DPoP": proof_of(KEY, method, url, token)}


def command_of(ledger: Deployment, actor: str, role: Role, source: str = "test") -> Command:
    name = f"cmd/{token_hex(8)}"
    return Command(Meta(actor, role, source, "test", name, name), ledger.vault, secrets.token_bytes)


def make_client(
    ledger: Deployment, kind: PrincipalKind, subject: str | None = None, key: Key | None = None
) -> str:
    """Register a client with a key of its own."""
    made = new_id("cli")
    public = key or OKPKey.generate_key("Ed25519")
    ledger.trade.register_client(
        command_of(ledger, "staff-8", "staff"),
        made,
        Registration("a client", kind, subject or made, (), "staff-9"),
        Credential(public.thumbprint(), "private_key_jwt", _spelt(public)),
    )
    return made


def make_world(ledger: Deployment, gate: Gate, client: Client) -> World:
    products = (_product(ledger, "M-LAN"), _product(ledger, "M-FOX"))
    mine = _order(ledger, MINE, "M-LAN", products[0], "staff-2")
    theirs = _order(ledger, THEIRS, "M-FOX", products[1], "staff-6")
    clients = {
        "merchant": (
            make_client(ledger, "merchant", "M-LAN"),
            make_client(ledger, "merchant", "M-FOX"),
        ),
        "platform_client": (
            make_client(ledger, "platform_client"),
            make_client(ledger, "platform_client"),
        ),
    }
    end_user = new_id("usr")
    opened = command_of(ledger, end_user, "consumer", clients["platform_client"][0])
    ledger.trade.open_account(opened, end_user)
    ledger.trade.open_account(command_of(ledger, THEIRS, "consumer"), THEIRS)
    ends = _order(ledger, end_user, "M-LAN", products[0], "staff-2")
    views = read_over_views(ledger, (mine, theirs, ends), (MINE, THEIRS, end_user))
    published = ledger.publisher.publish_once()
    assert published is not None
    return World(
        *(ledger, gate, client, products, (mine[0], theirs[0]), (mine[1], theirs[1])),
        *(clients, end_user, published.size, views),
    )


def _product(ledger: Deployment, merchant: str) -> str:
    made = new_id("prd")
    ledger.trade.create_product(command_of(ledger, merchant, "merchant"), made, merchant, "SKU")
    return made


def _order(
    ledger: Deployment, buyer: str, merchant: str, product: str, arbitrator: str
) -> tuple[str, str]:
    """Record an order with a dispute that is assigned, as no more than their own histories."""
    command = command_of(ledger, buyer, "consumer")
    order, dispute = Order(new_id("ord")), Dispute(new_id("dsp"))
    placed = OrderPlaced(
        *order.follows(command), new_id("chk"), buyer, merchant, product, 1, 5, "CNY"
    )
    order.happen(command, placed)
    opened = DisputeOpened(*dispute.follows(command), order.id, buyer, "consumer", "none")
    dispute.happen(command, opened)
    facts = (True, "no", True, "unused", "none", 0)
    dispute.happen(command, EvidenceGathered(*dispute.follows(command), *facts))  # type: ignore[arg-type]
    dispute.happen(command, DisputeAssigned(*dispute.follows(command), arbitrator, "first"))
    order.happen(command, OrderPaid(*order.follows(command), new_id("pay")))
    order.happen(command, FundsHeld(*order.follows(command), 5, "CNY"))
    order.happen(command, FundsFrozen(*order.follows(command), dispute.id))
    ledger.trade.save(*command.events, command_id=command.id)
    return order.id, dispute.id


def _spelt(key: Key) -> str:
    return json.dumps(key.as_dict(private=False), sort_keys=True)
