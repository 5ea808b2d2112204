"""What the operations of cases are called with: whose things there are beside the world's own."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from api.commands import new_id, this_moment
from api.exporting import making
from api.principal import Kind
from domain.clients.administration import Usage
from domain.disputes.dispute import Dispute
from domain.disputes.events import DisputeAssigned, DisputeOpened, EvidenceGathered
from domain.evidence.exporting import Approval
from domain.identity.standing import find_account
from domain.keys.intake import Upload
from domain.orders.events import FundsFrozen, FundsHeld, OrderPaid, OrderPlaced
from domain.orders.order import Order
from tests.api.access.world import MINE, SUBJECTS, THEIRS, World

Whose = Literal["own", "other", "missing"]
SUFFIX = "01m6b1yq00e2aafp47cgx674mz"
RULING = {
    "outcome": "rejected",
    "key_effect": "unchanged",
    "reason": "a",
    "relied_on": ["ord_x/1"],
}


def kept(world: World, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 — whatever is made
    """Return what *make* makes, made once in a world."""
    made = world.__dict__.setdefault("kept", {})
    if name not in made:
        made[name] = make()
    return made[name]


def matters(world: World) -> dict[str, tuple[str, str]]:
    """Return order and dispute of mine, of others, and of the platform client's end user."""

    def make() -> dict[str, tuple[str, str]]:
        mine, theirs = world.products
        return {
            "own": _matter(world, MINE, "M-LAN", mine, "staff-2"),
            "other": _matter(world, THEIRS, "M-FOX", theirs, "staff-6"),
            "end_user": _matter(world, world.end_user, "M-LAN", mine, "staff-2"),
            "missing": (f"ord_{SUFFIX}", f"dsp_{SUFFIX}"),
        }

    found: dict[str, tuple[str, str]] = kept(world, "matters", make)
    return found


def _matter(
    world: World, buyer: str, merchant: str, product: str, arbitrator: str
) -> tuple[str, str]:
    """Record an order of a key with a dispute that is assigned, and no more of either."""
    command = world.command(buyer, "consumer")
    order, dispute = Order(new_id("ord")), Dispute(new_id("dsp"))
    placed = OrderPlaced(
        *order.follows(command),
        new_id("chk"),
        buyer,
        merchant,
        product,
        1,
        5,
        "CNY",
        key=_key(world, merchant, product),
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
    world.ledger.trade.save(*command.events, command_id=command.id)
    return order.id, dispute.id


def order(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    return {"order": matters(world)[_mine(kind, whose)][0]}


def case(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    return {"dispute": matters(world)[_mine(kind, whose)][1]}


def _mine(kind: Kind, whose: Whose) -> str:
    return "end_user" if kind is Kind.PLATFORM_CLIENT and whose == "own" else whose


def package(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    """Name a package about a dispute."""
    if whose == "missing":
        return {"number": "EV-20200101-000001"}
    dispute = case(world, kind, whose)["dispute"]
    request = making.Request(None, dispute, None, (), "staff-9", Approval(), None, None)

    def make() -> str:
        return making.make_package(world.ledger, request, datetime.now(UTC))[0]

    return {"number": kept(world, f"package {dispute}", make)}


def key(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    if whose == "missing":
        return {"key": f"key_{SUFFIX}"}
    merchant, product = ("M-LAN", "M-FOX")[whose == "other"], world.products[whose == "other"]
    return {"key": kept(world, f"key {merchant}", lambda: _key(world, merchant, product))}


def _key(world: World, merchant: str, product: str) -> str:
    made = new_id("key")
    upload = Upload(new_id("bat"), merchant, product, [f"RAW-{made}"], 1)
    command = world.command(merchant, "merchant")
    world.ledger.trade.import_batch(command, upload, world.ledger.index_ring, lambda _: made)
    return made


def known_merchant(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    """Name a merchant of whom the log has something."""
    # Staff act on M-NONE in this walk, and the log has something of it then: nobody names M-NOBODY.
    named = {"own": "M-LAN", "other": "M-FOX", "missing": "M-NOBODY"}[whose]
    trade = world.ledger.trade
    if whose != "missing" and find_account(trade, named) is None:
        trade.open_account(world.command(named, "merchant"), named)
    return {"merchant": named}


def own_opening(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    """Name a request of whoever asks, or of somebody else."""
    if whose == "missing":
        return {"opening": f"opn_{SUFFIX}"}
    asker = SUBJECTS.get(kind, "staff-9") if whose == "own" else "staff-6"
    made = new_id("opn")
    dispute = matters(world)[whose][1]
    usage = Usage(
        *("arbitrator", "openings_request", dispute, ()),
        purpose="court order",
        value="ab" * 32,
        until=this_moment(3_600),
    )
    world.ledger.trade.request_opening(world.command(asker, "arbitrator"), made, usage)
    return {"opening": made}
