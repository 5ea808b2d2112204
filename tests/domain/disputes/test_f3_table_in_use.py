"""F2, F3, F7, F8: every combination of facts that a trade can reach, from sale to replay."""

import pytest

from domain.disputes.rules import CURRENT, Facts, every_fact
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.disputes.court import UNAPPEALED, Court, court_with
from tests.domain.given import PRICE


def is_reachable(facts: Facts) -> bool:
    """Say whether a trade can come to *facts*: nothing undelivered is activated or too late."""
    return facts.delivered or (facts.activated == "no" and facts.in_window)


REACHABLE = [each for each in every_fact() if is_reachable(each)]


def name(facts: Facts) -> str:
    return (
        f"D={facts.delivered:d} A={facts.activated} W={facts.in_window:d}"
        f" U={facts.upstream} F={facts.merchant_fault}"
    )


def state(court: Court, order: str) -> tuple[str, str, str, int]:
    """Return the states of order, funds and key, and what the escrow holds."""
    found = court.trade.load(Order, order)
    return found.state, found.funds, court.trade.load(Key, found.key).state, found.escrow


def test_only_r01_is_out_of_reach() -> None:
    assert len(REACHABLE) == 63
    rows = {CURRENT.match(facts).row for facts in REACHABLE}
    assert rows == {rule.row for rule in CURRENT.rows} - {"R01"}


@pytest.mark.parametrize("facts", REACHABLE, ids=name)
def test_f2_f3_f7_f8_a_case_from_sale_to_replay(facts: Facts) -> None:
    court, order = court_with(facts)
    before = state(court, order)
    court.gathered()
    gathered = court.events()[-1]
    assert gathered.facts == facts  # type: ignore[attr-defined]
    rule = CURRENT.match(facts)
    topic = court.decided("arb-01")
    if rule.outcome == "manual":
        assert topic == "dispute.assigned"
        assert court.events()[-1].data()["reason"].startswith(rule.row)
        assert state(court, order) == before
        return
    assert topic == "ruling.issued"
    said = court.events()[-1].data()
    assert (said["mode"], said["rules"], said["row"]) == ("auto", 1, rule.row)
    assert (said["outcome"], said["key_effect"]) == (rule.outcome, rule.key_effect)
    assert (said["reason"], said["reason_en"]) == (rule.zh, rule.en)
    recorded = court.executed(UNAPPEALED)
    assert recorded[0] == "ruling.executed"
    if rule.outcome == "refund":
        assert state(court, order) == ("refunded", "refunded", rule.key_effect, 0)
        assert paid_back(court) == PRICE.amount
    else:
        assert state(court, order) == (before[0], "held", before[2], PRICE.amount)
        assert paid_back(court) == 0
    (again,) = court.replays()
    assert again.is_same, again.differences
    assert court.trade.load(Order, order).dispute is None


def paid_back(court: Court) -> int:
    """Return what left the escrow for the buyer."""
    return sum(e.data()["amount"] for e in court.events() if e.TOPIC == "refund.executed")
