"""Make the golden files of the domain's events: names and payloads that must never change.

Run ``python -m tests.golden.domain.generate`` at the root of the repository after adding a
type or a payload version. What a type once was stays: a payload that changes gets a new
version, and then both stand here.

    events.json     every schema, in one file
    schemas/        the same, as `xiyou schemas` publishes them
    bodies/         a body of each type and version, as the program wrote it when it was new

A schema that the program no longer writes is also put into ``domain/superseded/``, from
where it is published for ever.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain import schemas
from domain.event import Event
from domain.market.marketplace import marketplace
from domain.retail.importing import RetailImport
from domain.retail.rows import read_rows
from tests.domain.given import SECRET, World
from tests.domain.retail.shop import shop
from tests.golden.domain.credit_moves import credit_moves
from tests.golden.domain.rare_events import rare_events

HERE = Path(__file__).parent
FILE = HERE / "events.json"
SCHEMAS = HERE / "schemas"
BODIES = HERE / "bodies"
SUPERSEDED = HERE.parents[2] / "domain" / "superseded"
SEED, ORDERS = 5, 220


def current() -> dict[str, Any]:
    """Return, by type and payload version (``order.placed/1``), the published JSON Schema."""
    return schemas.current()


def frozen() -> dict[str, Any]:
    """Return what the golden file holds; nothing where there is none yet."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def spelt(found: dict[str, Any]) -> str:
    """Return *found* as the file spells it."""
    return schemas.spelt(found).decode()


def recorded() -> Iterator[Event]:
    """Give the events of a seeded marketplace, of a small shop's import, and of credit."""
    world = World()
    for action in marketplace(SEED, ORDERS):
        action.perform(world.trade, world.sealer)
    yield from world.events()
    world = World()
    RetailImport(world.trade.submit, world.sealer, SECRET).run(read_rows(shop()))
    yield from world.events()
    yield from credit_moves()
    yield from rare_events()


def main() -> None:
    """Add what is new; refuse to change what is there."""
    before, now = frozen(), current()
    changed = [name for name in now if name in before and now[name] != before[name]]
    if changed:
        raise SystemExit(f"changed: {', '.join(changed)}: give them a new payload version")
    FILE.write_text(spelt(before | now))
    for version, schema in (before | now).items():
        (SCHEMAS / schemas.file_name(version)).write_bytes(schemas.spelt(schema))
        if version not in now:
            (SUPERSEDED / schemas.file_name(version)).write_bytes(schemas.spelt(schema))
    for event in recorded():
        body = BODIES / schemas.file_name(f"{event.TOPIC}/{event.SCHEMA}")
        if not body.exists():
            body.write_bytes(event.body())


if __name__ == "__main__":
    main()
