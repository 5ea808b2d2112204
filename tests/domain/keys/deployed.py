"""A trade on a real log with a real vault, and processes that use it at the same time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from typing import Any

from chain.sealed import unseal
from chain.store.database import Database
from chain.store.master_key import FileKeyring, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.command import Command
from domain.event import Meta
from domain.keys.intake import Upload
from domain.sealing import Sealer
from tests.domain.given import BUYER, NOW, SECRET, Fingerprints, identifier

Found = list[tuple[bytes, str]]


@dataclass
class Deployed:
    """One log, its application and its vault."""

    home: Path
    database: Database
    vault: Vault
    trade: Trade
    count: int = 0

    def do(self, use_case: str, *arguments: Any, sealer: Sealer | None = None, **named: Any) -> Any:  # noqa: ANN401 — what the use case answers
        """Call *use_case* as the buyer, in a command of its own."""
        self.count += 1
        return getattr(self.trade, use_case)(
            command_of(f"cmd/{os.getpid()}/{self.count}", sealer or self.vault), *arguments, **named
        )

    def topics(self) -> list[str]:
        """Return the types of all events in the log."""
        return [each.topic for each in self.trade.recorder.select_notifications(1, 1_000_000)]


def command_of(command_id: str, sealer: Sealer, **meta: Any) -> Command:
    """Return the buyer's command, with salts and codes from the system's random source."""
    made = Meta(BUYER, "consumer", "test", "web", command_id, command_id, occurred_at=NOW)
    return Command(replace(made, **meta), sealer, os.urandom)


@contextmanager
def deployed(url: str, home: Path) -> Iterator[Deployed]:
    """Open the log at *url* with the master keys in *home*, which are made if there are none."""
    if not (home / "keys").exists():
        create_master_key(home, os.urandom)
    database = Database(url)
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Trade(environment) as trade:
        yield Deployed(home, database, Vault(database, FileKeyring(home, os.urandom)), trade)
    database.close()


def imported(world: Deployed, merchant: str, product: str, name: str, raw_key: str) -> bytes:
    """Import one raw key; return the digest of its sealed value."""
    upload = Upload(identifier("bat", name), merchant, product, [raw_key])
    ids = world.do(
        "import_batch", upload, SECRET, Fingerprints(), lambda _: identifier("key", name)
    )
    page = world.trade.recorder.select_notifications(
        ids[0], len(ids), stop=ids[-1], topics=["key.sealed"]
    )
    event: Any = world.trade.mapper.to_domain_event(page[0])
    return bytes.fromhex(event.raw_key["sealed"])


def write_on(url: str, home: Path, stop: Event, merchants: int) -> Found:
    """Import raw keys of many merchants until told to stop; return digests and raw keys."""
    found: Found = []
    with deployed(url, home) as world:
        for number in range(merchants):
            product = identifier("prd", f"of {number}")
            world.do("create_product", product, f"M-{number}", "SKU")
        while not stop.is_set():
            number = len(found) % merchants
            name, raw = f"line {len(found)}", f"RAW-{len(found):06d}"
            product = identifier("prd", f"of {number}")
            found.append((imported(world, f"M-{number}", product, name, raw), raw))
    return found


def read_on(url: str, home: Path, stop: Event) -> int:
    """Open random sealed raw keys until told to stop; return how many were opened."""
    dice, opened = Random(7), 0
    with deployed(url, home) as world:
        while not stop.is_set():
            with world.database.connection() as connection:
                rows = connection.execute(
                    "SELECT digest FROM sealed_values", binary=True
                ).fetchall()
            if not rows:
                time.sleep(0.01)
                continue
            for _ in range(20):
                [digest] = dice.choice(rows)
                value = unseal(world.vault.open(digest).content, digest)
                assert isinstance(value, str)
                assert value.startswith("RAW-")
                opened += 1
    return opened
