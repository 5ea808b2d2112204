"""The trade over the real log: what the domain's races run on."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.command import Command
from domain.event import Event
from domain.keys.intake import Upload
from domain.money import Money
from tests.domain.given import (
    MERCHANT,
    PRODUCT,
    SECRET,
    Fingerprints,
    command_of,
    identifier,
    key_of_line,
)


class Ledger:
    """A trade, the vault beside it, and commands of made-up callers."""

    def __init__(self, url: str, database: Database, home: Path) -> None:
        self.url, self.home = url, home
        if not (home / "keys").exists():
            create_master_key(home, os.urandom)
        self.vault = Vault(database, FileMasterKey(home, os.urandom))
        self.trade = trade_on(url)

    def command(self, command_id: str) -> Command:
        """Return a command."""
        return command_of(command_id, self.vault)

    def stock(self, keys: int, price: Money | None = None) -> list[str]:
        """Offer the product and import so many keys of it."""
        offered = (PRODUCT, MERCHANT, "SKU-001", None, None, price)
        self.trade.create_product(self.command("product"), *offered)
        lines = [f"AAAA-{number:04d}" for number in range(1, keys + 1)]
        upload = Upload(identifier("bat"), MERCHANT, PRODUCT, lines, 1)
        taken = Fingerprints()
        self.trade.import_batch(self.command("import"), upload, SECRET, taken, key_of_line)
        return [key_of_line(number) for number in range(1, keys + 1)]

    def events(self, *topics: str) -> Sequence[Event]:
        """Return the log's events of these types, or all of them."""
        found = self.trade.recorder.select_notifications(1, 1_000_000, topics=topics)
        return [self.trade.mapper.to_domain_event(each) for each in found]  # type: ignore[misc]


def trade_on(url: str) -> Trade:
    """Return the application over the log at *url*."""
    return Trade(
        {
            "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
            "XIYOU_DATABASE_URL": url,
            "ORIGINATOR_ID_TYPE": "text",
        }
    )


@contextmanager
def ledger_on(url: str, database: Database, home: Path) -> Iterator[Ledger]:
    """Give a ledger, and close it."""
    ledger = Ledger(url, database, home)
    with ledger.trade:
        yield ledger
