"""D7: under review no key is held; a blocked order has no key and no money (3.2, 3.7: 5)."""

import pytest

from domain.errors import (
    IllegalTransitionError,
    ReasonMissingError,
    SoldOutError,
    WrongPartyError,
)
from domain.orders.joint import JOINT_STATES
from domain.orders.review import Wish
from tests.domain.given import BUYER, PRICE, PRODUCT, World, identifier

ORDER = identifier("ord", "wish")
WISH = Wish(ORDER, identifier("chk", "wish"), BUYER, PRODUCT, PRICE)


def staff(world: World, use_case: str, *arguments: object) -> list[str]:
    """Let somebody of the staff act."""
    return world.let("staff", "staff-07", use_case, *arguments)


def standing(world: World) -> tuple[object, ...]:
    """Return the order's joint row, without its names."""
    [row] = world.trade.rows_of(JOINT_STATES, order_id=ORDER)
    return tuple(row[1:5])


def test_d7_an_order_under_review_holds_no_key_until_it_is_cleared() -> None:
    world = World()
    [key] = world.stocked()
    assert world.do("place_for_review", WISH, "odd_hours") == ["order.placed", "order.held"]
    assert standing(world) == ("placed", "unbound", "none", False)
    other = world.placed(key)
    with pytest.raises(SoldOutError):
        staff(world, "clear_order", ORDER, key, "known buyer")
    world.do("close_order", other, "expired")
    with pytest.raises(WrongPartyError):
        world.do("clear_order", ORDER, key, "known buyer")
    assert staff(world, "clear_order", ORDER, key, "known buyer") == [
        *("order.cleared", "key.reserved"),
    ]
    assert standing(world) == ("placed", "reserved", "none", False)


def test_d7_a_cleared_order_goes_on_as_any_other() -> None:
    world = World()
    [key] = world.stocked()
    world.do("place_for_review", WISH, "odd_hours")
    staff(world, "clear_order", ORDER, key, "known buyer")
    world.do("initiate_payment", identifier("pay"), WISH.checkout, PRICE)
    world.do("capture_payment", identifier("pay"), PRICE, [ORDER], {"name": "somebody"})
    assert standing(world) == ("paid", "sold", "held", False)
    dispute = identifier("dsp")
    world.do("open_dispute", dispute, ORDER, "consumer")
    assert world.trade.read_case(dispute).key == key


@pytest.mark.parametrize("at_once", [True, False])
def test_d7_a_blocked_order_has_no_key_and_no_money(at_once: bool) -> None:  # noqa: FBT001 — a case
    world = World()
    [key] = world.stocked()
    if at_once:
        assert world.do("place_blocked", WISH, "list") == ["order.placed", "order.blocked"]
    else:
        world.do("place_for_review", WISH, "odd_hours")
        assert staff(world, "block_order", ORDER, "shared list") == ["order.blocked"]
    assert standing(world) == ("blocked", "unbound", "none", False)
    with pytest.raises(IllegalTransitionError):
        staff(world, "clear_order", ORDER, key, "known buyer")
    world.do("initiate_payment", identifier("pay"), WISH.checkout, PRICE)
    with pytest.raises(IllegalTransitionError):
        world.do("capture_payment", identifier("pay"), PRICE, [ORDER], {"name": "somebody"})


def test_d7_where_nothing_is_left_a_review_ends_as_sold_out() -> None:
    world = World()
    world.stocked()
    world.do("place_for_review", WISH, "odd_hours")
    with pytest.raises(IllegalTransitionError):
        world.do("close_order", ORDER, "cancelled")
    assert world.do("close_order", ORDER, "sold_out") == ["order.closed"]
    assert standing(world) == ("closed_unpaid", "unbound", "none", False)


def test_d7_an_order_that_has_its_key_is_not_blocked_any_more() -> None:
    world = World()
    order = world.placed()
    with pytest.raises(IllegalTransitionError):
        staff(world, "block_order", order, "shared list")


def test_d7_a_decision_has_a_reason_and_a_key_is_what_was_ordered() -> None:
    world = World()
    [key] = world.stocked(units=4)
    with pytest.raises(ReasonMissingError):
        world.do("place_for_review", WISH, "")
    world.do("place_for_review", WISH, "odd_hours")
    with pytest.raises(WrongPartyError, match="is not 1 of"):
        staff(world, "clear_order", ORDER, key, "known buyer")


def test_d7_staff_alone_ends_a_review_as_sold_out_and_a_cleared_order_is_none() -> None:
    world = World()
    [key] = world.stocked()
    world.do("place_for_review", WISH, "odd_hours")
    with pytest.raises(WrongPartyError):
        world.do("close_review", ORDER)
    staff(world, "clear_order", ORDER, key, "known buyer")
    with pytest.raises(IllegalTransitionError):
        staff(world, "close_review", ORDER)
    assert standing(world) == ("placed", "reserved", "none", False)
