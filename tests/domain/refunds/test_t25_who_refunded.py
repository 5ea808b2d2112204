"""T25: who refunded and why stands in the log, whichever way the money went back.

juspay/hyperswitch-control-center#312, formancehq/ledger#105, formancehq/ledger#106. Who ruled,
and the command that checks a ruling: ``tests/domain/disputes/test_f7_replay.py`` and
``tests/scripts/test_replay_ruling.py``.
"""

from domain.disputes.events import RulingIssued
from domain.event import Event
from tests.domain.given import BUYER, MERCHANT, identifier
from tests.domain.policies.followed import Followed

DISPUTE, REFUND = identifier("dsp"), identifier("rfd")


def refunded(world: Followed) -> Event:
    return world.last("refund.executed").event


def led_to(world: Followed, event: Event) -> Event:
    """Return the event that *event* names as its cause."""
    assert event.meta.causation is not None
    return world.causes()[event.meta.causation].event


def test_t25_the_merchant_who_agreed_is_named() -> None:
    world = Followed()
    order = world.paid()
    world.by(BUYER, "consumer", "request_refund", REFUND, order)
    world.by(MERCHANT, "merchant", "approve_refund", REFUND)
    meta = refunded(world).meta
    assert (meta.actor, meta.role) == (MERCHANT, "merchant")
    asked = world.last("refund.requested").event
    assert (asked.meta.actor, asked.meta.role) == (BUYER, "consumer")


def test_t25_a_refund_by_rule_leads_to_its_ruling_with_row_and_reason() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.by(BUYER, "consumer", "open_dispute", DISPUTE, order, "consumer")
    world.wait(minutes=5)
    world.wait(hours=72)
    ruling = led_to(world, refunded(world))
    assert isinstance(ruling, RulingIssued)
    assert (ruling.mode, ruling.row) == ("auto", "R08")
    assert ruling.reason
    assert ruling.reason_en
    assert led_to(world, ruling).TOPIC == "evidence.gathered"
    assert led_to(world, led_to(world, ruling)).meta.actor == BUYER


def test_t25_a_refund_by_concession_leads_to_the_merchant_s_word() -> None:
    world = Followed()
    order = world.paid()
    world.step()
    world.by(BUYER, "consumer", "open_dispute", DISPUTE, order, "consumer")
    world.by(MERCHANT, "merchant", "concede_dispute", DISPUTE)
    world.step()
    ruling = led_to(world, refunded(world))
    assert isinstance(ruling, RulingIssued)
    assert (ruling.mode, ruling.meta.actor, ruling.meta.role) == (
        "conceded",
        MERCHANT,
        "merchant",
    )


def test_t25_a_refund_by_the_timer_leads_to_the_payment_that_was_not_served() -> None:
    world = Followed()
    order = world.paid()
    world.follower._policies = ()
    world.wait(minutes=10)
    event = refunded(world)
    assert (event.meta.actor, event.meta.channel) == ("timer", "timer")
    paid = led_to(world, event)
    assert (paid.TOPIC, paid.originator_id) == ("order.paid", order)
