"""The joint row in PostgreSQL: the CHECK stands guard, and registers can be computed again."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import cast

import psycopg
import pytest

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.errors import ConcurrentChangeError, IllegalCombinationError
from domain.keys.key import Key
from domain.orders import joint, sales
from domain.orders.joint import JOINT_STATES, LEGAL
from domain.orders.order import Order
from scripts.migrations.versions import v0005_joint_states as migration
from tests.domain.given import (
    BUYER,
    NOW,
    MemorySealer,
    MemoryTrade,
    World,
    identifier,
)
from tests.domain.joint.actions import POLICIES
from tests.domain.joint.combinations import COMBINATIONS
from tests.domain.joint.tables import reached
from tests.domain.joint.walk import Walk


class LoggedWorld(World):
    """A world on the real log."""

    def __init__(self, trade: Trade, vault: Vault) -> None:
        self.trade = cast("MemoryTrade", trade)  # in the place of their doubles
        self.sealer = cast("MemorySealer", vault)
        self._count = 0


@pytest.fixture
def world(app_url: str, database: Database, tmp_path: Path) -> Iterator[World]:
    """Return a world on PostgreSQL."""
    create_master_key(tmp_path, os.urandom)
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": app_url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Trade(environment) as trade:
        yield LoggedWorld(trade, Vault(database, FileMasterKey(tmp_path, os.urandom)))


def test_program_and_migration_list_the_combinations_of_the_table() -> None:
    assert LEGAL == COMBINATIONS
    written = [line.strip() for line in migration.JOINT_STATES.splitlines() if "('" in line]
    spelt = {
        f"('{order}', '{key}', '{funds}', {str(disputed).lower()})"
        for order, key, funds, disputed in COMBINATIONS
    }
    assert {each.rstrip(",") for each in written} == spelt
    assert len(written) == len(spelt) == 23


def test_a_walk_on_the_database_is_what_the_model_says(world: World) -> None:
    walk = Walk(world).run(80, Random(5), probes=0)
    walk.check_all()
    assert len(walk.seen) > 6


def test_every_combination_can_be_committed(world: World) -> None:
    paths = reached(POLICIES[0])
    for combination in sorted(COMBINATIONS)[::3]:
        walk = Walk(world, "-".join(map(str, combination)))
        walk.position = world.size()
        for action in paths[combination]:
            assert walk._happens(action)
            walk.model.do(action)
            walk._name_what_is_new(action)
        [row] = world.trade.rows_of(JOINT_STATES, order_id=walk.orders[0])
        assert tuple(row[1:5]) == combination
    assert list(world.trade.differences()) == []


def test_no_other_combination_can_be_committed_by_any_path(world: World, owner_url: str) -> None:
    states = [sorted({each[place] for each in COMBINATIONS}) for place in range(3)]
    refused = 0
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for order in states[0]:
            for key in states[1]:
                for funds in states[2]:
                    for disputed in (False, True):
                        row = (order, key, funds, disputed)
                        bound = None if key == "unbound" or order == "refunded" else str(row)
                        try:
                            connection.execute(
                                "INSERT INTO ledger.joint_states VALUES (%s, %s, %s, %s, %s, %s)",
                                (str(row), *row, bound),
                            )
                        except psycopg.errors.CheckViolation:
                            refused += 1
                        else:
                            assert row in COMBINATIONS
    assert refused == len(states[0]) * len(states[1]) * len(states[2]) * 2 - 23


def test_the_database_refuses_what_a_broken_program_would_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.delivered()
    monkeypatch.setattr(joint, "check_legal", lambda *_: None)
    monkeypatch.setattr(Key, "order_confirmed", lambda *_: None)
    world.do("activate_key", order, BUYER, NOW)
    before = world.size()
    with pytest.raises(IllegalCombinationError, match="by the database"):
        world.do("confirm_order", order, "consumer")
    assert world.size() == before


def test_of_two_commands_that_touch_order_and_key_apart_the_second_is_refused(
    world: World,
) -> None:
    order_id = world.delivered()
    order, key = (
        world.trade.load(Order, order_id),
        world.trade.load(Key, world.trade.load(Order, order_id).key),
    )
    stale = world.command("cmd/stale")
    sales.confirm(stale, order, key, "timer")  # of an unused key: the key's stream stays
    world.do("activate_key", order_id, BUYER, NOW)  # the order's stream stays
    with pytest.raises(ConcurrentChangeError):
        world.trade.record(stale)
    [row] = world.trade.rows_of(JOINT_STATES, order_id=order_id)
    assert row[1:5] == ("delivered", "activated", "held", False)


def test_a_dispute_is_not_opened_beside_a_view_that_did_not_know_of_it(world: World) -> None:
    order_id = world.delivered()
    world.do("activate_key", order_id, BUYER, NOW)
    order = world.trade.load(Order, order_id)
    key = world.trade.load(Key, order.key)
    stale = world.command("cmd/stale")
    stale.rest_on(order)
    key.reveal(stale, BUYER, "redeem")
    world.do("open_dispute", identifier("dsp"), order_id, "consumer")
    with pytest.raises(ConcurrentChangeError):
        world.trade.record(stale)
    assert "key.revealed" not in world.topics()


def test_a_difference_between_register_and_log_is_found(world: World, owner_url: str) -> None:
    order = world.delivered()
    assert list(world.trade.differences()) == []
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE ledger.joint_states SET key_state = 'activated'")
    [found] = world.trade.differences()
    assert order in found
