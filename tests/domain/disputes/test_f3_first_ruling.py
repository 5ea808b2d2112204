"""F3: the first ruling, by the table: when it may be issued, and when carried out."""

import pytest

from domain.errors import (
    IllegalTransitionError,
    WindowOverError,
    WrongPartyError,
)
from domain.orders.order import Order
from tests.domain.disputes.court import (
    DISPUTE,
)
from tests.domain.disputes.stages import disputed, ruled


def test_f3_a_ruling_waits_for_the_appeal_window_or_the_loser_s_consent() -> None:
    court, order = ruled()
    with pytest.raises(WindowOverError, match="may be appealed until"):
        court.executed()
    with pytest.raises(WrongPartyError):
        court.do("accept_ruling", DISPUTE)
    court.by("merchant", "accept_ruling", DISPUTE)
    assert court.executed() == [
        "ruling.executed",
        "refund.requested",
        "refund.approved",
        "refund.executed",
        "order.refunded",
        "bundle.units_refunded",
        "voucher.revoked",
        "key.returned",
    ]
    assert court.trade.load(Order, order).dispute is None


def test_f3_nobody_rules_by_rule_before_the_evidence_or_twice() -> None:
    court, order = disputed()
    with pytest.raises(IllegalTransitionError):
        court.decided()
    court.asked(order, "unused")
    court.gathered()
    court.decided()
    with pytest.raises(IllegalTransitionError):
        court.decided()
