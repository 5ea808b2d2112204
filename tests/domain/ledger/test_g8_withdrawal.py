"""G8: a withdrawal never exceeds released funds less recalls and debts (3.7, invariant 14)."""

import pytest

from domain.errors import (
    AmountMismatchError,
    IllegalTransitionError,
    OverdrawnError,
    WrongPartyError,
)
from domain.ledger.balances import BALANCES
from domain.money import Money
from tests.domain.given import MERCHANT, NOW, World, identifier

WITHDRAWAL, DISPUTE = identifier("wdr"), identifier("dsp")


def cny(amount: int) -> Money:
    """Return fen."""
    return Money(amount, "CNY")


def released() -> tuple[World, str]:
    """Return a world with an order whose 98.00 were released, and the order."""
    world = World()
    order = world.confirmed()
    world.do("release_funds", order)
    return world, order


def withdraw(world: World, amount: int, name: str = "a") -> list[str]:
    """Let the merchant withdraw."""
    arguments = (identifier("wdr", name), MERCHANT, cny(amount))
    return world.let("merchant", MERCHANT, "request_withdrawal", *arguments)


def test_g8_released_money_is_withdrawn_once() -> None:
    world, _ = released()
    topics = withdraw(world, 9_000)
    assert topics == ["ledger.withdrawal_requested", "ledger.posted"]
    with pytest.raises(OverdrawnError, match=r"8\.00 CNY may be withdrawn"):
        withdraw(world, 801, "b")
    withdraw(world, 800, "b")
    topics = world.do("pay_withdrawal", WITHDRAWAL, "bank-1")
    assert topics == ["ledger.withdrawal_paid", "ledger.posted"]
    with pytest.raises(IllegalTransitionError):
        world.do("pay_withdrawal", WITHDRAWAL, "bank-1")


def test_g8_held_money_is_not_withdrawn() -> None:
    world = World()
    world.confirmed()
    with pytest.raises(OverdrawnError):
        withdraw(world, 1)


def test_g8_recalled_money_is_not_withdrawn_and_a_debt_is_paid_first() -> None:
    world, order = released()
    withdraw(world, 9_000)
    world.do("open_dispute", DISPUTE, order, "consumer", "revoked")
    with pytest.raises(OverdrawnError):
        withdraw(world, 1, "b")
    assert world.trade.debt_of(MERCHANT, "CNY") == 9_000
    world.do("withdraw_dispute", DISPUTE)
    world.do("release_funds", order)
    assert world.trade.debt_of(MERCHANT, "CNY") == 0
    withdraw(world, 800, "b")
    with pytest.raises(OverdrawnError):
        withdraw(world, 1, "c")


@pytest.mark.parametrize("amount", [0, -1])
def test_g8_nothing_is_not_withdrawn(amount: int) -> None:
    with pytest.raises(AmountMismatchError):
        withdraw(released()[0], amount)


def test_g8_nobody_withdraws_for_a_merchant() -> None:
    world, _ = released()
    with pytest.raises(WrongPartyError):
        world.do("request_withdrawal", WITHDRAWAL, MERCHANT, cny(1))


def test_the_guarantee_account_is_filled_by_the_platform() -> None:
    world = World()
    assert world.do("fund_guarantee", cny(5_000), "bank-1", NOW) == ["ledger.posted"]
    assert world.trade.rows_of(BALANCES) == [("guarantee", "CNY", 5_000)]
    with pytest.raises(AmountMismatchError):
        world.do("fund_guarantee", cny(0), "bank-2", NOW)
