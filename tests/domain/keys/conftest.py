"""What the tests of keys may ask for: a trade on a real log with a real vault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.store.embedded import EmbeddedPostgres
from tests.domain.keys.deployed import Deployed, deployed


@pytest.fixture
def world(app_url: str, tmp_path: Path) -> Iterator[Deployed]:
    """The application on a fresh database."""
    with deployed(app_url, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def schema_owner_url(postgres_server: EmbeddedPostgres, database_name: str) -> str:
    """The fresh database as the schema's owner: who rewraps and forgets."""
    return postgres_server.url(user="xiyou_owner", database=database_name)
