"""E7: what confirms, and what is released: never while a dispute is open, whoever says so."""

import pytest

from domain.errors import DisputeOpenError, Refusal
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.given import BUYER, MUCH_LATER, identifier
from tests.domain.keys.redeeming import Typing


def key_of(world: Typing, order: str) -> Key:
    return world.trade.load(Key, world.trade.load(Order, order).key)


@pytest.mark.parametrize("cause", ["consumer", "timer"])
def test_e7_confirmation_is_an_event_with_its_cause(cause: str) -> None:
    world = Typing()
    order = world.activated()
    assert world.do("confirm_order", order, cause) == ["order.confirmed", "key.confirmed"]
    assert world.last("order.confirmed") == {"cause": cause}
    assert world.do("release_funds", order) == ["funds.released", "key.released"]
    assert key_of(world, order).state == "released"


@pytest.mark.parametrize("use_case", ["confirm_order", "release_funds"])
def test_e7_nothing_is_confirmed_or_released_while_a_dispute_is_open(use_case: str) -> None:
    world = Typing()
    order = world.activated()
    if use_case == "release_funds":
        world.do("confirm_order", order, "timer")
    fault = "none" if use_case == "confirm_order" else "revoked"
    world.do("open_dispute", identifier("dsp"), order, "consumer", fault)
    before = world.size()
    rest = ["timer"] if use_case == "confirm_order" else []
    with pytest.raises(DisputeOpenError):
        world.do(use_case, order, *rest)
    assert world.size() == before


def test_e7_release_waits_for_the_end_of_the_dispute() -> None:
    world = Typing()
    order = world.activated()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    world.do("withdraw_dispute", identifier("dsp"))
    world.do("confirm_order", order, "timer")
    assert world.do("release_funds", order) == ["funds.released", "key.released"]


def test_e7_activation_alone_releases_nothing() -> None:
    world = Typing()
    order = world.activated()
    with pytest.raises(Refusal):
        world.do("release_funds", order)
    assert key_of(world, order).state == "activated"


def test_e7_a_code_works_after_release_and_the_key_follows() -> None:
    world = Typing()
    order = world.confirmed()
    world.do("release_funds", order)
    world.do("renew_voucher", order, MUCH_LATER)
    topics = world.redeem(world.code(order), BUYER)
    assert topics[:3] == ["key.activated", "key.confirmed", "key.released"]
