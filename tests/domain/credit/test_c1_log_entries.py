"""C1 on the real log: whoever reads the entries gets the recorded score, byte for byte."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.canonical import to_bytes
from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.reader import LogReader
from chain.store.vault import Vault
from domain.application import Trade
from domain.command import Command
from domain.credit.file import CreditRecomputed, check_score
from domain.credit.rules import RULES
from domain.credit.score import assess, score
from domain.credit.tally import TOPICS, Logged, Tally
from domain.entropy import KeyedEntropy
from domain.market.marketplace import marketplace
from tests.domain.given import SECRET, meta_of


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    """Return the real vault, with a master key of its own."""
    create_master_key(tmp_path, os.urandom)
    return Vault(database, FileMasterKey(tmp_path, os.urandom))


@pytest.fixture
def trade(app_url: str) -> Iterator[Trade]:
    """Return the application over the real recorder."""
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": app_url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Trade(environment) as application:
        yield application


def log_of(database: Database) -> list[Logged]:
    """Return what the log's entries say."""
    reader = LogReader(database)
    entries = reader.entries(0, reader.size())
    return [Logged.read(each.leaf_index, each.entry) for each in entries]


def test_c1_every_score_in_the_log_follows_from_its_entries(
    trade: Trade, vault: Vault, database: Database
) -> None:
    for action in marketplace(11, 60):
        action.perform(trade, vault)
    log = log_of(database)
    shops = sorted({e.event.data()["merchant"] for e in log if e.event.TOPIC == "order.placed"})
    tally = Tally(RULES[1])
    tally.read(each for each in log if each.event.TOPIC in TOPICS)
    tally.reach(len(log))
    for shop in shops:
        name = f"credit/{shop}/1"
        command = Command(meta_of(name), vault, KeyedEntropy(SECRET, name))
        trade.recompute_credit(command, shop, tally)
    whole = log_of(database)
    recorded = [each.event for each in whole if isinstance(each.event, CreditRecomputed)]
    assert [each.merchant for each in recorded] == shops
    assert len({each.score for each in recorded}) > 1
    for each in recorded:
        check_score(each, whole)
        again = score(whole, each.merchant, each.log_size, RULES[each.rules])
        assert again.canonical() == to_bytes(each.data())
        assert assess(tally, each.merchant).canonical() == again.canonical()
