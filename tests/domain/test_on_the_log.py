"""The trade on the real log: recorder, sequencer and vault instead of their doubles."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.market.marketplace import marketplace
from domain.retail.importing import RetailImport
from domain.retail.rows import read_rows
from tests.domain.given import SECRET
from tests.domain.retail.shop import EXPECTED, shop


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


def size(trade: Trade) -> int:
    """Return how many entries the log has."""
    return trade.recorder.max_notification_id() or 0


def test_the_market_runs_on_the_log(trade: Trade, vault: Vault) -> None:
    for action in marketplace(5, 25):
        action.perform(trade, vault)
    found = trade.recorder.select_notifications(1, 100_000)
    assert [each.id for each in found] == list(range(1, size(trade) + 1))
    assert Counter(each.topic for each in found)["order.placed"] == 25


def test_the_import_runs_on_the_log_and_a_second_one_writes_nothing(
    trade: Trade, vault: Vault
) -> None:
    report = RetailImport(trade.submit, vault, SECRET).run(read_rows(shop()))
    assert report.differences(EXPECTED) == {}
    before = size(trade)
    assert before == sum(report.events.values())
    again = RetailImport(trade.submit, vault, SECRET).run(read_rows(shop()))
    assert again == report
    assert size(trade) == before


def test_a_sealed_customer_is_opened_by_the_vault(trade: Trade, vault: Vault) -> None:
    RetailImport(trade.submit, vault, SECRET).run(read_rows(shop()))
    captured = trade.recorder.select_notifications(1, 1, topics=["payment.captured"])[0]
    event = trade.mapper.to_domain_event(captured)
    digest = bytes.fromhex(event.data()["payer"]["sealed"])  # type: ignore[attr-defined]
    assert b"17850" in vault.open(digest).content
