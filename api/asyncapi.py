"""The AsyncAPI document of feeds and webhooks, made from what the code knows.

``docs/asyncapi.yaml`` holds it (as JSON, which is YAML): ``python -m api.asyncapi`` writes it
anew. ``tests/api/test_asyncapi.py`` holds real events against its schemas.
"""

import json
from pathlib import Path
from typing import Any, Final

from chain.feed.event import CHECKPOINT, LEAVES, PAGE_WIDTH
from domain.feeds.topics import ALL, OWN, TOPICS
from domain.webhooks import signing
from domain.webhooks.schedule import WAITS

FILE: Final = Path(__file__).parent.parent / "docs" / "asyncapi.yaml"
BASE64: Final = {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"}
INDEX: Final = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}
PROOF: Final = {"type": "array", "items": {**BASE64, "minLength": 44, "maxLength": 44}}
WHAT: Final = {
    "identity": "Who trades, and by what right.",
    "leads": "What points to a violation.",
    "assistance": "Cases, and what their authorities are handed.",
    "transactions": "The trade and its money.",
    ALL: "Every entry; for auditors.",
    OWN: "What concerns whoever asks, numbered without a gap.",
}


def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Xiyou Ledger: feeds and webhooks",
            "version": "1.0.0",
            "description": f"One cursor, the log index. A page covers {PAGE_WIDTH} indexes and"
            " never changes once it is full. docs/feeds.md tells how to verify it.",
        },
        "defaultContentType": "application/json",
        "channels": {
            **{topic: _feed(topic) for topic in (*TOPICS, ALL, OWN)},
            "webhook": {
                "address": None,
                "description": "The URL that an endpoint was registered with. Attempts, each so"
                " many seconds after the one before: "
                + ", ".join(str(int(each.total_seconds())) for each in WAITS)
                + ". 410 switches the endpoint off.",
                "messages": {"webhook": {"$ref": "#/components/messages/webhook"}},
            },
        },
        "operations": {
            **{
                f"follow_{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
                for topic in (*TOPICS, ALL, OWN)
            },
            "call_webhook": {"action": "send", "channel": {"$ref": "#/channels/webhook"}},
        },
        "components": {"messages": _messages(), "schemas": schemas()},
    }


def schemas() -> dict[str, Any]:
    """Return the JSON Schemas of the messages."""
    entry = _event({"type": "object", "required": ["entry"], "additionalProperties": False})
    entry["properties"]["data"]["properties"] = {
        "entry": {"type": "string", "description": "The entry's two lines, as they were hashed."}
    }
    entry["properties"] |= {
        "id": INDEX,
        "subject": {"type": "string", "minLength": 1, "maxLength": 128},
        "time": {"type": "string", "format": "date-time"},
    }
    entry["required"] = [*entry["required"], "subject", "time"]
    leaves = _event({"type": "object", "required": ["first", "leaves"]})
    leaves["properties"]["type"] = {"const": LEAVES}
    leaves["properties"]["id"] = INDEX
    leaves["properties"]["data"]["properties"] = {
        "first": {"type": "integer", "minimum": 0},
        "leaves": {**BASE64, "description": "Leaf hashes, 32 bytes each, one after another."},
    }
    end = _event({"type": "object", "required": ["note"], "additionalProperties": False})
    end["properties"]["type"] = {"const": CHECKPOINT}
    end["properties"]["id"] = {"type": "string", "pattern": "^size-(0|[1-9][0-9]*)$"}
    end["properties"]["data"]["properties"] = {
        "note": {"type": "string", "description": "A signed note: c2sp.org/tlog-checkpoint."},
        "consistency": {**PROOF, "description": "From the checkpoint of the page before."},
        "prefix": {**PROOF, "description": "From the page's own end."},
        "counter": {"type": "integer", "description": "In a feed of one's own: the next number."},
    }
    own = json.loads(json.dumps(entry))
    own["properties"]["sequence"] = INDEX
    own["required"] = [*own["required"], "sequence"]
    return {"entry": entry, "own_entry": own, "leaves": leaves, "checkpoint": end, "webhook": WAKE}


WAKE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data", "timestamp", "type"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {
            "type": "object",
            "required": ["feed", "index", "sequence", "subject"],
            "additionalProperties": False,
            "properties": {
                "feed": {"type": "string", "description": "Where to read the event itself."},
                "index": {"type": "integer", "minimum": 0},
                "sequence": {"type": "integer", "minimum": 0},
                "subject": {"type": "string"},
            },
        },
    },
}


def _event(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["data", "id", "source", "specversion", "type"],
        "additionalProperties": False,
        "properties": {
            "data": data,
            "source": {"type": "string", "description": "The log's origin."},
            "specversion": {"const": "1.0"},
            "type": {"type": "string", "pattern": "^[a-z0-9_.-]{1,64}$"},
        },
    }


def _feed(topic: str) -> dict[str, Any]:
    names = ("own_entry", "checkpoint") if topic == OWN else ("entry", "leaves", "checkpoint")
    return {
        "address": f"/v1/feeds/{topic}",
        "description": WHAT[topic],
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in names},
    }


def _messages() -> dict[str, Any]:
    made: dict[str, Any] = {
        name: {
            "contentType": "application/cloudevents+json",
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        for name in ("entry", "own_entry", "leaves", "checkpoint")
    }
    names = (signing.ID, signing.TIMESTAMP, signing.SIGNATURE)
    made["webhook"] = {
        "contentType": "application/json",
        "payload": {"$ref": "#/components/schemas/webhook"},
        "headers": {
            "type": "object",
            "required": list(names),
            "properties": {name: {"type": "string"} for name in names},
        },
    }
    return made


def spelt() -> str:
    """Return the file's content."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(spelt(), encoding="utf-8")
