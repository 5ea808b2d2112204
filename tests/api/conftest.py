"""A deployment of the test's own on the shared server, and a client of its HTTP door."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.bootstrap import Deployment
from api.settings import Settings
from domain.payments.store.connections import write_connections
from scripts.migrate import migrate
from scripts.sandbox import SandboxProcess
from tests.api.asking import Client, serving
from tests.api.buying import Market
from tests.api.shopkeeping import Shop
from tests.domain.payments.counter import Counter
from tests.domain.payments.paying import connections


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of the caller's own deployment in the environment."""
    for name in list(os.environ):
        if name.startswith("XIYOU_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path, app_url: str, owner_url: str) -> Settings:
    """Settings of a deployment on a fresh database."""
    return Settings(
        home=tmp_path / "home",
        database_url=SecretStr(app_url),
        owner_database_url=SecretStr(owner_url),
        origin="ledger.example/test",
        rate_factor=1_000,
    )


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Deployment]:
    """An open deployment."""
    with Deployment(settings, migrate) as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def client(ledger: Deployment) -> Iterator[Client]:
    """Somebody who asks it over HTTP."""
    with serving(create_app(ledger)) as made:
        yield made


@pytest.fixture
def market(ledger: Deployment) -> Iterator[Market]:
    """The parties to a sale, each with its own token."""
    app = create_app(ledger)
    with serving(app) as made:
        yield Market(ledger, app, made)


@pytest.fixture
def paying_market(settings: Settings) -> Iterator[tuple[Market, Counter]]:
    """The same, connected to payment channels that a sandbox plays."""
    with Deployment(settings, migrate) as opened:
        write_connections(opened.home, connections())
        opened.prepare()
        app = create_app(opened)
        with serving(app) as made, SandboxProcess() as sandbox:
            counter = Counter(sandbox.endpoint, f"{made.base}/v1/callbacks")
            asked = dict.fromkeys(connections(), sandbox.endpoint)
            write_connections(opened.home, connections(), asked)
            yield Market(opened, app, made), counter


@pytest.fixture
def shop(ledger: Deployment) -> Iterator[Shop]:
    """A shop whose merchant and staff act over HTTP."""
    app = create_app(ledger)
    with serving(app) as made:
        yield Shop(ledger, app.state.gate, made)


@pytest.fixture(scope="session")
def outsiders() -> Iterator[SandboxProcess]:
    """The sandbox of the outside parties, in a process of its own."""
    with SandboxProcess() as process:
        yield process
