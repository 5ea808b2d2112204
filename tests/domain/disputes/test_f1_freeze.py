"""F1: opening a dispute freezes funds and key in one transaction."""

import pytest

from domain.errors import DisputeOpenError
from tests.domain.given import BUYER, LATER, NOW, World, identifier

REFUND, DISPUTE = identifier("rfd"), identifier("dsp")


def test_f1_opening_a_dispute_freezes_funds_and_key_in_one_command() -> None:
    world = World()
    order = world.delivered()
    topics = world.do("open_dispute", DISPUTE, order, "consumer")
    assert topics == ["dispute.opened", "funds.frozen"]
    for use_case, arguments in (
        ("activate_key", (order, BUYER, NOW)),
        ("renew_voucher", (order, LATER)),
        ("confirm_order", (order, "consumer")),
        ("request_refund", (REFUND, order)),
    ):
        with pytest.raises(DisputeOpenError):
            world.do(use_case, *arguments)
    world.do("withdraw_dispute", DISPUTE)
    world.do("activate_key", order, BUYER, NOW)
