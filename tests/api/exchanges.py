"""Take one exchange of each operation from the running program, for ``api/examples.json``.

``python -m tests.api.exchanges`` at the root of the repository adds those of operations that
have none, and writes ``docs/openapi.json`` anew; ``--again OPERATION`` takes one anew. Each is
asked as the authorization matrix's test asks for its own things, as every kind that may;
members that not all of them are shown are noted as optional. An operation whose own call is
refused there is named, and wants its exchange written by hand. Values are what they were in
that run: made-up persons, no secret.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from api.access.matrix import OPERATIONS, ROWS, Cell
from api.app import create_app
from api.bootstrap import Deployment
from api.examples import BINARY, FILE, exchanges
from api.principal import Kind
from api.settings import Settings
from chain.store.finality import stamp_path
from scripts.migrate import migrate
from tests.api.access.test_matrix import CALLS, of_a_person, scopes_for
from tests.api.access.world import World, make_world
from tests.api.asking import Reply, serving

OK, REDIRECT = 200, 300
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--again", action="append", default=[])
    again = parser.parse_args().again
    known: dict[str, Any] = json.loads(FILE.read_bytes()) if FILE.exists() else {}
    wanted = [each for each in OPERATIONS if each not in known or each in again]
    # Whoever has an account is held against its standing from then on: that comes last.
    wanted.sort(key=of_a_person)
    with tempfile.TemporaryDirectory() as home, fresh_world(Path(home)) as world:
        for operation in wanted:
            found = exchange(world, operation)
            if found is None:
                sys.stderr.write(f"{operation}: refused: write its exchange by hand\n")
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
    settings = Settings(home=home, origin="ledger.example/test", rate_factor=100_000)
    with Deployment(settings, migrate) as ledger:
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
    kinds = [each for each in Kind if row.cell(each) is not Cell.NONE]
    found = [each for each in (ask(world, operation, kind) for kind in kinds) if each is not None]
    if not found:
        return None
    answers = [set(each["answer"]) for each in found if isinstance(each["answer"], dict)]
    optional = set.union(*answers) - set.intersection(*answers) if answers else set()
    return found[0] | ({"optional": sorted(optional)} if optional else {})


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
    media = reply.headers.get("content-type", "").split(";")[0] or None
    answer = read(reply, media)
    return {"path": path, "status": reply.status, "media": media, "answer": answer, **sent}


def read(reply: Reply, media: str | None) -> object:
    if media is None or media in BINARY:
        return None
    if media.endswith("json"):
        return short(json.loads(reply.body))
    return reply.body.decode(errors="replace")[:400]


def short(value: Any) -> Any:  # noqa: ANN401 — whatever JSON can be
    """Return *value* with no more of each list than shows what stands in it."""
    if isinstance(value, dict):
        return {name: short(each) for name, each in value.items()}
    return [short(each) for each in value[:2]] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
