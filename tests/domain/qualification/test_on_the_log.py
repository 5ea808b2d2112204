"""Qualification on the real log: database, vault, register and folders instead of doubles."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.command import Command
from domain.errors import ConcurrentChangeError, UnqualifiedError
from domain.qualification.history import read_events
from domain.qualification.standing import STANDINGS, standings_of
from domain.qualification.store.documents import DocumentFolder
from tests.domain.given import MERCHANT, NOW
from tests.domain.qualification.applying import RULE, Applying


class OnTheLog(Applying):
    """The same world over the real recorder and vault."""

    def __init__(self, trade: Trade, vault: Vault, store: DocumentFolder) -> None:
        super().__init__(store)
        self.trade = trade
        self.vault = vault

    def command(self, command_id: str | None = None) -> Command:
        made = super().command(command_id)
        return Command(made.meta, self.vault, os.urandom)


@pytest.fixture
def world(app_url: str, database: Database, tmp_path: Path) -> Iterator[OnTheLog]:
    create_master_key(tmp_path, os.urandom)
    master_key = FileMasterKey(tmp_path, os.urandom)
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": app_url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    store = DocumentFolder(tmp_path / "documents", master_key, os.urandom)
    with Trade(environment) as trade:
        yield OnTheLog(trade, Vault(database, master_key), store)


QUALIFICATION = [f"qualification.{each}" for each in ("submitted", "reviewed", "approved")] + [
    f"qualification.{each}" for each in ("scope_granted", "suspended", "reinstated", "rejected")
]


def test_a_merchant_qualifies_sells_and_is_stopped_on_the_real_log(world: OnTheLog) -> None:
    key = world.listed()
    assert world.state(key) == "listed"
    assert "key.reserved" in world.place(key)
    (other,) = world.brought(["GOOD-0002"])
    world.ask(other)
    world.do("list_key", other, NOW)
    world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
    with pytest.raises(UnqualifiedError):
        world.place(other, "b")
    rows = dict(world.trade.rows_of(STANDINGS))
    assert rows == standings_of(read_events(world.trade, QUALIFICATION)) == {MERCHANT: "suspended"}
    assert world.by(RULE, "clear_shelf", MERCHANT, [other], NOW) == ["key.unlisted"]


def test_an_order_under_way_when_the_merchant_is_suspended_is_refused_by_the_register(
    world: OnTheLog,
) -> None:
    key = world.listed()
    trade = world.trade
    record = trade.record

    def too_late(command: Command) -> object:
        trade.record = record  # type: ignore[method-assign]
        world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
        return record(command)

    trade.record = too_late  # type: ignore[method-assign,assignment]
    with pytest.raises(UnqualifiedError, match="just ended"):
        world.place(key)
    assert world.state(key) == "listed"


def test_of_orders_and_a_suspension_at_once_none_comes_after_it(world: OnTheLog) -> None:
    world.admitted()
    world.granted()
    keys = world.brought([f"GOOD-{number:04}" for number in range(1, 25)])
    for key in keys:
        world.ask(key)
        world.do("list_key", key, NOW)

    def act(number: int) -> str:
        caller = OnTheLog(world.trade, world.vault, world.store)  # type: ignore[arg-type]
        try:
            if number == len(keys) // 2:
                caller.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
                return "suspended"
            caller.place(keys[number], f"order {number}")
        except (UnqualifiedError, ConcurrentChangeError):
            return "refused"
        return "placed"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(act, range(len(keys))))
    assert outcomes.count("suspended") == 1
    topics = world.topics()
    assert topics.count("key.reserved") == outcomes.count("placed")
    assert "key.reserved" not in topics[topics.index("qualification.suspended") :]


def test_orders_of_one_merchant_do_not_get_in_each_other_s_way(world: OnTheLog) -> None:
    world.admitted()
    world.granted()
    keys = world.brought([f"GOOD-{number:04}" for number in range(1, 17)])
    for key in keys:
        world.ask(key)
        world.do("list_key", key, NOW)

    def place(number: int) -> bool:
        caller = OnTheLog(world.trade, world.vault, world.store)  # type: ignore[arg-type]
        return "key.reserved" in caller.place(keys[number], f"order {number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(place, range(len(keys))))


def test_clearing_a_shelf_that_is_clear_writes_nothing(world: OnTheLog) -> None:
    key = world.listed()
    world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
    world.by(RULE, "clear_shelf", MERCHANT, [key], NOW)
    assert world.by(RULE, "clear_shelf", MERCHANT, [key], NOW) == []


def test_the_raw_key_that_the_operator_is_asked_about_comes_out_of_the_vault(
    world: OnTheLog,
) -> None:
    (key,) = world.brought(["GOOD-USED"])
    world.ask(key)
    assert world.last("key.upstream_checked")["state"] == "used"
