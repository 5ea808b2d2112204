"""The OpenAPI document as it is true: problem documents everywhere, and keys where needed.

FastAPI writes what it knows of routes; this adds what every route has by standing in this
frame. ``tests/api/test_frame.py``.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.problems import MEDIA_TYPE, TYPE_PREFIX

PROBLEM: Final = {
    "title": "Problem",
    "description": "RFC 9457. `code` is stable for ever; docs/errors.md lists them all.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "instance", "retry", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [f"{TYPE_PREFIX}sold_out"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z_]+$", "examples": ["sold_out"]},
        "detail": {"type": "string"},
        "instance": {"type": "string", "examples": ["/v1/orders"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["/lines/0"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "resource": {"type": "string", "description": "Where what came of it can be read."},
        "retry": {
            "type": "object",
            "required": ["when"],
            "properties": {
                "when": {"enum": ["never", "same_key", "new_key", "after"]},
                "seconds": {"type": "integer", "minimum": 1},
            },
        },
        "request_id": {"type": "string", "pattern": "^req_[0-9a-z]{26}$"},
    },
}
ALWAYS: Final = (400, 401, 403, 404, 422, 429, 500, 503)
WRITING: Final = (409, 413)
KEY_SCHEMA: Final = {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[ -~]+$"}
METHODS: Final = ("get", "put", "post", "delete", "patch")


def name_operation(route: APIRoute) -> str:
    """Return the operation's id: the function's name in camel case."""
    first, *rest = route.name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def install(app: FastAPI) -> None:
    """Let *app* describe itself so."""
    describe = app.openapi

    def describe_all() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(describe())
        assert app.openapi_schema is not None  # noqa: S101 — made just now
        return app.openapi_schema

    app.openapi = describe_all  # type: ignore[method-assign]  # FastAPI's own way to do it


def complete(document: dict[str, Any]) -> None:
    """Add to *document* what every operation has."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    for method, operation in operations(document):
        responses = operation.setdefault("responses", {})
        statuses = ALWAYS if method == "get" else sorted((*ALWAYS, *WRITING))
        for status in statuses:
            responses[str(status)] = _problem(status)
        for each in operation.get("parameters", []):
            if each["name"] == "Idempotency-Key":
                each["required"], each["schema"] = True, KEY_SCHEMA
                each["example"] = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of *document* with its method."""
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                yield method, item[method]


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
