"""A late claim takes released money back: balance, deposit, guarantee, debt (3.3)."""

from typing import Any

import pytest

from domain.errors import IllegalTransitionError, NoGroundForDisputeError
from domain.money import Money
from domain.orders.events import FundsRecalled, FundsReleased
from domain.orders.order import Order
from tests.domain.given import MERCHANT, NOW, World, identifier

DISPUTE, REFUND = identifier("dsp"), identifier("rfd")


def cny(amount: int) -> Money:
    """Return fen."""
    return Money(amount, "CNY")


def late(balance: int, deposit: int, guarantee: int) -> tuple[World, str]:
    """Return a world with a released order of 98.00 and what would cover a recall of it."""
    world = World()
    order = world.activated()
    world.do("confirm_order", order, "consumer")
    world.do("release_funds", order)
    if balance < 9_800:
        taken = (identifier("wdr"), MERCHANT, cny(9_800 - balance))
        world.let("merchant", MERCHANT, "request_withdrawal", *taken)
    if deposit:
        world.do("require_deposit", MERCHANT, cny(0))
        world.do("top_up_deposit", MERCHANT, cny(deposit), "bank-1", NOW)
    if guarantee:
        world.do("fund_guarantee", cny(guarantee), "bank-2", NOW)
    return world, order


def opened(world: World, order: str) -> list[str]:
    """Let the buyer claim late."""
    return world.do("open_dispute", DISPUTE, order, "consumer", "revoked")


def last(world: World, kind: type[Any]) -> Any:  # noqa: ANN401 — an event of that kind
    """Return the newest event of *kind*."""
    return next(each for each in reversed(world.events()) if isinstance(each, kind))


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ((9_800, 5_000, 5_000), (9_800, 0, 0, 0)),
        ((4_000, 9_000, 5_000), (4_000, 5_800, 0, 0)),
        ((4_000, 3_000, 5_000), (4_000, 3_000, 2_800, 0)),
        ((4_000, 3_000, 1_000), (4_000, 3_000, 1_000, 1_800)),
        ((0, 0, 0), (0, 0, 0, 9_800)),
    ],
)
def test_money_comes_from_balance_then_deposit_then_guarantee_and_the_rest_is_debt(
    there: tuple[int, int, int], taken: tuple[int, int, int, int]
) -> None:
    world, order = late(*there)
    topics = opened(world, order)
    drawn = ["deposit.drawn"] if taken[1] else []
    assert topics == ["dispute.opened", *drawn, "funds.recalled", "ledger.posted"]
    event = last(world, FundsRecalled)
    parts = event.from_merchant, event.from_deposit, event.from_guarantee, event.owed
    assert parts == taken
    found = world.trade.load(Order, order)
    assert (found.funds, found.escrow, found.dispute) == ("frozen", 9_800, DISPUTE)
    assert world.trade.debt_of(MERCHANT, "CNY") == taken[3]
    assert list(world.trade.differences()) == []


def test_when_the_claim_fails_guarantee_and_debt_are_made_good_before_the_merchant() -> None:
    world, order = late(4_000, 0, 1_000)
    opened(world, order)
    world.do("withdraw_dispute", DISPUTE)
    topics = world.do("release_funds", order)
    assert topics == ["funds.released", "ledger.posted"]  # the key was released before
    event = last(world, FundsReleased)
    assert (event.amount, event.guarantee_repaid, event.debt_paid) == (9_800, 1_000, 4_800)
    assert world.trade.balance_of(f"merchant:{MERCHANT}", "CNY") == 4_000
    assert world.trade.balance_of("guarantee", "CNY") == 1_000
    assert world.trade.debt_of(MERCHANT, "CNY") == 0
    assert world.trade.load(Order, order).guaranteed == 0


def test_when_the_claim_succeeds_the_recalled_money_goes_to_the_buyer() -> None:
    world, order = late(9_800, 0, 0)
    opened(world, order)
    world.let("merchant", MERCHANT, "concede_dispute", DISPUTE)
    topics = world.do("execute_ruling", DISPUTE, REFUND, NOW)
    assert {"refund.executed", "order.refunded", "key.voided"} <= set(topics)
    world.do("settle_refund", REFUND, "transfer")
    assert world.trade.balance_of(f"merchant:{MERCHANT}", "CNY") == 0


def test_a_late_claim_names_a_fault() -> None:
    world, order = late(9_800, 0, 0)
    with pytest.raises(NoGroundForDisputeError):
        world.do("open_dispute", DISPUTE, order, "consumer")


def test_after_the_late_claim_period_nothing_is_recalled() -> None:
    world, order = late(9_800, 0, 0)
    world.do("close_order", order, "completed")
    with pytest.raises(IllegalTransitionError):
        opened(world, order)


def test_a_later_sale_pays_the_debt_first() -> None:
    world, order = late(0, 0, 0)
    opened(world, order)
    second = world.delivered(world.stocked_again(), "second")
    world.do("confirm_order", second, "consumer")
    world.do("release_funds", second)
    assert last(world, FundsReleased).debt_paid == 9_800
    assert world.trade.debt_of(MERCHANT, "CNY") == 0
    assert world.trade.balance_of(f"merchant:{MERCHANT}", "CNY") == 0
