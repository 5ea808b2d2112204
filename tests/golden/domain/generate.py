"""Make the golden file of the domain's events: names and payloads that must never change.

Run ``python -m tests.golden.domain.generate`` at the root of the repository after adding a
type or a payload version. What a type once was stays: a payload that changes gets a new
version, and then both stand in the file.
"""

import json
from pathlib import Path
from typing import Any

from domain import topics
from domain.event import json_schema

FILE = Path(__file__).parent / "events.json"


def current() -> dict[str, Any]:
    """Return, by type and payload version (``order.placed/1``), the published JSON Schema."""
    return {f"{name}/{cls.SCHEMA}": json_schema(cls) for name, cls in sorted(topics.EVENTS.items())}


def frozen() -> dict[str, Any]:
    """Return what the golden file holds; nothing where there is none yet."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def spelt(schemas: dict[str, Any]) -> str:
    """Return *schemas* as the file spells them."""
    return json.dumps(schemas, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Add what is new; refuse to change what is there."""
    before, now = frozen(), current()
    changed = [name for name in now if name in before and now[name] != before[name]]
    if changed:
        raise SystemExit(f"changed: {', '.join(changed)}: give them a new payload version")
    FILE.write_text(spelt(before | now))


if __name__ == "__main__":
    main()
