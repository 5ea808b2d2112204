"""The shelf: exactly the keys that are listed, whatever brought them there."""

from pathlib import Path

import pytest

from chain.store.database import Database
from domain.keys.events import KeyImported
from domain.keys.key import Key
from domain.keys.shelf import SHELF, shelf_of
from domain.market.marketplace import marketplace
from domain.orders.holds import HOLDS, holds_of
from tests.domain.given import MERCHANT, PRODUCT, World, command_of, identifier, key_of_line
from tests.domain.ledgers import ledger_on


def shelf(world: World) -> list[str]:
    return [key for _, key in world.trade.rows_of(SHELF, product=PRODUCT)]


def test_keys_come_and_go() -> None:
    world = World()
    first, second = world.stocked(["AAAA-0001", "AAAA-0002"])
    assert shelf(world) == sorted([first, second])
    order = world.placed(first)
    assert shelf(world) == [second]
    world.do("close_order", order, "cancelled")
    assert shelf(world) == sorted([first, second])
    world.do("unlist_key", second)
    assert shelf(world) == [first]
    world.do("list_key", second)
    command, key = world.command(), world.trade.load(Key, first)
    key.quarantine(command, "fault")
    world.trade.record(command)
    assert shelf(world) == [second]


def test_a_returned_key_is_there_when_it_is_listed_again_and_not_before() -> None:
    world = World()
    [key] = world.stocked()
    order = world.paid(key)
    world.do("request_refund", identifier("rfd"), order)
    world.do("approve_refund", identifier("rfd"))
    assert shelf(world) == []
    world.do("list_key", key)
    assert shelf(world) == [key]


def test_a_key_that_is_imported_and_reserved_by_one_command_touches_no_row() -> None:
    command, key = command_of(), Key(identifier("key"))
    key.take_in(command, KeyImported(key.id, 1, command.meta, MERCHANT, PRODUCT, 1), "AAAA-BBBB")
    key.reserve(command, identifier("ord"))
    assert command.beside == []


@pytest.mark.parametrize("seed", [7, 8])
def test_the_registers_of_a_market_are_what_its_log_says(seed: int) -> None:
    world = World()
    for number, action in enumerate(marketplace(seed, 250)):
        action.perform(world.trade, world.sealer)
        if number % 400 == 0:
            compare(world)
    compare(world)
    assert world.trade.rows_of(SHELF)


def compare(world: World) -> None:
    events = world.events()
    assert list(shelf_of(events)) == world.trade.rows_of(SHELF)
    assert list(holds_of(events)) == world.trade.rows_of(HOLDS)


def test_the_shelf_of_the_database_is_what_its_log_says(
    app_url: str, database: Database, tmp_path: Path
) -> None:
    with ledger_on(app_url, database, tmp_path) as ledger:
        ledger.stock(1_000)
        ledger.trade.unlist_key(ledger.command("unlist"), key_of_line(5))
        rows = ledger.trade.rows_of(SHELF)
        assert len(rows) == 999
        assert list(shelf_of(ledger.events())) == rows
