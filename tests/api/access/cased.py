"""What the operations of cases are called with: whose things there are beside the world's own."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from api.commands import new_id, this_moment
from api.exporting import making
from api.principal import Kind
from domain.clients.administration import Usage
from domain.evidence.exporting import Approval
from domain.identity.standing import find_account
from domain.keys.intake import Upload
from tests.api.access import world as worlds
from tests.api.access.world import SUBJECTS, World

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


def bought(world: World) -> tuple[str, str]:
    """Return an order of the platform client's end user, and its dispute."""

    def make() -> tuple[str, str]:
        return worlds._order(world.ledger, world.end_user, "M-LAN", world.products[0], "staff-2")

    found: tuple[str, str] = kept(world, "bought", make)
    return found


def order(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    own = bought(world)[0] if kind is Kind.PLATFORM_CLIENT else world.orders[0]
    return {"order": {"own": own, "other": world.orders[1], "missing": f"ord_{SUFFIX}"}[whose]}


def case(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    own = bought(world)[1] if kind is Kind.PLATFORM_CLIENT else world.disputes[0]
    return {"dispute": {"own": own, "other": world.disputes[1], "missing": f"dsp_{SUFFIX}"}[whose]}


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
    merchant, product = ("M-LAN", world.products[0])
    if whose == "other":
        merchant, product = ("M-FOX", world.products[1])

    def make() -> str:
        made = new_id("key")
        upload = Upload(new_id("bat"), merchant, product, [f"RAW-{made}"], 1)
        command = world.command(merchant, "merchant")
        ledger = world.ledger
        ledger.trade.import_batch(command, upload, ledger.index_ring, lambda _: made)
        return made

    return {"key": kept(world, f"key {merchant}", make)}


def known_merchant(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    """Name a merchant of whom the log has something."""
    named = {"own": "M-LAN", "other": "M-FOX", "missing": "M-NONE"}[whose]
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
    dispute = world.disputes[0 if whose == "own" else 1]
    usage = Usage(
        *("arbitrator", "openings_request", dispute, ()),
        purpose="court order",
        value="ab" * 32,
        until=this_moment(3_600),
    )
    world.ledger.trade.request_opening(world.command(asker, "arbitrator"), made, usage)
    return {"opening": made}
