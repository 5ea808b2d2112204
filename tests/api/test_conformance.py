"""The API does what its OpenAPI document says, whatever is sent (schemathesis).

25 requests an operation here; ``python -m tests.api.schemathesis_campaign`` sends more.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from api.access.matrix import OPERATIONS
from api.app import create_app
from api.bootstrap import Deployment
from api.settings import Settings
from tests.api.access.world import make_world
from tests.api.asking import serving
from tests.api.conformance import Conformance, equip
from tests.api.tales.stage import staged

EXAMPLES = 25


@pytest.fixture
def conformance(settings: Settings) -> Iterator[Conformance]:
    unlimited = settings.model_copy(update={"rate_factor": 1_000_000})
    with staged(unlimited) as stage:
        equip(stage)
        found = Conformance(stage.world, stage.market.client.bearing().get("/openapi.json").json)
        yield found
        found.close()


def test_every_operation_does_what_the_document_says(
    conformance: Conformance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    names = set()
    for operation in conformance.operations():
        conformance.attempt(operation, EXAMPLES, salt=1)
        names.add(operation.definition.raw["operationId"])
    failures = [f"{name}: {what}: {told}" for (name, what), told in conformance.failures()]
    assert failures == []
    assert names == OPERATIONS.keys()
    assert conformance.tried.requests > EXAMPLES * len(OPERATIONS)
    # Not everything was turned away: something was done, read, and refused for its schema.
    assert {200, 201, 400, 401, 404, 405, 422} <= conformance.tried.statuses.keys()


def test_an_answer_that_the_document_does_not_know_is_found(ledger: Deployment) -> None:
    app = create_app(ledger)
    document: dict[str, Any] = app.openapi()
    path = document["paths"]["/livez"]["get"]
    path["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array"}
    with serving(app) as client:
        world = make_world(ledger, app.state.gate, client)
        found = Conformance(world, {**document, "paths": {"/livez": {"get": path}}})
        [operation] = found.operations()
        found.attempt(operation, 1, salt=1)
        found.close()
    assert [each for each, _ in found.failures()] == [("health_live", "Response violates schema")]
