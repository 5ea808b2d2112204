"""Take one exchange of each operation from the running program, for ``api/examples.json``.

``python -m tests.api.exchanges`` at the root of the repository adds those of operations that
have none, and writes ``docs/openapi.json`` anew; ``--again OPERATION`` takes one anew. What the
tales of ``tests/api/tales`` tell is taken from them. Any other operation is asked as the
authorization matrix's test asks for its own things, as every kind that may. Members that not
all of its answers have are noted as optional. An operation whose own call is refused there,
and of which no tale tells, is named: tell of it. Values are what they were in that run, long
texts and lists cut short: persons, raw keys and codes are made up.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl

from api.access.matrix import OPERATIONS, ROWS, Cell
from api.app import create_app
from api.bootstrap import Deployment
from api.examples import BINARY, FILE, exchanges, schema_of, schema_of_all
from api.principal import Kind
from chain.store.finality import stamp_path
from scripts.migrate import migrate
from tests.api.access.test_matrix import CALLS, changes_standing, scopes_for
from tests.api.access.world import World, make_world
from tests.api.asking import Reply, serving
from tests.api.tales.stage import Told, fresh_settings, staged
from tests.api.tales.telling import tell_all

OK, REDIRECT = 200, 300
LONG = 400
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--again", action="append", default=[])
    again = parser.parse_args().again
    known: dict[str, Any] = json.loads(FILE.read_bytes()) if FILE.exists() else {}
    wanted = [each for each in OPERATIONS if each not in known or each in again]
    # Whoever has an account is held against its standing from then on: that comes last.
    wanted.sort(key=changes_standing)
    with tempfile.TemporaryDirectory() as home, staged(fresh_settings(Path(home))) as stage:
        told = by_operation(tell_all(stage))
    known |= {each: told[each] for each in wanted if each in told}
    wanted = [each for each in wanted if each not in told]
    with tempfile.TemporaryDirectory() as home, fresh_world(Path(home)) as world:
        for operation in wanted:
            found = exchange(world, operation)
            if found is None:
                sys.stderr.write(f"{operation}: refused: let a tale tell of it\n")
            else:
                known[operation] = found
    ordered = {each: known[each] for each in sorted(known) if each in OPERATIONS}
    FILE.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n")
    exchanges.cache_clear()
    with tempfile.TemporaryDirectory() as home, fresh_world(Path(home)) as world:
        document = create_app(world.ledger).openapi()
    DOCUMENT.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def fresh_world(home: Path) -> Iterator[World]:
    """Return a world of the matrix on a database of its own below *home*."""
    with Deployment(fresh_settings(home), migrate) as ledger:
        ledger.prepare()
        app = create_app(ledger)
        with serving(app) as client:
            world = make_world(ledger, app.state.gate, client)
            stock(world)
            yield world


def stock(world: World) -> None:
    """Let there be keys, badges' time stamps, and a published log."""
    body = {"merchant": "M-LAN", "product": world.products[0]}
    lines = [token_hex(8) for _ in range(40)]
    client = world.ask(Kind.MERCHANT, "POST", "/v1/batches")
    assert client.post("/v1/batches", {**body, "lines": lines}, token_hex(12)).status == 201
    world.ledger.files.write([(stamp_path(1, "txt"), b"a stamp\n")])
    published = world.ledger.publisher.publish_once()
    assert published is not None
    world.published = published.size


def exchange(world: World, operation: str) -> Mapping[str, Any] | None:
    """Return what ``examples.json`` holds of *operation*; None if nobody's own call succeeds."""
    row = ROWS[OPERATIONS[operation].row]
    kinds = [kind for kind in Kind if row.cell(kind) is not Cell.NONE]
    found = [each for each in (ask(world, operation, kind) for kind in kinds) if each is not None]
    return first_of(found) if found else None


def by_operation(told: Sequence[Told]) -> Mapping[str, Mapping[str, Any]]:
    """Return what ``examples.json`` holds of each operation that was told of."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in told:
        exchanged = written(each.path, each.reply) | sent(each.body)
        found.setdefault(each.operation, []).append(exchanged)
    return {operation: first_of(exchanges) for operation, exchanges in found.items()}


def sent(body: object) -> dict[str, Any]:
    """Return what ``examples.json`` holds of a body: JSON, a form's members, a text."""
    if not isinstance(body, bytes):
        return {} if body is None else {"body": short(body)}
    if body.startswith(b"grant_type=") or b"client_assertion=" in body:
        return {"body": dict(parse_qsl(body.decode()))}
    try:
        return {"body": short(body.decode())}
    except UnicodeDecodeError:
        return {}


def first_of(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first of *found*, and what all of their answers look like."""
    first = {**found[0], "answer": short(found[0]["answer"])}
    if not isinstance(first["answer"], dict):
        return first
    schema = schema_of_all([each["answer"] for each in found])
    return first if schema == schema_of(first["answer"]) else first | {"schema": schema}


def ask(world: World, operation: str, kind: Kind) -> dict[str, Any] | None:
    """Return the exchange of one kind; None if its call is refused."""
    call = CALLS[operation]
    arguments = call.arguments(world, kind, "own")
    size = {"size": world.published} if "{size}" in call.path else {}
    path = call.path.format(**arguments, **size)
    client = world.ask(kind, call.method, path, scopes=scopes_for(kind, "own", operation))
    if call.method == "GET":
        reply, sent = client.get(path), {}
    else:
        body = call.body(arguments) if call.body else {}
        reply, sent = client.post(path, body, token_hex(12)), {"body": body}
    if not OK <= reply.status < REDIRECT:
        return None
    return written(path, reply) | sent


def written(path: str, reply: Reply) -> dict[str, Any]:
    """Return what ``examples.json`` holds of one answer."""
    media = reply.headers.get("content-type", "").split(";")[0] or None
    answer = read(reply, media)
    return {"path": path, "status": reply.status, "media": media, "answer": answer}


def read(reply: Reply, media: str | None) -> object:
    if media is None or media in BINARY:
        return None
    if media.endswith("json"):
        return json.loads(reply.body)
    return reply.body.decode(errors="replace")[:LONG]


def short(value: Any) -> Any:  # noqa: ANN401 — whatever JSON can be
    """Return *value* with no more of each list and text than shows what stands in it."""
    if isinstance(value, dict):
        return {name: short(each) for name, each in value.items()}
    if isinstance(value, list):
        return [short(each) for each in value[:2]]
    return value[:LONG] if isinstance(value, str) else value


if __name__ == "__main__":
    main()
