"""F5 over the whole trade: two processes want the same last key, a thousand times."""

import multiprocessing
import os
from pathlib import Path
from threading import Barrier

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.errors import SoldOutError
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.orders.sales import Basket
from tests.domain.given import (
    MERCHANT,
    PRICE,
    PRODUCT,
    SECRET,
    Fingerprints,
    command_of,
    identifier,
    key_of_line,
)

KEYS = 1_000
TOGETHER = 20
"""The two meet again at the start of every twenty keys."""


def trade_on(url: str) -> Trade:
    return Trade(
        {
            "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
            "XIYOU_DATABASE_URL": url,
            "ORIGINATOR_ID_TYPE": "text",
        }
    )


def buy(url: str, home: Path, worker: int, start: Barrier) -> list[str]:
    """Want every key in turn; say of each whether it was bought or sold out."""
    outcomes = []
    database = Database(url)
    vault = Vault(database, FileMasterKey(home, os.urandom))
    with trade_on(url) as trade:
        for number in range(1, KEYS + 1):
            if number % TOGETHER == 1:
                start.wait()
            name = f"{worker} wants {number}"
            # A buyer each: one person may not have so many unpaid orders.
            order, checkout, buyer = (identifier(each, name) for each in ("ord", "chk", "usr"))
            basket = Basket(order, checkout, buyer, key_of_line(number), PRICE)
            try:
                trade.place_order(command_of(f"buy/{worker}/{number}", vault), basket)
                outcomes.append("bought")
            except SoldOutError:
                outcomes.append("sold out")
    database.close()
    return outcomes


def test_the_last_key_is_never_sold_twice_by_two_processes_at_once(
    app_url: str, database: Database, tmp_path: Path
) -> None:
    create_master_key(tmp_path, os.urandom)
    vault = Vault(database, FileMasterKey(tmp_path, os.urandom))
    with trade_on(app_url) as trade:
        trade.create_product(command_of("product", vault), PRODUCT, MERCHANT, "SKU-001", None)
        lines = [f"AAAA-{number:04d}" for number in range(1, KEYS + 1)]
        upload = Upload(identifier("bat"), MERCHANT, PRODUCT, lines, 1)
        trade.import_batch(command_of("import", vault), upload, SECRET, Fingerprints(), key_of_line)
        spawn = multiprocessing.get_context("spawn")
        with spawn.Manager() as manager, spawn.Pool(2) as pool:
            start = manager.Barrier(2)
            tries = [(app_url, tmp_path, worker, start) for worker in range(2)]
            one, other = pool.starmap(buy, tries)
        assert all({a, b} == {"bought", "sold out"} for a, b in zip(one, other, strict=True))
        assert 0 < one.count("bought") < KEYS, "the two never met"
        reserved = trade.recorder.select_notifications(1, 10 * KEYS, topics=["key.reserved"])
        assert sorted(each.originator_id for each in reserved) == sorted(
            key_of_line(number) for number in range(1, KEYS + 1)
        )
        placed = trade.recorder.select_notifications(1, 10 * KEYS, topics=["order.placed"])
        assert len(placed) == KEYS
        sold = trade.load(Key, key_of_line(KEYS))
        assert sold.version == 4
