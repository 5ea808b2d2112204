"""What every test may ask for: a real PostgreSQL.

The server is the product's own embedded one, one a test process, and dies with
it. ``XIYOU_TEST_POSTGRES_BINARIES`` names a folder of PostgreSQL programs to
run the suite on another version than the wheel's.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from scripts.migrate import migrate
from tests.chain.store.owners import FAST_SETTINGS, leaked

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server for all tests of this process; make a database of your own in it."""
    named = os.environ.get("XIYOU_TEST_POSTGRES_BINARIES")
    with EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings=FAST_SETTINGS,
        binaries=Path(named) if named else None,
    ) as server:
        yield server


@pytest.fixture
def server_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a server of the test's own, which must leave no process behind."""
    folder = tmp_path / "server"
    yield folder
    assert leaked(folder) == []


@pytest.fixture(scope="session")
def migrated_template(postgres_server: EmbeddedPostgres) -> str:
    """A migrated database that every test copies."""
    name = "template_migrated"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER xiyou_owner")
    migrate(postgres_server.url(user="xiyou_owner", database=name))
    return name


@pytest.fixture
def database_name(postgres_server: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """A fresh ledger database of the test's own."""
    name = f"ledger_{next(NUMBERS)}"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template} OWNER xiyou_owner")
    yield name
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def app_url(postgres_server: EmbeddedPostgres, database_name: str) -> str:
    """The fresh database, as the application's role sees it."""
    return postgres_server.url(user="xiyou_app", database=database_name)


@pytest.fixture
def owner_url(postgres_server: EmbeddedPostgres, database_name: str) -> str:
    """The fresh database as a superuser sees it: the insider of F12 and F14."""
    return postgres_server.url(database=database_name)


@pytest.fixture
def database(app_url: str) -> Iterator[Database]:
    """Connections to the fresh database as the application."""
    opened = Database(app_url)
    yield opened
    opened.close()


@pytest.fixture
def log(app_url: str) -> Iterator[Log]:
    """The fresh database's log, with its sequencer."""
    with Log(app_url) as opened:
        yield opened
