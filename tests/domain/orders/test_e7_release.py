"""E7: released after confirmation and no dispute; never while one is open."""

import pytest

from domain.errors import DisputeOpenError, IllegalTransitionError, VoucherNotLiveError
from tests.domain.given import BUYER, NOW, World, identifier

DISPUTE = identifier("dsp")


def test_e7_key_and_funds_are_released_after_confirmation_and_no_dispute() -> None:
    world = World()
    order = world.activated()
    with pytest.raises(IllegalTransitionError):
        world.do("release_funds", order)
    assert world.do("confirm_order", order, "timer") == ["order.confirmed", "key.confirmed"]
    world.do("open_dispute", DISPUTE, order, "consumer", "revoked")
    with pytest.raises(DisputeOpenError):
        world.do("release_funds", order)
    world.do("withdraw_dispute", DISPUTE)
    for now in ("2026-11-22T10:00:00Z", "2026-11-25T09:59:59Z"):
        with pytest.raises(Exception, match="not before 2026-11-25T10:00:00Z"):
            world.do("release_funds", order, now)
    topics = world.do("release_funds", order, "2026-11-25T10:00:00Z")
    assert topics == ["funds.released", "ledger.posted", "key.released"]
    with pytest.raises(Exception, match="not before 2027-05-21T10:00:00Z"):
        world.do("close_order", order, "completed", "2027-05-21T09:59:59Z")
    world.do("close_order", order, "completed", "2027-05-21T10:00:00Z")


@pytest.mark.parametrize("ends", ["confirmed", "released", "completed"])
def test_e7_a_key_that_is_activated_late_catches_up_with_its_order(ends: str) -> None:
    world = World()
    order = world.confirmed()
    if ends != "confirmed":
        world.do("release_funds", order)
    if ends == "completed":
        world.do("close_order", order, "completed")
    topics = world.do("activate_key", order, BUYER, NOW)
    caught_up = ["key.released"] if ends != "confirmed" else []
    assert topics == ["key.activated", "key.confirmed", *caught_up]
    with pytest.raises(VoucherNotLiveError):
        world.do("activate_key", order, BUYER, NOW)
