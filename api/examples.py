"""Requests and answers as they really were, in the OpenAPI document, and what they look like.

``examples.json`` holds one exchange for each operation, as the running program gave it:
``python -m tests.api.exchanges`` adds those of new operations. An answer whose route declares
no model is described by its exchange: its members and their types. Whether every other answer
has that look, too, is what ``tests/api/test_conformance.py`` tries.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final

from domain.identifiers import SUFFIX_PATTERN

FILE: Final = Path(__file__).with_name("examples.json")
JSON: Final = "application/json"
BINARY: Final = ("application/octet-stream", "application/pdf", "application/zip")
TYPE_ID: Final = re.compile(f"^([a-z]{{3}})_{SUFFIX_PATTERN}$")
MOMENT: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
ANYBODYS: Final = ("object", "owner", "party", "stream", "subject")
"""Members that name things or persons of more than one kind, whichever was seen."""
MADE_UP: Final = "Response "
"""How the framework begins the title of a schema that no model has given."""


@cache
def exchanges() -> Mapping[str, Mapping[str, Any]]:
    """Return by operation: ``path``, ``body``, ``status``, ``media``, ``answer``.

    Where not every answer looks like that one: ``schema``, of all that were seen, or
    ``optional``, the members that not all have.
    """
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_bytes())
    return found


def show(operation: dict[str, Any], schemas: dict[str, Any], path: str) -> None:
    """Add to *operation*, which stands at *path*, its exchange; new schemas to *schemas*."""
    seen = exchanges().get(operation["operationId"], {})
    _show_parameters(operation, path, seen)
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "body" in seen and not {"example", "examples"} & media.keys():
            media["example"] = seen["body"]
    _show_answer(operation, schemas, seen)


def schema_of(value: object, optional: Collection[str] = ()) -> dict[str, Any]:
    """Return the schema of what looks like *value*; members named in *optional* may be absent."""
    if isinstance(value, Mapping):
        shown = {
            name: {"type": "string"}
            if name in ANYBODYS and isinstance(each, str)
            else schema_of(each, optional)
            for name, each in value.items()
        }
        required = [name for name in shown if name not in optional]
        schema: dict[str, Any] = {"type": "object", "properties": shown}
        return schema | ({"required": required} if required else {})
    if isinstance(value, list):
        items = [schema_of(each, optional) for each in value]
        return {"type": "array", "items": reduce(_either, items) if items else {}}
    if isinstance(value, str):
        return _text(value)
    kinds = {bool: "boolean", int: "integer", float: "number"}
    return {"type": kinds[type(value)]} if type(value) in kinds else {}


def schema_of_all(values: Sequence[object]) -> dict[str, Any]:
    """Return the schema of what looks like one of *values*."""
    return reduce(_either, map(schema_of, values))


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what has the look of *one* or of *other*."""
    if one == other:
        return one
    if one.get("type") != other.get("type"):
        return {}
    if one["type"] == "array":
        return {"type": "array", "items": _either(one["items"], other["items"])}
    if one["type"] != "object":
        return {"type": one["type"]}
    ours, theirs = one["properties"], other["properties"]
    both = [each for each in one.get("required", ()) if each in other.get("required", ())]
    shown = {
        name: _either(ours.get(name, theirs.get(name)), theirs.get(name, ours.get(name)))
        for name in {**ours, **theirs}
    }
    schema = {"type": "object", "properties": shown}
    return schema | ({"required": both} if both else {})


def _text(value: str) -> dict[str, Any]:
    typed = TYPE_ID.match(value)
    if typed:
        return {"type": "string", "pattern": f"^{typed[1]}_{SUFFIX_PATTERN}$"}
    if MOMENT.match(value):
        return {"type": "string", "format": "date-time"}
    return {"type": "string"}


def _show_parameters(operation: dict[str, Any], path: str, seen: Mapping[str, Any]) -> None:
    pattern = re.sub(r"\\{(\w+)(?::\w+)?\\}", r"(?P<\1>.+?)", re.escape(path))
    found = re.fullmatch(pattern, seen.get("path", "").partition("?")[0])
    for each in operation.get("parameters", []):
        if found and each["in"] == "path" and not each["schema"].get("examples"):
            each["example"] = _read(found[each["name"]], each["schema"])


def _read(text: str, schema: Mapping[str, Any]) -> object:
    return int(text) if schema.get("type") == "integer" else text


def _show_answer(
    operation: dict[str, Any], schemas: dict[str, Any], seen: Mapping[str, Any]
) -> None:
    status = next(each for each in operation["responses"] if each.startswith("2"))
    response = operation["responses"][status]
    content: dict[str, Any] = response.setdefault("content", {})
    if "status" not in seen:
        return
    media = seen["media"]
    if media is None:
        response.pop("content")
        return
    if media not in content:
        content.pop(JSON, None)
    shown = content.setdefault(media, {})
    if media in BINARY:
        shown["schema"] = {"type": "string", "format": "binary"}
        return
    shown.setdefault("example", seen["answer"])
    if not media.endswith("json"):
        shown.setdefault("schema", {"type": "string"})
    elif _says_nothing(shown.get("schema")):
        name = "".join(map(str.capitalize, operation["operationId"].split("_"))) + "Answer"
        known = seen.get("schema") or schema_of(seen["answer"], seen.get("optional", ()))
        schemas[name] = known
        shown["schema"] = _reference(name)
    elif shown["schema"].get("title", "").startswith(MADE_UP):
        # The route's own words, into which the framework has mixed its own.
        for each in ("title", "additionalProperties"):
            shown["schema"].pop(each, None)


def _says_nothing(schema: Mapping[str, Any] | None) -> bool:
    """Say whether it is all that the framework makes up of ``dict[str, Any]``, or nothing."""
    return not schema or not (schema.keys() - {"title", "type", "additionalProperties"})


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
