"""What is due when: each period of features.md, 3.8, to the second, and nothing of it twice."""

from collections import Counter
from dataclasses import replace

import pytest

from domain.credit.ladder import LADDERS
from domain.credit.rules import Grade
from domain.disputes.judgement import Judgement
from domain.identifiers import milliseconds
from domain.keys.upstream import Answer
from domain.money import Money
from domain.policies.periods import DEFAULTS, Periods, later
from tests.domain.given import BUYER, MERCHANT, NOW, identifier
from tests.domain.identity.enrolling import Enrolling
from tests.domain.policies.followed import Followed

UNUSED = Answer("operator", "unused")
DISPUTE = identifier("dsp")


def test_an_unpaid_reservation_ends_after_15_minutes_and_not_a_second_before() -> None:
    world = Followed()
    order = world.placed()
    assert world.step() == []
    world.now = later(NOW, minutes=14)
    assert world.step() == []
    assert world.wait(minutes=1) == ["order.closed", "key.reservation_released"]
    closed = world.last("order.closed").event
    assert (closed.originator_id, closed.data()) == (order, {"cause": "expired"})
    assert world.wait(days=400) == []


def test_what_a_timer_does_says_so_and_names_its_cause() -> None:
    world = Followed()
    world.placed()
    placed = world.last("order.placed")
    world.wait(minutes=15)
    meta = world.last("order.closed").event.meta
    assert (meta.actor, meta.role, meta.channel) == ("timer", "platform", "timer")
    assert meta.causation == placed.index
    assert meta.correlation_id == placed.event.meta.correlation_id
    assert meta.command_id == f"policy/close_unpaid/{placed.index}"


def test_a_voucher_expires_after_24_hours_and_a_new_one_gets_24_of_its_own() -> None:
    world = Followed()
    order = world.paid()
    assert world.step() == ["voucher.issued", "order.delivered"]
    assert world.wait(hours=23) == []
    assert world.wait(hours=1) == ["voucher.expired"]
    world.do("renew_voucher", order, later(world.now, hours=24))
    assert world.wait(hours=23) == []
    assert world.wait(hours=1) == ["voucher.expired"]


def test_an_activated_key_has_no_voucher_to_expire() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    assert world.wait(hours=25) == []


def test_receipt_is_confirmed_168_hours_after_delivery_by_the_timer() -> None:
    world = Followed()
    world.paid()
    world.step()
    world.wait(hours=167)
    assert world.wait(hours=1) == ["order.confirmed"]
    assert world.last("order.confirmed").event.data() == {"cause": "timer"}


@pytest.mark.parametrize(("grade", "hours"), [("A", 0), ("B", 24), ("C", 72), ("D", 168)])
def test_the_money_is_released_after_the_hold_of_the_grade(grade: Grade, hours: int) -> None:
    assert DEFAULTS.hold_hours[grade] == hours
    # A merchant without a score is one of grade C.
    world = Followed(replace(DEFAULTS, hold_hours={"C": hours}))
    order = world.paid()
    world.step()
    world.do("confirm_order", order, "consumer")
    if hours:
        assert world.step() == []
        assert world.wait(hours=hours - 1, minutes=59) == (
            ["voucher.expired"] if hours > 24 else []
        )
        assert "funds.released" in world.wait(minutes=1)
    else:
        assert world.step() == ["funds.released"]


def test_a_completed_order_is_closed_after_the_late_claim_period() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    world.do("confirm_order", order, "consumer")
    assert world.wait(hours=72) == ["funds.released", "key.released"]
    assert world.wait(days=179) == []
    assert world.wait(days=1) == ["order.closed"]
    assert world.last("order.closed").event.data() == {"cause": "completed"}
    assert len(world.follower._timers.agenda) == 0


def test_an_order_that_cannot_be_delivered_is_refunded_after_10_minutes() -> None:
    world = Followed()
    world.paid()
    # Nobody delivers: a follower that has no policies, only timers.
    world.follower._policies = ()
    assert world.step() == []
    assert world.wait(minutes=9) == []
    assert world.wait(minutes=1) == [
        "refund.requested",
        "refund.approved",
        "refund.executed",
        "order.refunded",
        "bundle.units_refunded",
        "key.returned",
    ]
    assert world.last("order.refunded").event.meta.actor == "timer"


def test_while_a_dispute_is_open_nothing_of_the_order_is_due_and_afterwards_it_is() -> None:
    world = Followed(replace(DEFAULTS, upstream_minutes=100_000))
    order = world.paid()
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    world.do("open_dispute", DISPUTE, order, "consumer")
    assert world.wait(hours=400) == []
    world.do("withdraw_dispute", DISPUTE)
    assert world.step() == ["order.confirmed", "key.confirmed"]


def test_a_dispute_before_delivery_that_is_withdrawn_lets_the_delivery_go_on() -> None:
    world = Followed(replace(DEFAULTS, upstream_minutes=100_000))
    order = world.paid()
    world.do("open_dispute", DISPUTE, order, "consumer")
    assert world.step() == []
    assert world.follower.refused == {("deliver", "DisputeOpenError"): 1}
    world.now = later(world.now, hours=30)
    world.do("withdraw_dispute", DISPUTE)
    assert world.step() == ["voucher.issued", "order.delivered"]
    issued = world.last("voucher.issued").event
    assert issued.data()["expires_at"] == later(world.now, hours=24)


def test_the_facts_are_read_once_the_operator_has_answered() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    key = world.last("key.sold").event.originator_id
    world.do("open_dispute", DISPUTE, order, "consumer")
    assert world.wait(minutes=1) == []
    world.do("check_upstream", key, UNUSED)
    assert world.step() == ["evidence.gathered", "ruling.issued"]
    assert world.last("evidence.gathered").event.data()["upstream"] == "unused"
    assert world.last("ruling.issued").event.data()["row"] == "R07"


def test_an_operator_that_does_not_answer_is_waited_for_5_minutes() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("open_dispute", DISPUTE, order, "consumer")
    assert world.wait(minutes=4) == []
    assert world.wait(minutes=1) == ["evidence.gathered", "ruling.issued"]
    assert world.last("ruling.issued").event.data()["row"] == "R08"


def test_a_ruling_is_carried_out_when_its_72_hours_are_over() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("open_dispute", DISPUTE, order, "consumer")
    world.wait(minutes=5)
    world.wait(hours=71)
    topics = world.wait(hours=1)
    assert topics[0] == "ruling.executed"
    assert {"refund.executed", "order.refunded", "key.quarantined"} <= set(topics)
    assert world.wait(days=400) == []


def test_an_arbitrator_who_misses_the_deadline_is_replaced() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    world.do("open_dispute", DISPUTE, order, "consumer")
    topics = world.wait(minutes=5)
    assert topics == ["evidence.gathered", "dispute.assigned"]
    first = world.last("dispute.assigned").event.data()
    assert first["reason"].startswith("R15")
    world.now = first["due"]
    assert world.step()[-1] == "dispute.assigned"
    second = world.last("dispute.assigned").event.data()
    assert {first["arbitrator"], second["arbitrator"]} == set(world.bench.arbitrators)
    assert first["due"] in second["reason"]


def test_an_arbitrator_in_time_is_not_replaced() -> None:
    world = Followed()
    order = world.paid()
    key = world.last("key.sold").event.originator_id
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    world.do("open_dispute", DISPUTE, order, "consumer")
    world.wait(minutes=5)
    assigned = world.last("dispute.assigned").event.data()
    judgement = Judgement("rejected", "unchanged", "compared", (f"{order}/1", f"{key}/1"))
    world.by(assigned["arbitrator"], "arbitrator", "rule", DISPUTE, judgement, world.now)
    world.now = later(assigned["due"], days=1)
    assert "dispute.assigned" not in world.step()


def test_a_sanction_and_what_it_takes_end_by_themselves() -> None:
    world = Followed()
    world.stocked()
    world.do("require_deposit", MERCHANT, Money(10_000, "CNY"))
    world.do("top_up_deposit", MERCHANT, Money(10_000, "CNY"), "bank-1", NOW)
    sanction = identifier("snc")
    world.do("apply_sanction", MERCHANT, sanction, "stolen_keys", [3], NOW)
    applied = world.last("sanction.applied").event.data()
    assert world.step() == ["key.unlisted"]
    world.now = applied["appeal_until"]
    assert world.step() == ["deposit.forfeited", "ledger.posted"]
    world.do("top_up_deposit", MERCHANT, Money(5_000, "CNY"), "bank-2", world.now)
    world.now = applied["ends_at"]
    assert world.step() == ["sanction.expired"]


def test_an_appealed_sanction_takes_nothing_by_itself() -> None:
    world = Followed()
    world.do("require_deposit", MERCHANT, Money(10_000, "CNY"))
    world.do("top_up_deposit", MERCHANT, Money(10_000, "CNY"), "bank-1", NOW)
    sanction = identifier("snc")
    world.do("apply_sanction", MERCHANT, sanction, "stolen_keys", [1], NOW)
    world.do("appeal_sanction", MERCHANT, sanction, "they were mine", NOW)
    assert world.wait(days=100) == ["sanction.expired"]


def test_a_deposit_that_stays_short_for_a_week_is_a_breach_once() -> None:
    world = Followed()
    world.do("require_deposit", MERCHANT, Money(10_000, "CNY"))
    assert world.wait(days=6) == []
    world.do("top_up_deposit", MERCHANT, Money(1, "CNY"), "bank-1", world.now)
    assert world.wait(days=1) == ["sanction.applied"]
    applied = world.last("sanction.applied").event.data()
    assert applied["ground"] == "deposit_unpaid"
    assert applied["relied_on"] == [0]
    assert LADDERS[1].step(applied["level"]).stops_listing
    assert "sanction.applied" not in world.wait(days=90)


def test_a_deposit_that_is_paid_in_time_is_none() -> None:
    world = Followed()
    world.do("require_deposit", MERCHANT, Money(10_000, "CNY"))
    world.step()
    world.do("top_up_deposit", MERCHANT, Money(10_000, "CNY"), "bank-1", world.now)
    assert world.wait(days=30) == []


def test_an_identity_ends_when_its_time_is_over() -> None:
    world = Followed()
    enrolling = Enrolling()
    enrolling.verified()
    # The same events, in the log that is followed.
    world.trade.recorder.insert_events(
        [world.trade.mapper.to_stored_event(each) for each in enrolling.events()]
    )
    until = world.last("identity.verified").event.data()["valid_until"]
    assert world.step() == []
    world.now = until
    assert world.step() == ["identity.expired", "identity.account_restricted"]


def test_a_clock_that_was_behind_for_a_while_shortens_no_right() -> None:
    world = Followed()
    order = world.paid()
    # The delivery's clock is a year behind the payment's.
    world.now = "2025-11-22T10:00:00Z"
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    world.now = later(NOW, hours=167)
    assert world.step() == []
    assert world.wait(hours=1)[0] == "order.confirmed"


def test_periods_are_data() -> None:
    world = Followed(Periods(reservation_minutes=2))
    world.placed()
    assert world.wait(minutes=1) == []
    assert world.wait(minutes=1)[0] == "order.closed"


def test_an_order_of_the_past_has_no_timers() -> None:
    world = Followed()
    world.placed()
    placed = world.last("order.placed").event
    event = replace(placed, row=7)  # type: ignore[call-arg]
    stored = [
        replace(world.trade.mapper.to_stored_event(event), originator_id=identifier("ord", "p"))
    ]
    world.trade.recorder.insert_events(stored)
    world.wait(days=1)
    assert Counter(world.topics())["order.closed"] == 1


def test_t10_holds_end_though_the_worker_was_down_when_their_time_came() -> None:
    """assimon/dujiaoka#198, assimon/dujiaoka#240."""
    world = Followed()
    keys = world.stocked(["AAAA-1111", "BBBB-2222", "CCCC-3333"])
    for number, key in enumerate(keys):
        world.placed(key, f"order {number}")
    # No follower ran in these three days.
    world.now = later(world.now, days=3)
    world.follower = world.follow()
    topics = Counter(world.step())
    assert topics == {"order.closed": 3, "key.reservation_released": 3}
    world.placed(keys[0], "another")


def test_what_a_timer_makes_has_the_same_name_each_time() -> None:
    world = Followed()
    order = world.paid()
    world.follower._policies = ()
    world.wait(minutes=10)
    refund = world.last("refund.requested").event
    assert refund.data()["order"] == order
    assert milliseconds(refund.originator_id) == 1_795_341_600_000
