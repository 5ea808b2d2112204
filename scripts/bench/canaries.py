"""``xiyou bench canaries``: a value of each secret class goes everywhere, and is found nowhere.

One unique value of each class of ``reliability.md`` 4.3 goes through routes and commands, with
success and with failure; then every place that keeps or says something is searched for it, in
every spelling and inside what is compressed (`scripts.bench.planted`, `.unpacked`). A control
that is planted in each kind of place must be found there, or the search itself has failed.

What may show a secret is not looked at: the folder of keys, an answer that hands a raw key to
its buyer, and what ``token``, ``clients make`` and ``webhooks add`` print once.
``tests/scripts/bench/test_canaries.py`` runs it quickly.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from api.bootstrap import Deployment
from api.settings import Settings
from chain.store.embedded import EmbeddedPostgres
from chain.store.feed_files import write_day
from domain.feeds.topics import is_in_topic
from scripts.bench.canary import places
from scripts.bench.canary.classes import keys_of, sealed_in
from scripts.bench.canary.door import Door
from scripts.bench.canary.house import House, Taker, served, taking
from scripts.bench.planted import Search
from scripts.migrate import migrate

CONTROL: Final = "PLAIN-TEXT9-CONTROL"
SETTINGS: Final = {"wal_compression": "off", "wal_keep_size": "64GB"}
"""So that all of the WAL is there to be searched, and in the clear."""
KINDS: Final = frozenset(
    [
        "dump",
        "database",
        "views",
        "idempotency",
        "outbox",
        "logs",
        "traces",
        "metrics",
        "answers",
        "feeds",
        "webhooks",
        "evidence",
        "published",
        "arguments",
    ]
)
CLASSES: Final = frozenset(
    [
        "raw_key_0",
        "identity_number",
        "bank_card",
        "phone",
        "database_password",
        "alias_code_0",
        "token_merchant",
        "client_secret",
        "webhook_secret_0",
        "vault-master.key/0",
        "log-ed25519.key/0",
    ]
)
"""One name of each class that must have been there."""


def run(*, quick: bool = False) -> dict[str, object]:
    """Let the canaries fly, and search; `checks` says what held, and must be true."""
    with _house() as (house, server_url, data), taking() as taker, places.Watch() as watch:
        house.trade(4 if quick else 400)
        said: dict[str, bytes] = {}
        with served(house, taker) as (door, metrics):
            house.admit(taker)
            house.sell(door)
            house.export(quick=quick)
            canaries = _canaries(house)
            document = json.loads(door.ask("get", "/openapi.json")[1])
            typed = [*house.typed.by_class().values(), house.shown["client_secret"]]
            asking = ("merchant", "consumer") if quick else tuple(house.tokens)
            operations = door.walk(document, [str(each) for each in typed], asking)
            said |= _read(door, metrics)
            said["answers"] = bytes(door.said)
            _write_day(house)
        with places.planted_argument(CONTROL):
            watch.look()
        found = _search(house, canaries, said, taker, (server_url, data), watch)
        names: dict[str | bytes, str] = {value: name for name, value in canaries.items()}
        hits = {
            names[secret]: where for secret, where in found.search.found.items() if secret in names
        }
        planted = {each.partition(":")[0] for each in found.search.found.get(CONTROL, [])}
        checks = {
            "no_canary_found": not hits,
            "every_class_was_there": canaries.keys() >= CLASSES,
            "control_found_in_every_kind_of_place": planted >= KINDS,
            "every_kind_of_place_was_looked_at": all(found.kinds.get(each) for each in KINDS),
            "every_operation_was_asked": operations == _count(document),
        }
    return {
        "bench": "canaries",
        "canaries": sorted(canaries),
        "hits": hits,
        "planted_in": sorted(planted),
        "searched_bytes": found.kinds,
        "operations": operations,
        "statuses": door.statuses,
        "commands": house.commands,
        "ratios": {},
        "checks": checks,
        "ok": all(checks.values()),
    }


def _canaries(house: House) -> dict[str, str | bytes]:
    """Return the secrets of *house* by name; the last part of a token is what is secret of it."""
    shown = {
        name: str(each).rpartition(".")[2] if name.startswith("token_") else each
        for name, each in house.shown.items()
    }
    sealed = sealed_in(house.ledger)
    return sealed | house.typed.by_class() | shown | keys_of(house.ledger.home)


def _read(door: Door, metrics: str) -> dict[str, bytes]:
    """Return what feeds and metrics say."""
    pages, cursor = bytearray(), ""
    while True:
        path = f"/v1/feeds/all{cursor}"
        status, content = door.ask("get", path, kind="auditor")
        events = json.loads(content) if status == 200 else []  # noqa: PLR2004 — of HTTP
        pages += content
        if not events:
            break
        cursor = f"?lastEventId={events[-1]['id']}"
    with urlopen(f"{metrics}/metrics", timeout=20) as answer:  # noqa: S310 — our own
        measured = answer.read()
    measured += door.ask("get", "/metrics", kind="operator")[1]
    return {"feeds": bytes(pages), "metrics": measured}


def _write_day(house: House) -> None:
    """Write today's Parquet file, as is done once the day is over."""
    now, ledger = datetime.now(UTC), house.ledger
    write_day(
        ledger.feeding.pages,
        ledger.reader,
        ledger.home / "feeds",
        ("all", partial(is_in_topic, "all")),
        now.date(),
        now + timedelta(days=1),
    )


def _search(
    house: House,
    canaries: dict[str, str | bytes],
    said: dict[str, bytes],
    taker: Taker,
    database: tuple[str, Path],
    watch: places.Watch,
) -> places.Places:
    """Plant the control in every kind of place, and look into all of them."""
    home, url = house.ledger.home, database[0]
    planted = house.folder / "planted"
    places.plant_row(url, CONTROL)
    places.plant_files(planted, CONTROL)
    places.plant_span(f"{taker.base}/v1/traces", CONTROL)
    found = places.Places(Search([*canaries.values(), CONTROL]))
    found.look_into_database(url, database[1])
    for kind, content in said.items():
        # What is only said has no file: the control is said, too.
        found.look_at(kind, content + (b"" if kind == "feeds" else CONTROL.encode()))
    found.look_at("traces", bytes(taker.taken.get("/v1/traces", b"")))
    found.look_at("webhooks", bytes(taker.taken.get("/hook", b"")) + CONTROL.encode())
    found.look_at("arguments", b"\n".join(sorted(watch.seen)))
    for log in sorted(house.folder.glob("*.log")):
        found.look_at("logs", log.read_bytes(), log.name)
    for package in sorted(house.folder.glob("*.zip")):
        found.look_at("evidence", package.read_bytes(), package.name)
    found.look_below("evidence", home / "evidence", planted / "evidence")
    found.look_below("feeds", home / "feeds", planted / "feeds")
    found.look_below("logs", planted / "logs")
    public = (home / name for name in ("log", "index", "signer", "documents", "stolen"))
    found.look_below("published", *public, house.folder / "receipts", planted / "published")
    return found


def _count(document: dict[str, Any]) -> int:
    return sum(len(item.keys() - {"parameters"}) for item in document["paths"].values())


@contextmanager
def _house() -> Iterator[tuple[House, str, Path]]:
    """Give an open house, and its database as the superuser has it: URL and files."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="xiyou-canaries-")))
        home, beside = folder / "home", folder / "beside"
        for each in (home, beside):
            each.mkdir(mode=0o700)
        server = EmbeddedPostgres(home / "postgres", settings=SETTINGS)
        stack.enter_context(server)
        ledger = stack.enter_context(Deployment(Settings(home=home), migrate))
        ledger.prepare()
        house = House(ledger, "", beside)
        url = server.url(user="xiyou_app", database="xiyou")
        user = urlsplit(url).netloc.partition("@")[0]
        house.url = url.replace(f"//{user}@", f"//{user}:{house.typed.password}@", 1)
        yield house, server.url(database="xiyou"), home / "postgres"
