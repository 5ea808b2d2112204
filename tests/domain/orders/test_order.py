"""An order's machines: what no table allows is refused in every state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import (
    AlreadyDisputedError,
    IllegalTransitionError,
    RefundTooLargeError,
    WrongPartyError,
)
from domain.money import Money
from domain.orders.order import FUNDS_TABLE, ORDER_TABLE, Order
from tests.domain.given import command_of, identifier, recorded

REFUND, DISPUTE = identifier("rfd"), identifier("dsp")


def delivered(escrow: int = 1_000, units: int = 10) -> Order:
    """Return a delivered order of ten units for 10.00."""
    return Order.as_delivered(
        identifier("ord"),
        4,
        escrow=Money(escrow, "CNY"),
        units=units,
        refunded=0,
        key=identifier("key"),
        merchant="M-LAN",
    )


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 4)), max_size=8))
def test_refunds_never_exceed_what_is_held(parts: list[tuple[int, int]]) -> None:
    order, moved, units = delivered(), 0, 0
    for amount, count in parts:
        try:
            order.refund(command_of(), REFUND, amount, count)
        except (RefundTooLargeError, IllegalTransitionError):
            continue
        moved, units = moved + amount, units + count
    assert moved + order.escrow == 1_000
    assert units == order.units_refunded <= 10
    assert (order.funds == "refunded") == (moved == 1_000) == (order.state == "refunded")


@pytest.mark.parametrize("amount", [0, -1, 1_001])
def test_an_amount_that_the_escrow_does_not_hold_is_refused(amount: int) -> None:
    order, command = delivered(), command_of()
    with pytest.raises(RefundTooLargeError):
        order.refund(command, REFUND, amount, 0)
    assert recorded(command) == []


def test_a_new_order_takes_no_money() -> None:
    with pytest.raises(IllegalTransitionError, match="state new"):
        Order(identifier("ord")).pay(command_of(), identifier("pay"), Money(1, "CNY"))


def test_only_the_dispute_that_froze_it_unfreezes_the_escrow() -> None:
    order = delivered()
    order.freeze(command_of(), DISPUTE)
    with pytest.raises(AlreadyDisputedError):
        order.freeze(command_of(), identifier("dsp", "other"))
    with pytest.raises(WrongPartyError):
        order.unfreeze(command_of(), identifier("dsp", "other"))
    order.unfreeze(command_of(), DISPUTE)
    assert (order.funds, order.dispute) == ("held", None)


def test_released_funds_are_neither_frozen_nor_released_again() -> None:
    order = delivered()
    order.confirm(command_of(), "timer")
    order.release_funds(command_of())
    with pytest.raises(IllegalTransitionError):
        order.release_funds(command_of())
    with pytest.raises(IllegalTransitionError):
        order.freeze(command_of(), DISPUTE)


@pytest.mark.parametrize("topic", sorted({*ORDER_TABLE, *FUNDS_TABLE}))
def test_a_refunded_order_is_the_end(topic: str) -> None:
    order = delivered()
    assert order.refund(command_of(), REFUND, 1_000, 10)
    with pytest.raises(IllegalTransitionError):
        order.check(topic)


def test_an_order_rebuilt_from_its_events_is_the_same() -> None:
    order, command = delivered(), command_of()
    order.refund(command, REFUND, 300, 3)
    order.confirm(command, "consumer")
    order.release_funds(command)
    again = Order.project(delivered(), command.events)
    assert again is not None
    assert {each: getattr(again, each) for each in Order.__slots__} == {
        each: getattr(order, each) for each in Order.__slots__
    }
    assert again.version == order.version == 9
