"""What the tales tell is as the OpenAPI document says, answer by answer."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.access.matrix import OPERATIONS
from api.examples import BINARY, JSON, exchanges
from api.openapi import placed_operations
from api.settings import Settings
from tests.api.tales.stage import Stage, Told, staged
from tests.api.tales.telling import tell_all


@pytest.fixture
def stage(settings: Settings) -> Any:  # noqa: ANN401 — a fixture that yields
    with staged(settings) as made:
        yield made


def test_every_answer_that_is_told_is_as_the_document_says(stage: Stage) -> None:
    told = tell_all(stage)
    document = stage.market.client.bearing().get("/openapi.json").json
    found = {each["operationId"]: each for _, _, each in placed_operations(document)}
    components = {"components": document["components"]}
    faults = [
        fault for each in told for fault in faults_of(each, found[each.operation], components)
    ]
    assert faults == []
    # Each operation's exchange was taken from a tale, or by the matrix's own call.
    assert exchanges().keys() == OPERATIONS.keys()


def faults_of(told: Told, operation: dict[str, Any], components: dict[str, Any]) -> list[str]:
    """Return in what the exchange is not as *operation* says."""
    name, status = told.operation, str(told.reply.status)
    if status not in operation["responses"]:
        return [f"{name}: {status} is not in the document"]
    content = operation["responses"][status].get("content", {})
    media = told.reply.headers.get("content-type", "").split(";")[0]
    if media and media not in content:
        return [f"{name}: {status} as {media} is not in the document"]
    faults = []
    if media and media not in BINARY and media.endswith("json"):
        check = Draft202012Validator({**content[media]["schema"], **components})
        faults = [f"{name}: {each.message}" for each in check.iter_errors(told.reply.json)]
    body = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if body is not None and told.body is not None:
        check = Draft202012Validator({**body["schema"], **components})
        faults += [f"{name}: sent {each.message}" for each in check.iter_errors(told.body)]
    return faults
