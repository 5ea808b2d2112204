"""The market of the views' own tests, in a deployment, read over HTTP by whoever it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from eventsourcing.persistence import StoredEvent

from api.access.gate import Gate
from api.access.matrix import default_scopes
from api.app import create_app
from api.bootstrap import Deployment
from api.principal import Kind
from projections.store.runner import Runner, catch_up
from tests.api.asking import Client, Reply, serving, token_of
from tests.projections.conftest import events, write
from tests.projections.model import Model

__all__ = ["events"]


@dataclass
class Readers:
    """Asks in anybody's name."""

    ledger: Deployment
    gate: Gate
    client: Client
    events: Sequence[StoredEvent]
    runner: Runner

    def model(self, size: int | None = None) -> Model:
        """Return the independent fold of the first *size* events."""
        model = Model()
        for index, each in enumerate(self.events[:size]):
            model.see(index, str(each.originator_id), each.topic, each.state)
        return model

    def asker(self, kind: Kind, subject: str, *more: str) -> Callable[[str], Reply]:
        """Return what asks as *subject*, whose token also holds the scopes *more*."""
        scopes = default_scopes(kind) | frozenset(more)
        token = token_of(self.gate, kind, subject, scopes=scopes)
        return self.client.bearing(Authorization=f"Bearer {token}").get

    def pages(
        self, ask: Callable[[str], Reply], path: str, **query: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield every page of a list."""
        following: str | None = f"{path}?{urlencode(query, doseq=True)}"
        while following:
            reply = ask(following)
            assert reply.status == 200, reply.body
            yield reply.json
            following = reply.json.get("next")

    def items(self, ask: Callable[[str], Reply], path: str, **query: Any) -> list[dict[str, Any]]:
        """Return every item of a list."""
        return [item for page in self.pages(ask, path, **query) for item in page["items"]]

    def bring(self, events: Sequence[StoredEvent]) -> None:
        """Write *events* to the log and bring the views there."""
        write(self.ledger.trade.factory.log, events)  # type: ignore[attr-defined]
        catch_up(self.runner)


@pytest.fixture
def empty(ledger: Deployment, events: Sequence[StoredEvent]) -> Iterator[Readers]:
    """Nothing in the log yet."""
    app = create_app(ledger)
    runner = Runner(ledger.database)
    with serving(app) as client:
        yield Readers(ledger, app.state.gate, client, events, runner)
    runner.close()


@pytest.fixture
def market(empty: Readers) -> Readers:
    """All of it."""
    empty.bring(empty.events)
    return empty
