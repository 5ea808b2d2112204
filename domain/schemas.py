"""The published JSON Schemas: one file for each event type and payload version, and an index.

``formats.md``, section 1: the member ``data`` of an entry's body is described by a schema
published per type and payload version. The bytes are a function of this program's version
alone; a file once published never changes, new ones are added beside it. Proved by
``tests/domain/test_schemas.py``; frozen by ``tests/golden/domain/schemas/``.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from domain.event import json_schema
from domain.payload import Schema
from domain.topics import EVENTS

FORMAT: Final = "xiyou-schemas/1"
INDEX: Final = "index.json"


def current() -> dict[str, Schema]:
    """Return, by type and payload version, the schema of every event that is written now."""
    return {f"{topic}/{cls.SCHEMA}": json_schema(cls) for topic, cls in sorted(EVENTS.items())}


def published(superseded: Mapping[str, Schema]) -> dict[str, bytes]:
    """Return the files to publish by their names, the index among them.

    Args:
        superseded: the schemas of payload versions that are read and no longer written.
    """
    schemas = {**superseded, **current()}
    versions = sorted(schemas, key=lambda each: (each.split("/")[0], int(each.split("/")[1])))
    found = {file_name(each): spelt(schemas[each]) for each in versions}
    types: dict[str, dict[str, Any]] = {}
    for each in versions:
        topic, _, version = each.partition("/")
        listed = types.setdefault(topic, {"current": EVENTS[topic].SCHEMA, "versions": []})
        name = file_name(each)
        digest = sha256(found[name]).hexdigest()
        listed["versions"].append({"file": name, "schema": int(version), "sha256": digest})
    return found | {INDEX: spelt({"format": FORMAT, "types": types})}


def file_name(version: str) -> str:
    """Return the file of *version* (``order.placed/1``): ``order.placed-1.json``."""
    return f"{version.replace('/', '-')}.json"


def spelt(schema: Mapping[str, Any]) -> bytes:
    """Return *schema* as its file spells it: sorted members, a line each, UTF-8."""
    text = json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()
