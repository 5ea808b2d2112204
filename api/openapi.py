"""The OpenAPI document as it is true: problems, keys, who may ask with which scope, examples.

FastAPI writes what it knows of routes; this adds what every route has by standing in this
frame: what the authorization matrix asks of its callers, and an exchange as it really was.
Published as ``docs/openapi.json``, which ``python -m tests.api.exchanges`` writes anew.
``tests/api/test_openapi.py``, ``test_frame.py``.
"""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from api import examples
from api.access.matrix import OPERATIONS, ROWS, Operation
from api.principal import Kind
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
OAUTH_ERROR: Final = {
    "title": "OAuthError",
    "description": "RFC 6749, 5.2.",
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {
        "error": {"type": "string", "examples": ["invalid_client"]},
        "error_description": {"type": "string"},
    },
}
OAUTH: Final = ("oauth_token", "oauth_revoke")
"""Operations whose refusals have the form that their own standard asks for."""
TAGS: Final = {
    "access": "Tokens, a client's own keys, who read of me, and what takes two persons.",
    "accounts": "What somebody is known by: a consumer, a merchant, a platform's end user.",
    "callbacks": "What payment channels call, signed by them.",
    "certification": "Badges of qualified merchants and goods, and the key to check them by.",
    "credit": "A merchant's score, worked out anew from the log.",
    "disputes": "Contested orders: evidence, rulings, appeals, and the work of whoever decides.",
    "evidence": "Packages of evidence, made, listed, read and checked.",
    "feeds": "The log by topic, for those who must miss nothing: one cursor, the log index.",
    "goods": "Products that merchants offer, and the batches of keys that they bring.",
    "health": "Whether this process lives, has started and can serve.",
    "identity": "Who is behind an account: checks, a decision, and the wish to be forgotten.",
    "log": "The verifiable log: checkpoint, tiles, entries, proofs, time stamps.",
    "merchants": "Merchants with their credit, certificates and sanctions, as views show them.",
    "money": "Deposits, withdrawals, the guarantee account; balances and sums by day.",
    "orders": "A buyer orders a key and holds it.",
    "payments": "What a channel collects for a checkout, and money that nobody waits for.",
    "qualification": "How a merchant is let in: documents, reviewers, scopes, and its end.",
    "redemptions": "A buyer types a code.",
    "refunds": "Money that is asked back, agreed to, sent and settled.",
    "replay": "How an order, dispute, key or merchant stood at any size of the log.",
    "reveals": "What the buyer alone sees: raw keys, codes, and whether it is what was sealed.",
    "reviews": "Orders that are looked at before a key is held for them.",
    "sanctions": "What follows a breach: applied, appealed and lifted.",
    "screening": "Keys that may be used or stolen: asked about, set aside, let out by two.",
    "webhooks": "Where an owner wants to be told of its own entries.",
}
SERVER: Final = "http://127.0.0.1:8000"
"""Where ``xiyou serve`` listens unless told otherwise."""
ABOUT: Final = (
    "The ledger that a card-key marketplace can be judged by. Whatever is written is an entry"
    " of a verifiable log, and every answer to a command names its leaf index."
)
ALWAYS: Final = (400, 401, 403, 404, 409, 422, 429, 500, 503)
WRITING: Final = (413,)
KEY_SCHEMA: Final = {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[ -~]+$"}
METHODS: Final = ("get", "put", "post", "delete", "patch")
EXAMPLE: Final = {
    "type": f"{TYPE_PREFIX}sold_out",
    "title": "No card key left",
    "status": 409,
    "code": "sold_out",
    "detail": "prd_01kswz5n00eh9avc7v3pdgfj2y: no key of it is left",
    "instance": "/v1/orders",
    "retry": {"when": "never"},
    "request_id": "req_01kswz5n00eh9avc7v3pdgfj2y",
}


def install(app: FastAPI) -> None:
    """Let *app* describe itself so."""
    describe = app.openapi

    def describe_all() -> dict[str, Any]:
        if app.openapi_schema is None:
            ledger = getattr(app.state, "ledger", None)
            named = ledger.settings.public_url if ledger is not None else None
            complete(describe(), named or SERVER)
        assert app.openapi_schema is not None  # noqa: S101 — made just now
        return app.openapi_schema

    app.openapi = describe_all  # type: ignore[method-assign]  # FastAPI's own way to do it


def complete(document: dict[str, Any], server: str = SERVER) -> None:
    """Add to *document* what every operation has."""
    document["info"]["description"] = ABOUT
    document["servers"] = [{"url": server}]
    components = document.setdefault("components", {})
    components["securitySchemes"] = _schemes(server)
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM | {"example": EXAMPLE}
    schemas["OAuthError"] = OAUTH_ERROR
    used = set()
    for path, method, operation in placed_operations(document):
        _complete(method, operation)
        examples.show(operation, schemas, path)
        used |= {*operation.get("tags", [])}
    document["tags"] = [
        {"name": name, "description": what} for name, what in TAGS.items() if name in used
    ]


def _complete(method: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["summary"] = _first_sentence(operation.get("description", ""))
    responses = operation.setdefault("responses", {})
    statuses = ALWAYS if method == "get" else sorted((*ALWAYS, *WRITING))
    for status in statuses:
        oauth = name in OAUTH and status in (400, 401)
        responses[str(status)] = _oauth_error(status) if oauth else _problem(status)
    for each in operation.get("parameters", []):
        each["schema"] = _never_null(each["schema"])
        if each["name"] == "Idempotency-Key":
            each["required"], each["schema"] = True, KEY_SCHEMA
            each["example"] = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    if name in OPERATIONS:
        operation |= _access(OPERATIONS[name])


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null, which a query or a header cannot spell."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    plain: dict[str, Any] = kinds[0]
    return {name: each for name, each in schema.items() if name != "anyOf"} | plain


def _access(operation: Operation) -> dict[str, Any]:
    """Return who may ask: how it is shown, and what the matrix gives to each kind."""
    scope = operation.rule.scope
    cells = {kind.value: str(operation.rule.cell(kind)) for kind in Kind}
    if scope is None:
        return {"security": [], "x-principals": cells}
    security = [{"oauth2": [scope]}, {"bearer": [scope]}, {"dpop": [scope]}]
    return {"security": security, "x-principals": cells}


def _schemes(server: str) -> dict[str, Any]:
    scopes = {row.scope: row.title for row in ROWS.values() if row.scope is not None}
    flow = {"tokenUrl": f"{server}/oauth/token", "scopes": scopes}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "A client shows itself by its key (RFC 7523).",
            "flows": {"clientCredentials": flow},
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token, ours or the identity provider's.",
        },
        "dpop": {
            "type": "http",
            "scheme": "DPoP",
            "description": "A token that is bound to a key, with a proof of possession in the"
            " header DPoP (RFC 9449); platform clients and regulators have no others.",
        },
    }


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of *document* with its method."""
    for _, method, operation in placed_operations(document):
        yield method, operation


def placed_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation of *document* with its path and method."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _first_sentence(text: str) -> str:
    """Return the first line up to its first mark, without the mark."""
    return re.split(r"[.:;](?:\s|$)", text.strip(), maxsplit=1)[0].replace("\n", " ")


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def _oauth_error(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/OAuthError"}
    content = {"application/json": {"schema": schema}, **_problem(status)["content"]}
    return {"description": HTTPStatus(status).phrase, "content": content}
