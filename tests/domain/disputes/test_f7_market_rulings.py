"""F3, F7: every ruling of a seeded market, made again from its log."""

from collections import Counter
from typing import Any

import pytest

from domain.disputes.case import read_case
from domain.disputes.replay import Replay, replay, rulings
from domain.market.marketplace import marketplace
from tests.domain.given import World


@pytest.fixture(scope="module")
def replays() -> list[Replay]:
    """Return the replays of all rulings of a market of 400 orders."""
    world = World()
    for action in marketplace(11, 400):
        action.perform(world.trade, world.sealer)
    log: Any = world.trade.recorder
    disputes = {e.originator_id for e in world.events() if e.TOPIC == "ruling.issued"}
    cases = [read_case(log, each) for each in sorted(disputes)]
    return [replay(each, case.entries) for case in cases for each in rulings(case)]


def test_f7_every_one_is_the_same(replays: list[Replay]) -> None:
    assert [each.differences for each in replays if not each.is_same] == []
    assert len(replays) > 20


def test_f3_f4_rulings_of_every_kind_occur(replays: list[Replay]) -> None:
    modes = Counter(each.ruling.mode for each in replays)
    assert set(modes) == {"auto", "manual", "conceded"}
    rows = {each.ruling.row for each in replays if each.ruling.mode == "auto"}
    assert {"R07", "R09", "R12"} <= rows
