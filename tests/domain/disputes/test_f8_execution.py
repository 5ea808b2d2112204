"""F8, T13, T14, T15: money and key move together, once, and never more than was captured."""

import pytest

from domain.errors import IllegalTransitionError, RefundTooLargeError, WrongPartyError
from domain.keys.key import Key
from domain.keys.upstream import Finding, UpstreamState
from domain.orders.order import Order
from tests.domain.disputes.court import DISPUTE, REFUND, UNAPPEALED, Court, judgement_of
from tests.domain.given import BUYER, NOW, PRICE, identifier, key_of_line

MONEY = {"funds.held": 1, "refund.executed": -1, "funds.released": -1}


def escrow(court: Court, order: str) -> int:
    """Return what the escrow of *order* holds by the log's own events."""
    return sum(
        MONEY.get(each.TOPIC, 0) * each.data().get("amount", 0)
        for each in court.events()
        if each.originator_id == order
    )


def ruled_by_table(
    court: Court, order: str, state: UpstreamState = "unused", *findings: Finding
) -> str:
    """Open a dispute over *order* and rule it by the table; return the row."""
    court.opened(order)
    court.asked(order, state, findings)
    court.gathered()
    assert court.decided("arb-01") == "ruling.issued"
    row = court.events()[-1].data()["row"]
    assert isinstance(row, str)
    return row


def key(court: Court, order: str) -> Key:
    return court.trade.load(Key, court.key_of(order))


def test_t13_after_a_refund_the_key_is_not_activated() -> None:
    court = Court()
    order = court.delivered()
    assert ruled_by_table(court, order) == "R07"
    court.executed(UNAPPEALED)
    before = court.size()
    with pytest.raises(IllegalTransitionError):
        court.do("activate_key", order, BUYER, NOW)
    with pytest.raises(IllegalTransitionError):
        court.do("reveal_key", order, BUYER, "x")
    assert court.size() == before


def test_t13_after_an_activation_a_refund_voids_the_key() -> None:
    court = Court()
    order = court.activated()
    assert ruled_by_table(court, order) == "R14"
    assert court.executed(UNAPPEALED)[-1] == "key.voided"
    assert key(court, order).state == "voided"
    with pytest.raises(IllegalTransitionError):
        court.do("list_key", court.key_of(order))


def test_t13_a_person_s_refund_of_a_shown_key_voids_it() -> None:
    court = Court()
    order = court.activated()
    court.do("reveal_key", order, BUYER, "x")
    court.opened(order)
    court.asked(order, "unused")
    court.gathered()
    assert court.decided("arb-01") == "dispute.assigned"
    court.judged("arb-01", judgement_of(court, order, "refund"))
    court.executed(UNAPPEALED)
    assert key(court, order).state == "voided"
    assert escrow(court, order) == 0


def test_t14_another_order_s_key_is_not_touched() -> None:
    court = Court()
    keys = court.stocked(["AAAA-1111", "BBBB-2222"])
    order, other = court.delivered(keys[0]), court.delivered(keys[1], "other")
    ruled_by_table(court, order)
    court.executed(UNAPPEALED)
    assert court.trade.load(Key, keys[1]).state == "vouchered"
    assert court.trade.load(Order, other).funds == "held"
    assert keys[1] == key_of_line(2)


def test_f8_the_ruling_stands_before_the_money_in_one_command() -> None:
    court = Court()
    order = court.delivered()
    ruled_by_table(court, order, "unused", "wrong_region")
    topics = court.executed(UNAPPEALED)
    assert topics[0] == "ruling.executed"
    assert topics[-1] == "key.quarantined"
    assert len({each.meta.command_id for each in court.events()[-len(topics) :]}) == 1
    assert court.events()[-1].data()["cause"] == "fault"


def test_f8_a_key_set_aside_for_a_silent_operator_says_so() -> None:
    court = Court()
    order = court.delivered()
    assert ruled_by_table(court, order, "unknown") == "R08"
    court.executed(UNAPPEALED)
    assert court.events()[-1].data()["cause"] == "upstream_unknown"


@pytest.mark.parametrize(("used", "back"), [(0, 9_800), (1, 6_533), (2, 3_266)])
def test_t15_of_a_bundle_the_unused_units_are_refunded_pro_rata(used: int, back: int) -> None:
    court = Court()
    order = court.activated(units=3)
    if used:
        court.do("use_units", order, BUYER, used)
    assert ruled_by_table(court, order) == "R07"
    ruling = court.ruling().event.data()
    assert (ruling["amount"], ruling["units"]) == (back, 3 - used)
    assert court.replays()[0].is_same
    court.executed(UNAPPEALED)
    found = court.trade.load(Order, order)
    assert escrow(court, order) == found.escrow == PRICE.amount - back
    assert key(court, order).units_left == 0
    # An activated code never goes back to stock; with units used, the order goes on.
    wanted = ("held", "activated") if used else ("refunded", "voided")
    assert (found.funds, key(court, order).state) == wanted
    if used:
        assert court.do("confirm_order", order, "consumer")
        assert "funds.released" in court.do("release_funds", order)
        assert escrow(court, order) == 0


def test_t15_a_bundle_that_is_used_up_goes_to_a_person() -> None:
    court = Court()
    order = court.activated(units=3)
    court.do("use_units", order, BUYER, 3)
    court.opened(order)
    court.asked(order, "used", ("revoked",))
    court.gathered()
    assert court.decided("arb-01") == "dispute.assigned"
    assert "可退单位为零" in court.events()[-1].data()["reason"]


def test_f8_what_was_refunded_before_is_not_refunded_again() -> None:
    court = Court()
    order = court.delivered(units=2)
    court.do("request_refund", identifier("rfd", "first"), order, 1)
    court.by("merchant", "approve_refund", identifier("rfd", "first"))
    ruled_by_table(court, order)
    assert court.ruling().event.data()["amount"] == PRICE.amount // 2
    court.executed(UNAPPEALED)
    assert escrow(court, order) == 0
    assert court.trade.load(Order, order).state == "refunded"


def test_f8_a_request_from_before_the_dispute_pays_nothing_after_it() -> None:
    court = Court()
    order = court.delivered()
    early = identifier("rfd", "early")
    court.do("request_refund", early, order)
    ruled_by_table(court, order)
    court.executed(UNAPPEALED)
    with pytest.raises((RefundTooLargeError, IllegalTransitionError, WrongPartyError)):
        court.by("merchant", "approve_refund", early)
    assert escrow(court, order) == 0


def test_f8_a_failed_transfer_is_tried_again_and_settled_once() -> None:
    court = Court()
    ruled_by_table(court, court.delivered())
    court.executed(UNAPPEALED)
    for _ in range(2):
        court.by("channel", "fail_refund", REFUND, "account closed")
    assert court.by("channel", "settle_refund", REFUND, "transfer-1") == ["refund.settled"]
    with pytest.raises(IllegalTransitionError):
        court.by("channel", "settle_refund", REFUND, "transfer-2")
    with pytest.raises(IllegalTransitionError):
        court.by("channel", "fail_refund", REFUND, "again")


def test_f8_the_same_command_twice_carries_out_once() -> None:
    court = Court()
    order = court.delivered()
    ruled_by_table(court, order)
    command = court.command("execute/1")
    one = court.trade.execute_ruling(command, DISPUTE, REFUND, UNAPPEALED)
    again = court.trade.execute_ruling(court.command("execute/1"), DISPUTE, REFUND, UNAPPEALED)
    assert list(one) == list(again)
    assert escrow(court, order) == 0
