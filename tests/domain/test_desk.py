"""The desk: receipts, conflicts, and who gets the last key."""

from threading import Barrier, Thread

import pytest
from eventsourcing.popo import POPOApplicationRecorder

from chain.errors import MalformedError
from chain.register import Register
from domain.application import Trade
from domain.catalogue.product import Product
from domain.errors import (
    ConcurrentChangeError,
    DuplicateKeyError,
    NotFoundError,
    Refusal,
    SoldOutError,
)
from domain.keys.key import Key
from domain.orders.events import OrderPlaced
from domain.orders.order import Order
from domain.orders.sales import Basket, place
from tests.domain.given import (
    BUYER,
    LATER,
    MERCHANT,
    PRICE,
    MemorySealer,
    World,
    command_of,
    identifier,
    imported,
)


def test_the_same_command_again_gets_the_first_receipt() -> None:
    world = World()
    order = world.paid()
    first = world.trade.deliver_order(world.command("cmd/deliver"), order, LATER)
    again = world.trade.deliver_order(world.command("cmd/deliver"), order, LATER)
    assert again == first
    assert world.topics().count("order.delivered") == 1


def test_the_library_s_own_recorder_serves_as_well() -> None:
    trade = Trade()
    assert isinstance(trade.recorder, POPOApplicationRecorder)
    trade.create_product(command_of(), identifier("prd"), "M-LAN", "SKU", None)
    assert trade.recorder.max_notification_id() == 1


def test_a_thing_that_the_log_does_not_know_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="no such order"):
        World().trade.load(Order, identifier("ord"))


def test_an_identifier_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedError, match="prefix ord_"):
        World().trade.load(Order, identifier("key"))


def test_a_stale_reservation_is_sold_out() -> None:
    world = World()
    key_id = world.stocked()[0]
    stale = world.trade.load(Key, key_id)
    world.placed(key_id, "first")
    command, order = world.command(), Order(identifier("ord", "second"))
    placed = OrderPlaced(
        *order.follows(command),
        checkout=identifier("chk"),
        buyer=BUYER,
        merchant="M-LAN",
        product=stale.product,
        key=key_id,
        units=1,
        amount=PRICE.amount,
        currency=PRICE.currency,
    )
    place(command, order, stale, placed)
    before = world.size()
    with pytest.raises(SoldOutError, match="another order took it first"):
        world.trade.record(command)
    assert world.size() == before


def test_another_stale_change_is_a_concurrent_one() -> None:
    world = World()
    order_id = world.paid()
    stale = world.trade.load(Order, order_id)
    world.do("deliver_order", order_id, LATER)
    command = world.command()
    stale.deliver(command)
    with pytest.raises(ConcurrentChangeError, match="decide anew"):
        world.trade.record(command)


@pytest.mark.parametrize("_", range(20))
def test_of_many_buyers_at_once_one_gets_the_last_key(_: int) -> None:
    world = World()
    key = world.stocked()[0]
    start, outcomes = Barrier(8), []

    def buy(number: int) -> None:
        order = identifier("ord", f"race {number}")
        basket = Basket(order, identifier("chk", f"race {number}"), BUYER, key, PRICE)
        command = command_of(f"race/{number}", MemorySealer())
        start.wait()
        try:
            world.trade.place_order(command, basket)
            outcomes.append("bought")
        except Refusal as refusal:
            outcomes.append(type(refusal).__name__)

    threads = [Thread(target=buy, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["SoldOutError"] * 7 + ["bought"]
    assert world.topics().count("key.reserved") == 1


def test_a_submitted_command_answers_in_its_future() -> None:
    world = World()
    command = world.command("cmd/submit")
    key = Key(identifier("key"))
    key.happen(command, imported(key.id, command))
    assert world.trade.submit(command).result() == [1]


def test_a_register_that_refuses_is_answered_with_the_refusal_that_the_command_names() -> None:
    slots = Register("slots", {"place": "text", "holder": "text"}, key=("place",))
    world = World()
    for holder in ("anna", "bert"):
        command, product = world.command(), Product(identifier("prd", holder))
        product.create(command, MERCHANT, "SKU", None)
        command.keep(slots.new(place="p1", holder=holder), DuplicateKeyError("p1 is taken"))
        if holder == "anna":
            world.trade.record(command)
    assert world.trade.rows_of(slots, holder="anna") == [("p1", "anna")]
    with pytest.raises(DuplicateKeyError, match="p1 is taken"):
        world.trade.record(command)
    assert world.size() == 1
