"""Where tales are told: a market whose outside parties a sandbox plays, asked over HTTP.

A tale does whatever an operation wants to be done before it, and then asks it, by `Stage.tell`.
What was answered is written down: ``api/examples.json`` is filled with it, and
``tests/api/test_tales.py`` holds it against the OpenAPI document.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from api.app import create_app
from api.bootstrap import Deployment
from api.outside import Role, write_parties
from api.principal import Kind
from api.settings import Settings
from domain.identity.sandbox import citizen
from domain.payments.store.connections import write_connections
from scripts.migrate import migrate
from scripts.sandbox import SandboxProcess
from tests.api.access.test_matrix import CALLS
from tests.api.access.world import World, make_world
from tests.api.asking import Client, Reply, serving, token_of
from tests.api.buying import Market
from tests.domain.payments.counter import Counter
from tests.domain.payments.paying import connections

ANN, BEN = "staff-ann", "staff-ben"
WHY: Final = {"reason": "so the statement of 3 June says"}
ROLES: Final[tuple[Role, ...]] = ("source", "face", "document", "bankcard", "operator")
BYTES: Final = "application/octet-stream"


@dataclass(frozen=True)
class Told:
    """One exchange.

    Attributes:
        operation: its id.
        path: as it was asked for.
        body: that was sent, as what it is before it is written; None for none.
        reply: the answer.
    """

    operation: str
    path: str
    body: object
    reply: Reply


class Bazaar(Market):
    """A market whose keys are all different."""

    def offered(self, *lines: str, policy: str | None = None, units: int = 1) -> str:
        """Return a product with a key for each line; without lines, with a new one."""
        return super().offered(*(lines or [f"RAW-{token_hex(8)}"]), policy=policy, units=units)


@dataclass
class Stage:
    """Who is there, and what was told."""

    world: World
    market: Market
    counter: Counter
    told: list[Told] = field(default_factory=list)
    people: int = 0

    def being(self, kind: Kind, subject: str) -> Client:
        """Return somebody who asks."""
        token = token_of(self.market.gate, kind, subject)
        return self.market.client.bearing(Authorization=f"Bearer {token}")

    def staff(self, name: str = ANN) -> Client:
        """Return one of the staff."""
        return self.being(Kind.OPERATOR, name)

    def merchant(self, name: str) -> Client:
        """Return a merchant."""
        return self.being(Kind.MERCHANT, name)

    def platform(self, path: str) -> Client:
        """Return the platform's client, with a new proof for each request to *path*."""
        world = self.world
        return Client(
            world.client.base, lambda _: world.headers(Kind.PLATFORM_CLIENT, "POST", path)
        )

    def tell(
        self,
        operation: str,
        who: Client,
        path: str,
        body: Any = None,  # noqa: ANN401 — whatever JSON can be
        key: str | None = None,
    ) -> dict[str, Any]:
        """Ask *operation*, which succeeds; a command is asked once more by the same key."""
        name = key or token_hex(12)
        found = self._ask(operation, who, path, body, name)
        if "command_id" in found:
            self._ask(operation, who, path, body, name)
        return found

    def _ask(
        self, operation: str, who: Client, path: str, body: object, name: str
    ) -> dict[str, Any]:
        if CALLS[operation].method == "GET":
            reply = who.get(path)
        else:
            reply = who.post(path, {} if body is None else body, name)
        assert reply.status in (200, 201), (operation, reply.body)
        self.told.append(Told(operation, path, body, reply))
        is_json = reply.headers.get("content-type", "").startswith("application/json")
        return reply.json if is_json else {}

    def someone(self) -> dict[str, Any]:
        """Return what the next person states."""
        self.people += 1
        found = citizen(self.people)
        return {"name": found.name, "number": found.number}


@contextmanager
def staged(settings: Settings) -> Iterator[Stage]:
    """Open a deployment with nothing told in it yet, connected to sandboxes."""
    with Deployment(settings, migrate) as ledger:
        write_connections(ledger.home, connections())
        ledger.prepare()
        app = create_app(ledger)
        with serving(app) as client, SandboxProcess() as sandbox:
            counter = Counter(sandbox.endpoint, f"{client.base}/v1/callbacks")
            asked = dict.fromkeys(connections(), sandbox.endpoint)
            write_connections(ledger.home, connections(), asked)
            write_parties(ledger.home, {(each, None): sandbox.endpoint for each in ROLES})
            world = make_world(ledger, app.state.gate, client)
            yield Stage(world, Bazaar(ledger, app, client), counter)


def fresh_settings(home: Path) -> Settings:
    """Return settings of a deployment on a database of its own below *home*."""
    return Settings(home=home, origin="ledger.example/test", rate_factor=100_000)
