"""F8: what a ruling does to the escrow, once."""

import pytest

from domain.errors import (
    RefundTooLargeError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.disputes.court import (
    DISPUTE,
    UNAPPEALED,
    judgement_of,
)
from tests.domain.disputes.stages import assigned, judged, ruled
from tests.domain.given import PRICE, identifier


def test_f8_a_ruling_is_executed_once() -> None:
    court, _ = ruled()
    court.executed(UNAPPEALED)
    with pytest.raises(WrongPartyError, match="not frozen"):
        court.by("platform", "execute_ruling", DISPUTE, identifier("rfd", "x"), UNAPPEALED)


def test_f8_a_rejecting_ruling_unfreezes() -> None:
    court, order = judged()
    assert court.executed(UNAPPEALED) == ["ruling.executed", "funds.unfrozen"]
    assert court.do("confirm_order", order, "consumer")


def test_f8_a_partial_ruling_leaves_the_rest_in_escrow() -> None:
    court, order = judged("partial_refund")
    court.executed(UNAPPEALED)
    found = court.trade.load(Order, order)
    assert (found.funds, found.escrow) == ("held", PRICE.amount - 1_000)
    assert court.trade.load(Key, found.key).state == "activated"


@pytest.mark.parametrize("amount", [PRICE.amount, PRICE.amount + 1, -1])
def test_f8_a_partial_refund_is_a_part_of_what_was_captured(amount: int) -> None:
    court, order = assigned()
    with pytest.raises(RefundTooLargeError):
        court.judged("arb-01", judgement_of(court, order, "partial_refund", amount=amount))
