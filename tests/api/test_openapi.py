"""The OpenAPI document: valid, complete for whoever reads it, and the one that is published."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from api.access.matrix import OPERATIONS, ROWS
from api.app import create_app
from api.bootstrap import Deployment
from api.examples import BINARY, JSON, schema_of
from api.openapi import OAUTH, TAGS, placed_operations
from tests.api.compatibility import breaks

ROOT: Final = Path(__file__).parents[2]
PUBLISHED: Final = ROOT / "docs" / "openapi.json"
RELEASED: Final = ROOT / "tests" / "golden" / "openapi.json"
AGAIN: Final = "run python -m tests.api.exchanges"


@pytest.fixture
def document(ledger: Deployment) -> dict[str, Any]:
    return create_app(ledger).openapi()


def test_the_published_document_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    assert json.loads(PUBLISHED.read_bytes()) == document, AGAIN


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_is_complete(document: dict[str, Any]) -> None:
    faults = [each for placed in placed_operations(document) for each in lint(*placed)]
    assert faults == [], AGAIN
    names = [operation["operationId"] for _, _, operation in placed_operations(document)]
    assert len(set(names)) == len(names)
    used = {tag for _, _, operation in placed_operations(document) for tag in operation["tags"]}
    assert used == TAGS.keys()
    assert document["servers"]


def test_every_operation_tells_which_scope_it_asks_for(document: dict[str, Any]) -> None:
    known = document["components"]["securitySchemes"]
    assert known.keys() == {"oauth2", "bearer", "dpop"}
    for _, _, operation in placed_operations(document):
        scope = ROWS[OPERATIONS[operation["operationId"]].row].scope
        asked = {name: scopes for each in operation["security"] for name, scopes in each.items()}
        assert asked == ({} if scope is None else {each: [scope] for each in known})
        if scope is not None:
            assert scope in known["oauth2"]["flows"]["clientCredentials"]["scopes"]


def test_examples_are_of_their_schemas(document: dict[str, Any]) -> None:
    components = {"components": document["components"]}
    seen = 0
    for _, _, operation in placed_operations(document):
        for media in contents(operation):
            if "example" in media and "schema" in media:
                Draft202012Validator({**media["schema"], **components}).validate(media["example"])
                seen += 1
    assert seen > len(OPERATIONS) / 2
    schemas = document["components"]["schemas"]
    Draft202012Validator(schemas["Problem"]).validate(schemas["Problem"]["example"])


def test_v1_has_lost_nothing_since_it_was_released(document: dict[str, Any]) -> None:
    assert breaks(json.loads(RELEASED.read_bytes()), document) == []


def test_what_a_seen_answer_says_of_the_others() -> None:
    order = {"order": "ord_01m87e3303e39t2w1cze8p0qxv", "at": "2026-11-24T18:46:32Z", "n": [1]}
    schema = schema_of(order | {"note": None}, optional=["note"])
    check = Draft202012Validator(schema)
    assert check.is_valid(order)
    assert schema["required"] == ["order", "at", "n"]
    for name, wrong in (("order", "prd_01m87e3303e39t2w1cze8p0qxv"), ("at", 5), ("n", ["1"])):
        assert not check.is_valid(order | {name: wrong})


def test_a_list_is_described_by_all_that_stands_in_it() -> None:
    one, other = {"id": "1", "key": "x"}, {"id": 2, "order": "y"}
    check = Draft202012Validator(schema_of([one, other]))
    assert check.is_valid([one, other, one])
    assert not check.is_valid([{"order": "y"}])
    assert not check.is_valid([one | {"key": 1}])


def lint(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield what *operation* lacks, each by its name."""
    name = operation.get("operationId", f"{method} {path}")
    if not operation.get("description") or not 3 <= len(operation.get("summary", "")) <= 120:
        yield f"{name}: no docstring, or its first sentence is too long"
    for each in operation.get("parameters", []):
        shown = {**each, **each["schema"]}
        if each["in"] == "path" and not {"example", "examples", "enum"} & shown.keys():
            yield f"{name}: parameter {each['name']} has no example"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        if not {"example", "examples"} & content.keys() or not content.get("schema"):
            yield f"{name}: the body has no example or schema as {media}"
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            yield from lint_answer(name, status, media, content)


def lint_answer(name: str, status: str, media: str, content: dict[str, Any]) -> Iterator[str]:
    if status.startswith("2"):
        whole = "example" in content and content.get("schema")
        if not whole and media not in (*BINARY, *STREAMS):
            yield f"{name}: {status} has no example or schema as {media}"
        return
    is_oauth = media == JSON and name in OAUTH
    if not is_oauth and not content["schema"]["$ref"].endswith("/Problem"):
        yield f"{name}: {status} is no problem document"


STREAMS: Final = ("text/event-stream", "application/vnd.apache.parquet")


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for response in operation["responses"].values():
        yield from response.get("content", {}).values()
