"""Replay over the real log: whole cases, at any size and time, and their proofs' indexes."""

from collections.abc import Sequence
from random import Random
from time import perf_counter

import pytest
from eventsourcing.persistence import StoredEvent

from chain.store.database import Database
from chain.store.log import Log
from domain.errors import NotFoundError
from projections.errors import ViewBehindError
from projections.store.histories import HistoryReader
from projections.store.runner import Runner, catch_up
from tests.projections.model import Model


@pytest.fixture
def histories(filled: Log, database: Database) -> HistoryReader:
    runner = Runner(database)
    catch_up(runner)
    runner.close()
    return HistoryReader(database)


def test_a_case_has_every_event_of_its_order_and_nothing_else(
    histories: HistoryReader, events: Sequence[StoredEvent]
) -> None:
    model = Model()
    for index, each in enumerate(events):
        model.see(index, str(each.originator_id), each.topic, each.state)
    for dispute in Random(6).sample(sorted(model.disputes), 12):
        order = model.disputes[dispute]["order"]
        told = sorted(index for index, _ in model.timeline[order])
        for size in (told[-1] + 1, told[len(told) // 2] + 1, len(events)):
            case = histories.order(order, size)
            shown = [step.index for step in case.steps if step.topic != "ledger.posted"]
            assert shown == [index for index in told if index < size]
        began = perf_counter()
        case = histories.dispute(dispute)
        assert perf_counter() - began < 5
        assert case.parts[0].stream == dispute
        assert set(case.indexes) >= set(told)


def test_what_is_proved_by_index_is_the_entry_that_was_replayed(
    histories: HistoryReader, events: Sequence[StoredEvent]
) -> None:
    order = next(str(e.originator_id) for e in events if e.topic == "order.paid")
    for step in histories.thing(order).steps:
        stored = events[step.index]
        assert (stored.originator_id, stored.originator_version, stored.topic) == (
            step.stream,
            step.version,
            step.topic,
        )


def test_a_time_names_the_size_that_the_log_had_by_then(
    histories: HistoryReader, events: Sequence[StoredEvent]
) -> None:
    assert histories.size_at("2000-01-01T00:00:00Z") == 0
    assert histories.size_at("2999-01-01T00:00:00Z") == len(events)


def test_a_size_that_the_log_has_not_reached_is_not_found(
    histories: HistoryReader, events: Sequence[StoredEvent]
) -> None:
    order = next(str(e.originator_id) for e in events if e.topic == "order.paid")
    with pytest.raises(NotFoundError, match=f"the log has {len(events)} entries"):
        histories.order(order, len(events) + 1)
    with pytest.raises(NotFoundError, match="there is no such dispute"):
        histories.dispute("dsp_00000000000000000000000000")


def test_a_case_is_not_shown_as_whole_before_the_timeline_has_come_so_far(
    filled: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    runner = Runner(database, batch=100)
    runner.step()
    runner.close()
    order = next(str(e.originator_id) for e in events if e.topic == "order.paid")
    with pytest.raises(ViewBehindError, match="timeline: holds 100 entries"):
        HistoryReader(database).order(order)
