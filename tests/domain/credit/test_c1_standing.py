"""C1 to C3 on the log: a merchant's file, what follows from it, and who can check it."""

from dataclasses import replace

import pytest

from chain.canonical import to_bytes
from chain.errors import VerificationError
from domain.credit.file import CreditFile, CreditGradeChanged, CreditRecomputed, check_score
from domain.credit.rules import RULES
from domain.credit.score import assess, score
from domain.credit.tally import TOPICS, Logged, Tally
from domain.errors import ConcurrentChangeError, WrongPartyError
from domain.event import EVENTS
from tests.domain.credit.trades import OTHER, SHOP, Trades
from tests.domain.given import MERCHANT, NOW, World, command_of, identifier, recorded

RULES_1 = RULES[1]


def log_of(world: World) -> list[Logged]:
    """Return the world's log as a tally reads it."""
    return [Logged(leaf, each.meta.occurred_at, each) for leaf, each in enumerate(world.events())]


def tally_of(world: World) -> Tally:
    """Return a tally of everything in the world."""
    tally = Tally(RULES_1)
    tally.read(log_of(world))
    return tally


def test_c1_the_file_holds_what_the_log_gives_and_anybody_can_check_it() -> None:
    world = World()
    order = world.delivered()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    topics = world.do("recompute_credit", MERCHANT, tally_of(world))
    assert topics == ["credit.recomputed", "credit.ranking_weighted"]
    found = next(each for each in world.events() if isinstance(each, CreditRecomputed))
    check_score(found, log_of(world))
    past = score(log_of(world), MERCHANT, found.log_size, RULES_1)
    assert to_bytes(found.data()) == past.canonical()
    assert [(each.name, each.value) for each in found.inputs if each.value][:2] == [
        ("trade_volume", 1),
        ("complaint_rate", 10_000 // 51),
    ]


def test_c1_every_named_leaf_is_the_event_it_is_named_as() -> None:
    world = World()
    order = world.delivered()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    topics = world.topics()
    named = {each.name: each.newest for each in assess(tally_of(world), MERCHANT).inputs}
    assert [topics[leaf] for leaf in named["trade_volume"]] == ["order.paid"]
    assert [topics[leaf] for leaf in named["fulfilment_speed"]] == ["order.delivered"]
    assert [topics[leaf] for leaf in named["complaint_rate"]] == ["dispute.opened"]


@pytest.mark.parametrize(
    "change", [{"score": 999}, {"log_size": 1}, {"contributing": "0" * 64}, {"rules": 99}]
)
def test_c1_a_score_that_the_log_does_not_give_is_found_out(change: dict[str, int]) -> None:
    world = World()
    world.delivered()
    world.do("recompute_credit", MERCHANT, tally_of(world))
    found = next(each for each in world.events() if isinstance(each, CreditRecomputed))
    with pytest.raises(VerificationError):
        check_score(replace(found, **change), log_of(world))  # type: ignore[arg-type]


def test_c1_a_log_that_was_changed_is_found_out() -> None:
    world = World()
    world.delivered()
    world.do("recompute_credit", MERCHANT, tally_of(world))
    found = next(each for each in world.events() if isinstance(each, CreditRecomputed))
    without = [each for each in log_of(world) if each.event.TOPIC != "order.paid"]
    with pytest.raises(VerificationError, match="as recorded"):
        check_score(found, without)
    unbegun = [each for each in log_of(world) if each.event.TOPIC != "order.placed"]
    with pytest.raises(VerificationError, match="first event is missing"):
        check_score(found, unbegun)


def test_c1_a_score_of_the_same_position_is_refused() -> None:
    world = World()
    world.delivered()
    tally = tally_of(world)
    world.do("recompute_credit", MERCHANT, tally)
    with pytest.raises(ConcurrentChangeError, match="read on"):
        world.do("recompute_credit", MERCHANT, tally)


def test_c1_the_same_command_is_answered_once() -> None:
    world = World()
    world.delivered()
    tally = tally_of(world)
    first = world.trade.recompute_credit(world.command("cmd/same"), MERCHANT, tally)
    again = world.trade.recompute_credit(world.command("cmd/same"), MERCHANT, tally)
    assert list(first) == list(again)


def test_c1_another_merchant_s_score_has_no_place_in_the_file() -> None:
    command, file = command_of(), CreditFile(f"credit/{MERCHANT}")
    with pytest.raises(WrongPartyError):
        file.recompute(command, score([], OTHER, 0))
    assert recorded(command) == []


def test_c1_the_topics_that_a_score_rests_on_exist() -> None:
    assert set(EVENTS) >= TOPICS
    assert not any(each.startswith(("credit.", "deposit.", "sanction.")) for each in TOPICS)


def entered(file: CreditFile, trades: Trades) -> list[str]:
    """Enter the score at the end of *trades*; return the topics of what happened."""
    command = command_of()
    file.recompute(command, score(trades.log, SHOP, len(trades.log)))
    return recorded(command)


def test_c2_c3_grade_and_weight_follow_the_score_in_one_command() -> None:
    trades, file = Trades(), CreditFile(f"credit/{SHOP}")
    assert entered(file, trades) == ["credit.recomputed", "credit.ranking_weighted"]
    assert (file.grade, file.weight) == ("C", 10_000)
    trades.sales(60)
    assert entered(file, trades) == [
        "credit.recomputed",
        "credit.grade_changed",
        "credit.ranking_weighted",
    ]
    assert (file.grade, file.weight) == ("B", 11_000)
    trades.dispute(trades.sale())
    assert entered(file, trades) == ["credit.recomputed"]
    for _ in range(12):
        trades.end(trades.dispute(trades.sale()), "refund", "total")
    assert entered(file, trades)[1:] == ["credit.grade_changed", "credit.ranking_weighted"]
    assert (file.grade, file.weight) == ("D", 8_000)


def test_c2_the_reason_stands_in_the_log_in_both_languages() -> None:
    trades, file = Trades(), CreditFile(f"credit/{SHOP}")
    trades.sales(60)
    command = command_of()
    file.recompute(command, score(trades.log, SHOP, len(trades.log)))
    (changed,) = (each for each in command.events if isinstance(each, CreditGradeChanged))
    assert (changed.before, changed.after, changed.line) == ("C", "B", 660)
    assert "达到660分" in changed.reason_zh
    assert "reached 660" in changed.reason_en


def test_c3_the_weight_counts_what_a_sanction_leaves_and_only_while_it_is_in_force() -> None:
    world = World()
    assert world.trade.ranking_weight(MERCHANT, NOW) == 10_000
    world.do("apply_sanction", MERCHANT, identifier("snc"), "total_fault", [1], NOW)
    assert world.trade.ranking_weight(MERCHANT, "2026-12-06T09:59:59Z") == 5_000
    assert world.trade.ranking_weight(MERCHANT, "2026-12-06T10:00:00Z") == 10_000
