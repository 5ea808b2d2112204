"""F7, T25: who ruled, and why, is in the log; made again from it, a ruling is the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chain.errors import MalformedError
from domain.disputes import rules
from domain.disputes.case import Recorded
from domain.disputes.events import RulingIssued, Terms
from domain.disputes.replay import replay, rulings
from domain.disputes.rules import CURRENT, ROWS_1, RuleTable
from domain.disputes.tracing import events_behind, rulings_on
from tests.domain.disputes.court import DISPUTE, INSIDE, UNAPPEALED, Court, judgement_of
from tests.domain.disputes.stages import assigned, disputed, judged, ruled


def conceded() -> tuple[Court, str]:
    court, order = disputed()
    court.by("merchant", "concede_dispute", DISPUTE)
    return court, order


def by_bank() -> tuple[Court, str]:
    court, order = disputed(opener="channel")
    court.gathered()
    court.decided("arb-01")
    court.by("channel", "enter_bank_result", DISPUTE, "refund", "10.4")
    return court, order


def appealed() -> tuple[Court, str]:
    court, order = ruled()
    court.by("merchant", "appeal_ruling", DISPUTE, "the buyer has it", court.now)
    court.by("staff", "assign_dispute", DISPUTE, "arb-02", "appeal", court.now)
    court.judged("arb-02", judgement_of(court, order, "partial_refund"))
    return court, order


WAYS = {
    "auto": ruled,
    "manual": judged,
    "conceded": conceded,
    "external": by_bank,
    "appealed": appealed,
}


def members(court: Court, events: list[Recorded] | None = None) -> set[str]:
    """Replay the newest ruling over *events*; return the members that differ."""
    found = replay(court.ruling(), court.case().entries if events is None else events)
    return {each.member for each in found.differences}


@pytest.mark.parametrize("way", WAYS)
def test_t25_a_ruling_made_again_from_the_log_is_the_same(way: str) -> None:
    court, _ = WAYS[way]()
    assert [each.is_same for each in court.replays()] == [True] * len(court.replays())
    # What happens afterwards changes nothing about it.
    court.executed(UNAPPEALED)
    assert all(each.is_same for each in court.replays())
    assert court.replays()


@pytest.mark.parametrize("way", WAYS)
def test_t25_who_ruled_and_why_is_in_the_log(way: str) -> None:
    court, _ = WAYS[way]()
    ruling = court.ruling().event
    assert isinstance(ruling, RulingIssued)
    who = {"auto": "rules", "conceded": "M-LAN", "external": "channel-sandbox"}
    assert ruling.meta.actor == who.get(way, "arb-02" if way == "appealed" else "arb-01")
    if way != "conceded":
        assert ruling.reason
    court.executed(UNAPPEALED)
    approved = [each for each in court.events() if each.TOPIC == "refund.approved"]
    assert all(each.meta.actor == "rules" for each in approved)


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("R07", {"key_effect": "quarantined"}),
        ("R07", {"outcome": "rejected", "key_effect": "unchanged"}),
        ("R07", {"zh": "不同"}),
    ],
)
def test_f7_a_mutated_rule_is_caught(
    row: str, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    court, _ = ruled()
    mutated = [r._replace(**change) if r.row == row else r for r in ROWS_1]
    monkeypatch.setitem(rules.TABLES, 1, RuleTable(1, tuple(mutated)))
    found = members(court)
    assert "ruling.rules_digest" in found
    assert len(found) >= 2


def test_f7_a_mutated_rule_of_another_row_is_caught_by_the_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    court, _ = ruled()
    mutated = [r._replace(outcome="manual") if r.row == "R12" else r for r in ROWS_1]
    monkeypatch.setitem(rules.TABLES, 1, RuleTable(1, tuple(mutated)))
    assert members(court) == {"ruling.rules_digest"}


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"outcome": "rejected"}, "outcome"),
        ({"row": "R09"}, "row"),
        ({"key_effect": "voided"}, "key_effect"),
        ({"amount": 1}, "amount"),
        ({"amount": None}, "amount"),
        ({"units": 2}, "units"),
        ({"reason": "because"}, "reason"),
        ({"reason_en": None}, "reason_en"),
        ({"rests_on": (0,)}, "rests_on"),
        ({"evidence": 0}, "evidence"),
        ({"facts": next(rules.every_fact())}, "facts"),
        ({"decided_by": ()}, "decided_by"),
        ({"rules_digest": "00" * 32}, "rules_digest"),
    ],
)
def test_f7_a_forged_automatic_ruling_is_different(change: dict[str, Any], member: str) -> None:
    court, _ = ruled()
    ruling = court.ruling()
    assert isinstance(ruling.event, RulingIssued)
    forged = replace(ruling, event=replace(ruling.event, **change))
    found = replay(forged, court.case().entries)
    assert f"ruling.{member}" in {each.member for each in found.differences}


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"rests_on": (0,)}, "rests_on"),
        ({"relied_on": ()}, "reasoned"),
        ({"relied_on": ("ord/1",)}, "lawful"),
        ({"reason": None}, "reasoned"),
        ({"outcome": "refund", "key_effect": "returned"}, "lawful"),
        ({"outcome": "partial_refund", "amount": 10_000_000}, "lawful"),
    ],
)
def test_f7_a_forged_manual_ruling_is_different(change: dict[str, Any], member: str) -> None:
    court, _ = judged()
    ruling = court.ruling()
    assert isinstance(ruling.event, RulingIssued)
    forged = replace(ruling, event=replace(ruling.event, **change))
    found = replay(forged, court.case().entries)
    assert f"ruling.{member}" in {each.member for each in found.differences}


def without(topic: str) -> Callable[[Recorded], bool]:
    return lambda each: topic != each.event.TOPIC


@pytest.mark.parametrize(
    ("topic", "member"),
    [
        ("key.upstream_checked", "evidence.upstream"),
        ("order.delivered", "evidence.delivered"),
        ("key.sealed", "evidence.hindrances"),
        ("funds.held", "ruling.outcome"),
    ],
)
def test_f7_an_event_taken_away_is_noticed(topic: str, member: str) -> None:
    court, _ = ruled()
    assert member in members(court, list(filter(without(topic), court.case().entries)))


def test_f7_forged_evidence_is_noticed_in_a_manual_ruling_too() -> None:
    court, _ = judged()
    rest = [
        replace(each, event=replace(each.event, merchant_fault="none"))  # type: ignore[call-arg]
        if each.event.TOPIC == "evidence.gathered"
        else each
        for each in court.case().entries
    ]
    assert members(court, rest) == {"evidence.merchant_fault"}


def test_f7_a_concession_without_the_merchant_s_word_is_noticed() -> None:
    court, _ = conceded()
    rest = list(filter(without("dispute.conceded"), court.case().entries))
    assert members(court, rest) == {"ruling.after"}


def test_f7_terms_are_replayed_as_they_were() -> None:
    court, order = disputed(at=UNAPPEALED)
    court.asked(order, "unused")
    court.gathered(terms=Terms(window_hours=10_000))
    court.decided()
    assert court.ruling().event.data()["row"] == "R07"
    assert court.replays()[0].is_same


def test_an_unknown_table_and_what_is_no_ruling_are_refused() -> None:
    court, _ = ruled()
    ruling = court.ruling()
    assert isinstance(ruling.event, RulingIssued)
    newer = replace(ruling, event=replace(ruling.event, rules=2))
    with pytest.raises(MalformedError, match="version 2"):
        replay(newer, court.case().entries)
    with pytest.raises(MalformedError, match=r"dispute\.opened"):
        replay(court.case().opened, court.case().entries)


def test_f7_from_a_ruling_to_each_event_and_back() -> None:
    court, order = ruled()
    case = court.case()
    (ruling,) = rulings(case)
    behind = events_behind(case, ruling)
    assert [each.event.TOPIC for each in behind] == [
        "order.delivered",
        "dispute.opened",
        "key.upstream_checked",
        "evidence.gathered",
    ]
    log: Any = court.trade.recorder
    for each in behind:
        event = each.event
        assert rulings_on(log, event.originator_id, event.originator_version) == [ruling]
    assert rulings_on(log, order, 1) == []
    assert rulings_on(log, order, 99) == []


def test_f7_a_manual_ruling_is_reached_from_what_it_relied_on() -> None:
    court, order = judged()
    log: Any = court.trade.recorder
    assert rulings_on(log, order, 1) == [court.ruling()]
    assert rulings_on(log, court.key_of(order), 1) == [court.ruling()]


def test_the_table_in_force_is_the_newest() -> None:
    assert max(rules.TABLES) == CURRENT.version
    assert assigned()[0].case().opened.moment == INSIDE
