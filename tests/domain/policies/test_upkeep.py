"""What only the platform's own policies call."""

from dataclasses import replace

import pytest

from domain.errors import DisputeOpenError, IllegalTransitionError, WrongPartyError
from tests.domain.given import World, identifier, key_of_line

REFUND = identifier("rfd")


def refund(world: World, order: str, role: str = "platform") -> None:
    command = world.command()
    command.meta = replace(command.meta, actor="timer", role=role)  # type: ignore[arg-type]
    world.trade.refund_undelivered(command, order, REFUND)


def test_keys_that_are_on_the_shelf_are_taken_off_and_the_others_left() -> None:
    world = World()
    keys = world.stocked(["AAAA-1111", "BBBB-2222", "CCCC-3333"])
    world.do("unlist_key", keys[0])
    world.placed(keys[1])
    assert world.do("unlist_keys", keys) == ["key.unlisted"]
    assert world.do("unlist_keys", keys) == []


def test_an_order_that_was_paid_and_not_delivered_is_refunded_whole() -> None:
    world = World()
    order = world.paid()
    refund(world, order)
    assert world.topics()[-2:] == ["bundle.units_refunded", "key.returned"]
    assert world.events()[-4].data()["amount"] == 9_800


@pytest.mark.parametrize("role", ["consumer", "merchant", "staff", "channel"])
def test_nobody_else_may_call_it_off(role: str) -> None:
    world = World()
    order = world.paid()
    with pytest.raises(WrongPartyError):
        refund(world, order, role)


def test_what_was_delivered_or_never_paid_is_not_refunded_so() -> None:
    world = World()
    order = world.delivered()
    with pytest.raises(IllegalTransitionError):
        refund(world, order)
    other = World()
    unpaid = other.placed()
    with pytest.raises(IllegalTransitionError):
        refund(other, unpaid)


def test_a_disputed_order_is_decided_by_the_dispute() -> None:
    world = World()
    order = world.paid()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    with pytest.raises(DisputeOpenError):
        refund(world, order)


def test_a_key_that_is_not_on_the_shelf_is_not_withheld() -> None:
    world = World()
    world.stocked()
    world.do("unlist_key", key_of_line(1))
    assert world.do("withhold_key", key_of_line(1), "2026-11-22T10:00:00Z") == []
