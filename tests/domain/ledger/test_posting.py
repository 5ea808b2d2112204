"""Postings: every move of an order's money balances, per order, merchant and currency (I3)."""

from collections import Counter

import pytest

from domain.errors import UnbalancedError
from domain.event import read_event
from domain.ledger.journal import LedgerPosted, Line
from domain.ledger.posting import balances, check_whole, post
from domain.orders.events import FundsReleased
from domain.orders.order import Order
from domain.orders.standings import MOVES, check_postings
from domain.payments.payment import Payment
from tests.domain.given import BUYER, NOW, PRICE, World, command_of, identifier, meta_of

REFUND = identifier("rfd")


def money(world: World) -> dict[str, int]:
    """Return what every account has, but for zeros."""
    found = balances(world.events())
    check_whole(found)
    return {account: amount for (account, _), amount in found.items()}


def test_money_goes_from_the_channel_to_the_merchant_and_leaves_nothing_between() -> None:
    world = World()
    order = world.paid()
    assert money(world) == {"channel": -9_800, f"escrow:{order}": 9_800}
    world.do("deliver_order", order, NOW)
    world.do("confirm_order", order, "consumer")
    world.do("release_funds", order)
    assert money(world) == {"channel": -9_800, "merchant:M-LAN": 9_800}


def test_refunded_money_waits_for_the_channel_and_is_then_gone() -> None:
    world = World()
    order = world.paid()
    world.do("request_refund", REFUND, order)
    world.do("approve_refund", REFUND)
    assert money(world) == {"channel": -9_800, f"refund:{REFUND}": 9_800}
    world.do("fail_refund", REFUND, "account closed")
    assert money(world)[f"refund:{REFUND}"] == 9_800
    world.do("settle_refund", REFUND, "transfer")
    assert money(world) == {}


def test_every_posting_balances_per_order_merchant_and_currency() -> None:
    world = World()
    order = world.activated(units=4)
    world.do("use_units", order, BUYER, 1)
    world.do("request_refund", REFUND, order, 2)
    world.do("approve_refund", REFUND)
    sums: Counter[tuple[str | None, str | None, str]] = Counter()
    for each in world.events():
        if isinstance(each, LedgerPosted):
            for line in each.lines:
                sums[each.order, each.merchant, each.currency] += line.amount
    assert len(sums) == 2
    assert not any(sums.values())


def test_a_posting_stands_right_behind_what_moved_the_money() -> None:
    world = World()
    order = world.confirmed()
    world.do("release_funds", order)
    streams: dict[str, list[str]] = {}
    for each in world.events():
        streams.setdefault(each.originator_id, []).append(each.TOPIC)
    moved = [
        (topics[place], topics[place + 1])
        for topics in streams.values()
        for place in range(len(topics))
        if topics[place] in MOVES
    ]
    assert sorted(moved) == [
        (topic, "ledger.posted") for topic in ("funds.held", "funds.released", "payment.captured")
    ]


def test_money_that_moves_without_its_posting_is_refused() -> None:
    order, command = Order(identifier("ord")), command_of()
    order.state, order.funds, order.escrow = "confirmed", "held", 100
    released = FundsReleased(*order.follows(command), 100, "CNY")
    order.happen(command, released)
    with pytest.raises(UnbalancedError, match=r"funds\.released carries no ledger\.posted"):
        check_postings(command)


def test_money_that_is_posted_by_another_amount_is_refused() -> None:
    order, command = Order(identifier("ord")), command_of()
    order.state, order.funds, order.escrow = "confirmed", "held", 100
    order.happen(command, FundsReleased(*order.follows(command), 100, "CNY"))
    lines = ((f"escrow:{order.id}", -99), ("merchant:M-LAN", 99))
    post(command, order, "funds_released", "CNY", lines)
    with pytest.raises(UnbalancedError, match="the escrow moved by -100"):
        check_postings(command)


@pytest.mark.parametrize("lines", [(), (("a", 1), ("b", -2)), (("a", 0), ("b", 0))])
def test_lines_that_are_no_posting_are_refused(lines: tuple[tuple[str, int], ...]) -> None:
    payment, command = Payment(identifier("pay")), command_of()
    payment.state = "captured"
    with pytest.raises(UnbalancedError):
        post(command, payment, "payment_captured", "CNY", lines)
    assert command.events == []


def test_a_posting_of_an_older_version_is_still_read() -> None:
    meta = meta_of("cmd")
    lines = (Line("SVC", 5), Line("channel", -5))
    now = LedgerPosted("ledger/or-2010-12-01", 1, meta, "service_sale", "GBP", lines)
    for version in (b'"schema":1', b'"schema":2'):
        old = now.body().replace(b'"schema":3', version)
        assert read_event(now.originator_id, 1, "ledger.posted", old) == now


def test_balances_know_accounts_and_currencies_apart() -> None:
    meta = meta_of("cmd")
    found = balances(
        LedgerPosted("ledger/x", n, meta, "bad_debt", currency, (Line("a", n), Line("b", -n)))
        for n, currency in ((1, "CNY"), (2, "CNY"), (5, "GBP"))
    )
    assert found == {("a", "CNY"): 3, ("b", "CNY"): -3, ("a", "GBP"): 5, ("b", "GBP"): -5}
    found["a", "CNY"] += 1
    with pytest.raises(UnbalancedError, match="CNY"):
        check_whole(found)


def test_the_price_is_what_the_escrow_holds() -> None:
    world = World()
    order = world.paid()
    assert world.trade.load(Order, order).escrow == PRICE.amount
