"""The world of `tests.api.access.world`, over HTTP."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.bootstrap import Deployment
from tests.api.access.world import World, make_world
from tests.api.asking import serving


@pytest.fixture
def world(ledger: Deployment) -> Iterator[World]:
    app = create_app(ledger)
    with serving(app) as client:
        yield make_world(ledger, app.state.gate, client)
