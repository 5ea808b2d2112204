"""Holds: they end on time, whoever looks, and nobody has more than three (T09, T10)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain.errors import MalformedError
from chain.store.database import Database
from domain.errors import (
    ConcurrentChangeError,
    HoldLimitError,
    IllegalTransitionError,
    SoldOutError,
)
from domain.event import UPCASTERS
from domain.identity.account import Account, account_of
from domain.keys.key import Key
from domain.orders.holds import HOLDS, LIMIT, Hold, hold_until, holds_of
from domain.orders.order import Order
from domain.orders.placing import Basket, Wish
from tests.domain.given import (
    BUYER,
    NOW,
    PRICE,
    PRODUCT,
    World,
    identifier,
)
from tests.domain.ledgers import ledger_on
from tests.domain.payments.paying import IN_TIME, MAIN, TOO_LATE, Paying, notice, signed


def lines(number: int) -> list[str]:
    return [f"AAAA-{each:04}" for each in range(number)]


def order_of(world: World, name: str, key: str, buyer: str = BUYER, now: str = NOW) -> str:
    order = identifier("ord", name)
    world.do("place_order", Basket(order, identifier("chk", name), buyer, key, PRICE), now)
    return order


def rows(world: World) -> list[Hold]:
    return [Hold(*each) for each in world.trade.rows_of(HOLDS)]


def test_a_hold_ends_a_quarter_of_an_hour_later() -> None:
    world = World()
    [key] = world.stocked()
    order = order_of(world, "a", key)
    assert hold_until(NOW) == TOO_LATE
    assert world.trade.load(Order, order).hold_until == TOO_LATE
    assert world.trade.load(Key, key).hold_until == TOO_LATE
    assert rows(world) == [Hold(TOO_LATE, order, BUYER, 0, PRODUCT, key)]


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedError, match="now:"):
        hold_until("2026-11-22 10:00:00")


def test_t09_a_fourth_unpaid_order_of_one_buyer_is_refused() -> None:
    """dujiao-next/dujiao-next#105: unpaid orders emptied the shop."""
    world = World()
    keys = world.stocked(lines(5))
    for name, key in zip("abc", keys, strict=False):
        order_of(world, name, key)
    before = world.size()
    with pytest.raises(HoldLimitError, match="3 unpaid orders at once"):
        order_of(world, "d", keys[3])
    assert world.size() == before
    assert "order.placed" in world.do(
        "place_order",
        Basket(
            identifier("ord", "e"), identifier("chk", "e"), identifier("usr", "x"), keys[3], PRICE
        ),
        NOW,
    )


@pytest.mark.parametrize("end", ["pay", "cancel"])
def test_a_hold_that_ended_makes_room(end: str) -> None:
    world = Paying()
    keys = world.stocked(lines(4))
    orders = [world.ordered(name, key) for name, key in zip("abc", keys, strict=False)]
    if end == "pay":
        world.charge("a", orders[:1])
        world.hears(signed(notice()))
    else:
        world.do("close_order", orders[0], "cancelled")
    world.ordered("d", keys[3])
    assert sorted(each.slot for each in rows(world)) == [0, 1, 2]


def test_t09_all_accounts_of_one_person_share_the_limit() -> None:
    world = World()
    keys = world.stocked(lines(4))
    accounts = [identifier("usr", f"account {number}") for number in range(4)]
    for number, party in enumerate(accounts):
        account, command = Account(account_of(party)), world.command(f"cmd/open/{number}")
        account.restrict(command, party, "unverified")
        account.unlock(command, identifier("idv", str(number)), f"k1:{'0' * 64}")
        world.trade.record(command)
    for number in range(LIMIT):
        order_of(world, str(number), keys[number], accounts[number])
    with pytest.raises(HoldLimitError):
        order_of(world, "3", keys[3], accounts[3])
    assert {each.holder for each in rows(world)} == {f"k1:{'0' * 64}"}
    assert rows(world) == list(holds_of(world.events()))


def test_t09_sixty_four_orders_of_one_buyer_at_once_hold_three_keys(
    app_url: str, database: Database, tmp_path: Path
) -> None:
    with ledger_on(app_url, database, tmp_path) as ledger:
        ledger.stock(64, PRICE)

        def buy(number: int) -> str:
            name = str(number)
            wish = Wish(identifier("ord", name), identifier("chk", name), BUYER, PRODUCT)
            try:
                ledger.trade.order_product(ledger.command(f"buy/{name}"), wish)
            except HoldLimitError:
                return "limit"
            return "held"

        with ThreadPoolExecutor(64) as pool:
            outcomes = list(pool.map(buy, range(64)))
        assert sorted(outcomes) == ["held"] * LIMIT + ["limit"] * (64 - LIMIT)
        assert len(ledger.events("key.reserved")) == LIMIT
        held = [Hold(*each) for each in ledger.trade.rows_of(HOLDS)]
        assert sorted(each.slot for each in held) == [0, 1, 2]
        assert [each._replace(slot=0) for each in holds_of(ledger.events())] == [
            each._replace(slot=0) for each in held
        ]


def test_the_database_itself_refuses_a_fourth_slot(
    app_url: str, database: Database, tmp_path: Path
) -> None:
    with ledger_on(app_url, database, tmp_path) as ledger:
        ledger.stock(1)
        command = ledger.command("smuggle")
        Order(identifier("ord"))  # what is held matters not: the register looks at its rows
        key = ledger.trade.load(Key, ledger.events("key.listed")[0].originator_id)
        key.take_off(command)
        command.keep(HOLDS.new(**Hold(NOW, identifier("ord"), BUYER, 3, PRODUCT, key.id)._asdict()))
        with pytest.raises(ConcurrentChangeError):
            ledger.trade.record(command)
        assert ledger.events("key.unlisted") == []


def test_t10_a_key_whose_hold_is_over_is_taken_although_no_worker_ran() -> None:
    """assimon/dujiaoka#198, assimon/dujiaoka#240: expiry hung on a background worker."""
    world = World()
    [key] = world.stocked()
    first = order_of(world, "a", key)
    other = identifier("usr", "other")
    with pytest.raises(SoldOutError):
        order_of(world, "b", key, other, IN_TIME)
    order_of(world, "b", key, other, TOO_LATE)
    assert world.topics()[-4:] == [
        *("order.closed", "key.reservation_released", "order.placed", "key.reserved")
    ]
    assert world.trade.load(Order, first).state == "closed_unpaid"
    closed = next(each for each in world.events() if each.TOPIC == "order.closed")
    assert (closed.meta.actor, closed.meta.role) == ("hold", "platform")
    assert [each.order for each in rows(world)] == [identifier("ord", "b")]
    assert rows(world) == list(holds_of(world.events()))


def test_t10_an_ordered_product_takes_a_key_whose_hold_is_over() -> None:
    world = World()
    [key] = world.stocked()
    world.do("reprice_product", PRODUCT, PRICE)
    order_of(world, "a", key)
    wish = Wish(identifier("ord", "b"), identifier("chk", "b"), identifier("usr", "b"), PRODUCT)
    assert not world.trade.is_orderable(PRODUCT, IN_TIME)
    with pytest.raises(SoldOutError):
        world.do("order_product", wish, IN_TIME)
    assert world.trade.is_orderable(PRODUCT, TOO_LATE)
    assert "order.closed" in world.do("order_product", wish, TOO_LATE)


def test_t10_a_hold_that_is_over_counts_no_longer_against_its_buyer() -> None:
    world = World()
    keys = world.stocked(lines(6))
    for name, key in zip("abc", keys, strict=False):
        order_of(world, name, key)
    order_of(world, "d", keys[3], now=TOO_LATE)
    assert len(rows(world)) == 1
    assert world.topics().count("order.closed") == LIMIT, "their slots and keys are free again"
    assert rows(world) == list(holds_of(world.events()))


def test_t10_the_same_buyer_takes_the_same_key_again() -> None:
    world = World()
    [key] = world.stocked()
    order_of(world, "a", key)
    order_of(world, "b", key, now=TOO_LATE)
    assert [each.order for each in rows(world)] == [identifier("ord", "b")]


def test_t10_an_expired_order_is_neither_charged_nor_paid() -> None:
    world = Paying()
    order = world.charged()
    charged = (identifier("pay", "b"), identifier("chk"), PRICE, [order], MAIN, TOO_LATE)
    with pytest.raises(IllegalTransitionError, match="no longer held"):
        world.do("initiate_payment", *charged)
    topics = world.hears(signed(notice(), date=TOO_LATE), TOO_LATE)
    assert topics == [
        *("order.closed", "key.reservation_released", "payment.unmatched", "refund.executed")
    ]
    assert rows(world) == []


def test_a_worker_that_runs_closes_what_is_over_and_nothing_else() -> None:
    world = World()
    [key] = world.stocked()
    order = order_of(world, "a", key)
    with pytest.raises(ConcurrentChangeError):
        world.do("expire_order", order, IN_TIME)
    assert world.do("expire_order", order, TOO_LATE) == ["order.closed", "key.reservation_released"]
    with pytest.raises(ConcurrentChangeError):
        world.do("expire_order", order, TOO_LATE)
    assert rows(world) == []


def test_what_was_held_before_holds_had_an_end_is_read_as_it_was() -> None:
    for topic in ("order.placed", "key.reserved"):
        assert UPCASTERS[topic, 1]({"order": "x"}) == {"order": "x"}
