"""Policies as pure functions: from one event of the log to the calls that follow."""

from typing import Any

import pytest

from domain.credit.file import CreditFile
from domain.credit.ladder import LADDERS, Ground
from domain.credit.score import score
from domain.disputes.case import Recorded
from domain.event import Event
from domain.identity.account import (
    IdentityAccountRestricted,
    RestrictionCause,
    account_of,
)
from domain.money import Money
from domain.orders.events import OrderPaid
from domain.policies.judging import Bench
from domain.policies.policy import Call
from domain.policies.rulebook import rulebook
from domain.topics import EVENTS
from tests.domain.credit.trades import Trades
from tests.domain.given import (
    BUYER,
    LATER,
    MERCHANT,
    NOW,
    identifier,
    key_of_line,
    meta_of,
)
from tests.domain.policies.followed import BENCH, Followed

DISPUTE = identifier("dsp")


def asked(world: Followed, cause: Recorded, now: str = LATER) -> list[Call]:
    """Return the calls that follow from *cause* by the whole rulebook."""
    return [
        call
        for policy in rulebook(bench=BENCH)
        if cause.event.TOPIC in policy.topics
        for call in policy.react(cause, now, world.trade.followed)
    ]


def cause_of(event: Event, index: int = 7) -> Recorded:
    return Recorded(index, event, NOW)


def only(calls: list[Call]) -> Call:
    assert len(calls) == 1
    return calls[0]


def test_what_was_paid_is_delivered_with_a_code_of_24_hours_from_now() -> None:
    world = Followed()
    order = world.paid()
    call = only(asked(world, world.last("order.paid"), "2026-12-01T00:00:00Z"))
    assert (call.use_case, call.arguments) == (
        "deliver_order",
        {"order": order, "voucher_until": "2026-12-02T00:00:00Z"},
    )


def test_a_payment_that_an_import_assumes_is_not_delivered() -> None:
    event = OrderPaid(identifier("ord"), 2, meta_of("c"), identifier("pay"), "assumed")
    assert asked(Followed(), cause_of(event)) == []


def test_a_call_names_its_cause_and_keeps_the_conversation() -> None:
    world = Followed()
    world.paid()
    cause = world.last("order.paid")
    call = only(asked(world, cause))
    meta = call.meta(LATER)
    assert call.command_id == f"policy/deliver/{cause.index}"
    assert (meta.actor, meta.role, meta.channel) == ("rules", "platform", "policy")
    assert (meta.causation, meta.correlation_id) == (
        cause.index,
        cause.event.meta.correlation_id,
    )
    assert meta.occurred_at == LATER


def test_asked_again_it_answers_the_same() -> None:
    world = Followed()
    world.paid()
    for cause in world.causes():
        assert asked(world, cause) == asked(world, cause)


def disputed() -> tuple[Followed, str]:
    world = Followed()
    order = world.paid()
    world.step()
    world.do("open_dispute", DISPUTE, order, "consumer")
    return world, order


def test_gathered_evidence_is_decided_and_the_roster_turns() -> None:
    world, _ = disputed()
    world.do("gather_evidence", DISPUTE)
    cause = world.last("evidence.gathered")
    call = only(asked(world, cause))
    assert (call.use_case, call.arguments["dispute"]) == ("decide_dispute", DISPUTE)
    rosters = {Bench(("a", "b", "c")).roster(index) for index in range(9)}
    assert rosters == {("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")}
    assert Bench().roster(5) == ()


def test_a_ruling_waits_for_its_window_and_an_accepted_one_does_not() -> None:
    world, _ = disputed()
    world.wait(minutes=5)
    assert asked(world, world.last("ruling.issued")) == []
    world.by(MERCHANT, "merchant", "accept_ruling", DISPUTE)
    call = only(asked(world, world.last("ruling.accepted")))
    assert (call.use_case, call.arguments["dispute"]) == ("execute_ruling", DISPUTE)
    assert "refund.executed" in world.step()


def test_a_ruling_that_nobody_may_appeal_is_executed_at_once() -> None:
    world, _ = disputed()
    world.by(MERCHANT, "merchant", "concede_dispute", DISPUTE)
    assert only(asked(world, world.last("ruling.issued"))).use_case == "execute_ruling"
    topics = world.step()
    assert topics[0] == "ruling.executed"
    assert "order.refunded" in topics


def test_an_appeal_goes_to_another_arbitrator() -> None:
    world, _ = disputed()
    world.wait(minutes=5)
    world.by(MERCHANT, "merchant", "appeal_ruling", DISPUTE, "the code was good", world.now)
    assert world.step() == ["dispute.assigned"]
    assert (
        world.last("dispute.assigned").event.meta.causation == world.last("dispute.appealed").index
    )


def stocked(count: int) -> Followed:
    world = Followed()
    world.stocked([f"AAAA-{number:05}" for number in range(count)])
    return world


def test_who_loses_the_identity_loses_the_shelf_in_batches() -> None:
    world = stocked(230)
    world.trade.unlist_key(world.command(), key_of_line(17))
    world.placed(key_of_line(18))
    event = IdentityAccountRestricted(
        account_of(MERCHANT), 2, meta_of("c"), MERCHANT, "revoked", identifier("idv")
    )
    calls = asked(world, cause_of(event, world.size()))
    assert [call.use_case for call in calls] == ["unlist_keys"] * 3
    assert [len(call.arguments["keys"]) for call in calls] == [100, 100, 28]
    assert len({call.command_id for call in calls}) == 3
    named = {key for call in calls for key in call.arguments["keys"]}
    assert named == {key_of_line(n) for n in range(1, 231)} - {key_of_line(17), key_of_line(18)}


@pytest.mark.parametrize("cause", ["unverified", "erased"])
def test_who_had_no_rights_loses_none(cause: RestrictionCause) -> None:
    event = IdentityAccountRestricted(account_of(MERCHANT), 1, meta_of("c"), MERCHANT, cause)
    assert asked(stocked(1), cause_of(event, 99)) == []


def test_a_consumer_has_no_shelf() -> None:
    event = IdentityAccountRestricted(account_of(BUYER), 2, meta_of("c"), BUYER, "expired")
    assert asked(stocked(1), cause_of(event, 99)) == []


@pytest.mark.parametrize("ground", ["late_delivery", "total_fault", "stolen_keys"])
def test_only_a_sanction_that_stops_listing_clears_the_shelf(ground: Ground) -> None:
    world = stocked(2)
    world.do("apply_sanction", MERCHANT, identifier("snc"), ground, [1], NOW)
    cause = world.last("sanction.applied")
    step = LADDERS[1].step(cause.event.data()["level"])
    assert step.stops_listing == (ground == "stolen_keys")
    assert bool(asked(world, cause)) == step.stops_listing
    assert world.step() == (["key.unlisted"] * 2 if step.stops_listing else [])


@pytest.mark.parametrize("what", ["suspended", "expired", "revoked"])
def test_who_is_no_longer_qualified_has_nothing_on_the_shelf(what: str) -> None:
    class Ended(Event):
        TOPIC = f"qualification.{what}"
        FIELDS = ()
        _optional = _nested = False

        def data(self) -> dict[str, Any]:
            return {"merchant": MERCHANT}

    world = stocked(3)
    cause = cause_of(Ended(f"qualification/{MERCHANT}", 4, meta_of("c")), world.size())
    call = only(asked(world, cause))
    assert call.arguments == {"keys": tuple(sorted(key_of_line(n) for n in (1, 2, 3)))}


def test_a_key_that_comes_back_to_a_barred_merchant_s_shelf_is_taken_off() -> None:
    world = stocked(2)
    world.placed(key_of_line(1))
    world.do("apply_sanction", MERCHANT, identifier("snc"), "stolen_keys", [1], NOW)
    assert world.step() == ["key.unlisted"]
    # The buyer does not pay, so the key comes back; and does not stay.
    assert world.wait(minutes=15) == ["order.closed", "key.reservation_released", "key.unlisted"]
    assert world.last("key.unlisted").event.originator_id == key_of_line(1)


def test_a_key_that_comes_back_to_a_good_merchant_s_shelf_stays() -> None:
    world = stocked(1)
    world.placed(key_of_line(1))
    assert world.wait(minutes=15) == ["order.closed", "key.reservation_released"]


def test_a_grade_that_did_not_change_the_deposit_in_its_own_command_does_it_now() -> None:
    world = Followed()
    world.do("require_deposit", MERCHANT, Money(10_000, "CNY"))
    before = world.trade.deposit_of(MERCHANT)
    trades, file, command = Trades(), CreditFile(f"credit/{MERCHANT}"), world.command()
    trades.sales(60, MERCHANT)
    file.recompute(command, score(trades.log, MERCHANT, len(trades.log)))
    world.trade.record(command)
    assert world.step() == ["deposit.required"]
    after = world.trade.deposit_of(MERCHANT)
    assert (before.grade, after.grade) == ("C", "B")
    assert after.required < before.required
    assert world.wait(days=1) == []


def test_no_policy_answers_to_a_name_that_no_table_has() -> None:
    elsewhere = {"qualification.suspended", "qualification.expired", "qualification.revoked"}
    topics = {topic for policy in rulebook() for topic in policy.topics}
    assert topics <= set(EVENTS) | elsewhere
