"""Two seeded histories as one log: in memory once, and on the real log where a test asks.

The first is a market with its reckoning; the second is the walk of ``tests/domain/joint``,
which has what happens at no market: reviews, blocked orders, withdrawals, late disputes.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from chain.store.log import Log
from chain.store.recorder import LedgerApplicationRecorder
from domain.credit.rules import NEWEST
from domain.credit.tally import Logged, Tally
from domain.market.marketplace import OPENS_AT, marketplace
from domain.market.reckoning import reckoning
from domain.market.teller import DAY, Teller
from projections.fact import Fact, read_fact
from tests.domain.given import World, entry_of
from tests.domain.joint.steps import MERCHANTS
from tests.domain.joint.walk import Walk

SEED, ORDERS, STEPS = 11, 100, 600
ENDLESS = 10**9


@pytest.fixture(scope="session")
def events() -> Sequence[StoredEvent]:
    """Everything that happened, in order."""
    walked = stored(Walk().run(STEPS, Random(SEED), 0).world)
    return [*stored(reckoned(traded(SEED, ORDERS))), *map(_of_others, walked)]


def _of_others(event: StoredEvent) -> StoredEvent:
    """Return *event* with other merchants than the market's, which have streams of their own."""
    stream, state = str(event.originator_id), event.state
    for merchant in MERCHANTS:
        stream = stream.replace(merchant, f"W{merchant}")
        state = state.replace(merchant.encode(), f"W{merchant}".encode())
    return StoredEvent(stream, event.originator_version, event.topic, state)


def traded(seed: int, orders: int) -> World:
    """Return the world after a market with so many orders."""
    world = World()
    for action in marketplace(seed, orders):
        action.perform(world.trade, world.sealer)
    return world


def reckoned(world: World) -> World:
    """Return *world* after its merchants were scored and sanctioned."""
    tally = Tally(NEWEST)
    for index, each in enumerate(stored(world)):
        tally.take(Logged.read(index, entry_of(each)))
    for action in reckoning(Teller(SEED, "reckoning", OPENS_AT + 365 * DAY), tally, [1], [2]):
        action.perform(world.trade, world.sealer)
    return world


def stored(world: World) -> list[StoredEvent]:
    found: Any = world.trade.recorder.select_notifications(1, ENDLESS)
    return [
        StoredEvent(each.originator_id, each.originator_version, each.topic, each.state)
        for each in found
    ]


@pytest.fixture(scope="session")
def facts(events: Sequence[StoredEvent]) -> list[Fact]:
    """The same, as the views read it."""
    return [
        read_fact(index, str(e.originator_id), e.originator_version, e.topic, entry_of(e))
        for index, e in enumerate(events)
    ]


def write(log: Log, events: Sequence[StoredEvent], many: int = 500) -> None:
    """Write *events* to the real log, in order."""
    recorder = LedgerApplicationRecorder(log, str)
    for start in range(0, len(events), many):
        recorder.write_events(events[start : start + many])


@pytest.fixture
def filled(log: Log, events: Sequence[StoredEvent]) -> Log:
    """A real log that holds it all."""
    write(log, events)
    return log
