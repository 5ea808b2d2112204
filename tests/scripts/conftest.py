"""One demo, run once by the real command, that most tests of the commands look at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chain.store.embedded import EmbeddedPostgres
from tests.chain.store.owners import leaked
from tests.scripts.calling import Called, spawn


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of the caller's own deployment in the environment."""
    for name in list(os.environ):
        if name.startswith("XIYOU_"):
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Demo:
    """A demo that has run."""

    home: Path
    called: Called

    @property
    def facts(self) -> dict[str, Any]:
        return self.called.json


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A home with the log of 60 orders, whose server is kept up for the tests."""
    with demo_in(tmp_path_factory.mktemp("demo") / "home") as ran:
        yield ran


@contextmanager
def demo_in(home: Path) -> Iterator[Demo]:
    """Run a demo of 60 orders in *home*, and keep its server up."""
    called = spawn("demo", "--home", home, "--orders", 60, "--json")
    with EmbeddedPostgres(home / "postgres"):
        yield Demo(home, called)
    assert leaked(home / "postgres") == []


@pytest.fixture
def server_home(tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own, which must leave no server behind."""
    home = tmp_path / "home"
    yield home
    assert leaked(home / "postgres") == []
