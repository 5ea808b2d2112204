"""Replay equals an independent model at every size of every history (done-when 5)."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from chain.errors import MalformedError
from domain.disputes.case import Recorded, recorded
from domain.errors import NotFoundError
from projections.case_replay import ReplayedCase, replay_dispute, replay_merchant, replay_order
from projections.replay import replay
from tests.domain.given import entry_of
from tests.projections.conftest import stored, traded
from tests.projections.model import Model

DISPUTES, CROWD = 100, 640

SAME: dict[str, tuple[str, tuple[str, ...]]] = {
    "ord": (
        "orders",
        (
            *("state", "funds", "escrow", "units_refunded", "buyer", "merchant", "product"),
            *("checkout", "units", "amount", "currency", "dispute", "payment"),
        ),
    ),
    "key": (
        "keys",
        (
            *("state", "order", "views", "units_used", "units_refunded", "merchant", "product"),
            *("units", "activated"),
        ),
    ),
    "dsp": ("disputes", ("state", "order", "opener", "fault", "appealed", "accepted")),
    "rfd": ("refunds", ("state", "failures")),
    "pay": ("payments", ("state", "charged_back")),
}
"""By prefix: where the model has it, and the members that both know."""

History = Callable[[str], Sequence[Recorded]]


@pytest.fixture(scope="module")
def history(events: Sequence[StoredEvent]) -> History:
    """Return the entries of a stream, as the log's reader does."""
    return history_of(events)


def history_of(events: Sequence[StoredEvent]) -> History:
    streams: dict[str, list[tuple[int, StoredEvent]]] = {}
    for index, each in enumerate(events):
        streams.setdefault(str(each.originator_id), []).append((index, each))

    @cache
    def history(stream: str) -> Sequence[Recorded]:
        return [recorded(index, entry_of(each)) for index, each in streams.get(stream, [])]

    return history


def disputes(events: Sequence[StoredEvent]) -> list[str]:
    found = [str(e.originator_id) for e in events if e.topic == "dispute.opened"]
    return Random(2).sample(found, min(DISPUTES, len(found)))


def agree(case: ReplayedCase, model: Model, order: str) -> None:
    """Check every part of *case* against the model of the same size."""
    for part in case.parts:
        prefix = part.stream.split("_")[0]
        kept, names = SAME[prefix]
        one = getattr(model, kept)[part.stream]
        if prefix == "key" and one["order"] != order:
            continue  # the key is another's by now; what is shown is as of the parting
        for name in names:
            assert part.state.get(name) == one[name], (part.stream, name, case.size)
    assert case.parts[0].state["version"] == len(case.parts[0].steps)


def test_disputes_replayed_to_every_size_of_their_histories_equal_the_model() -> None:
    events = stored(traded(21, CROWD))
    history, chosen = history_of(events), disputes(events)
    assert len(chosen) == DISPUTES
    wanted: dict[int, set[str]] = {}
    for dispute in chosen:
        whole = replay_dispute(dispute, history, len(events))
        opened = next(step.index for step in whole.steps if step.stream == dispute)
        for index in (*whole.indexes, len(events) - 1):
            if index >= opened:
                wanted.setdefault(index + 1, set()).add(dispute)
    model, compared = Model(), 0
    for index, each in enumerate(events):
        model.see(index, str(each.originator_id), each.topic, each.state)
        for dispute in wanted.get(index + 1, ()):
            case = replay_dispute(dispute, history, index + 1)
            assert case.parts[0].stream == dispute
            agree(case, model, model.disputes[dispute]["order"])
            # Nothing of another order is shown; that nothing of its own is missing, the
            # test of the real log's reader shows.
            told = {i for i, _ in model.timeline[model.disputes[dispute]["order"]]}
            assert {step.index for step in case.steps if step.topic != "ledger.posted"} <= told
            compared += 1
    assert compared > 1_000


def test_an_order_at_every_size_is_its_aggregate_and_its_steps_lead_there(
    events: Sequence[StoredEvent], history: History
) -> None:
    orders = [str(e.originator_id) for e in events if e.topic == "order.placed"]
    for order in Random(4).sample(orders, 20):
        state: dict[str, Any] = {}
        for each in history(order):
            found = replay(order, history(order), each.index + 1)
            for name, change in found.steps[-1].changes.items():
                assert state.get(name) == change.before
                state[name] = change.after
            now = {name: value for name, value in state.items() if value is not None}
            members = {k: v for k, v in found.state.items() if k not in ("id", "version")}
            assert members == now
            assert found.steps[-1].index == found.size - 1


def test_a_key_sold_again_shows_nothing_of_its_other_order(
    events: Sequence[StoredEvent], history: History
) -> None:
    reserved: dict[str, list[str]] = {}
    for each in events:
        if each.topic == "key.reserved":
            key = str(each.originator_id)
            event: Any = next(
                r.event
                for r in history(key)
                if r.event.originator_version == each.originator_version
            )
            reserved.setdefault(key, []).append(event.order)
    again = {key: orders for key, orders in reserved.items() if len(set(orders)) > 1}
    assert again
    for key, orders in again.items():
        first = replay_order(orders[0], history, len(events))
        for part in first.parts:
            if part.stream == key:
                assert part.state.get("order") in (None, orders[0])
                later = {
                    r.index for r in history(key) if getattr(r.event, "order", None) == orders[-1]
                }
                assert not later & {step.index for step in part.steps}


def test_a_merchant_is_replayed_over_all_its_streams(
    events: Sequence[StoredEvent], history: History
) -> None:
    merchants = {
        str(e.originator_id).split("/")[1] for e in events if e.topic == "sanction.applied"
    }
    assert merchants
    for merchant in merchants:
        case = replay_merchant(merchant, history, len(events))
        assert {part.stream.split("/")[0] for part in case.parts} >= {
            "credit",
            "deposit",
            "sanction",
        }
        indexes = case.indexes
        assert list(indexes) == sorted(indexes)
        first = indexes[0]
        with pytest.raises(NotFoundError):
            replay_merchant(merchant, history, first)


def test_nothing_sealed_is_in_a_replay(events: Sequence[StoredEvent], history: History) -> None:
    keys = [str(e.originator_id) for e in events if e.topic == "key.activated"]
    for key in keys[:20]:
        assert not re.search("[0-9a-f]{64}", str(replay(key, history(key), len(events))))


def test_what_is_no_identifier_is_malformed_and_what_is_not_there_is_not_found(
    history: History,
) -> None:
    with pytest.raises(MalformedError, match="no identifier of anything"):
        replay("nonsense", [], 5)
    with pytest.raises(NotFoundError):
        replay_order("ord_00000000000000000000000000", history, 5)
    with pytest.raises(NotFoundError):
        replay_dispute("dsp_00000000000000000000000000", history, 5)
