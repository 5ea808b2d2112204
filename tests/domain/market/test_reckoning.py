"""The reckoning: scores of the whole log, deposits, and sanctions that end in two ways."""

from typing import TYPE_CHECKING, cast

from domain.credit.rules import NEWEST
from domain.credit.tally import Logged, Tally
from domain.market.marketplace import marketplace
from domain.market.reckoning import reckoning
from domain.market.stock import MERCHANTS
from domain.market.teller import Teller
from tests.domain.given import MemoryRecorder, World

if TYPE_CHECKING:
    from domain.event import Event

AFTER = 1_830_000_000


def reckoned() -> World:
    world = World()
    for action in marketplace(3, 40):
        action.perform(world.trade, world.sealer)
    tally, recorder = Tally(NEWEST), cast("MemoryRecorder", world.trade.recorder)
    for each in recorder.select_notifications(1, 1_000_000):
        event = cast("Event", world.trade.mapper.to_domain_event(each))
        tally.take(Logged(each.id - 1, event.meta.occurred_at, event))
    for action in reckoning(Teller(3, "reckoning", AFTER), tally, [1], [2]):
        action.perform(world.trade, world.sealer)
    return world


def test_every_merchant_is_scored_and_pays_a_deposit() -> None:
    topics = reckoned().topics()
    assert topics.count("credit.recomputed") == len(MERCHANTS)
    assert topics.count("deposit.topped_up") == len(MERCHANTS)


def test_one_sanction_is_lifted_on_appeal_and_one_ends_by_itself() -> None:
    topics = [each for each in reckoned().topics() if each.startswith("sanction.")]
    assert topics == [
        *("sanction.applied", "sanction.appealed", "sanction.lifted"),
        *("sanction.applied", "sanction.expired"),
    ]


def test_the_registers_agree_with_the_log_after_it() -> None:
    assert list(reckoned().trade.differences()) == []
