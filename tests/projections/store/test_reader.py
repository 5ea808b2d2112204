"""Reads equal the model folded to the tree size that they name, filters included (2.2, 3)."""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from threading import Timer
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from chain.errors import MalformedError
from chain.store.database import Database
from chain.store.log import Log
from domain.errors import NotFoundError
from projections.errors import ViewBehindError, ViewOutdatedError
from projections.listing import Page, Place, Query, shown
from projections.store.platform import as_platform
from projections.store.reader import ViewReader
from projections.store.runner import Runner, catch_up
from projections.views import READABLE, VIEWS
from tests.projections.conftest import write
from tests.projections.model import Model


@pytest.fixture
def reader(filled: Log, database: Database) -> ViewReader:
    runner = Runner(database)
    catch_up(runner)
    runner.close()
    return ViewReader(database, partial(as_platform, database))


def query(name: str, limit: int = 50, *, newest_first: bool = True, **where: Any) -> Query:
    view, table = READABLE[name]
    return Query(view, table, where, limit, newest_first)


def pages(reader: ViewReader, asked: Query, pin: int | None = None) -> Iterator[Page]:
    after: Place | None = None
    while True:
        page = reader.page(asked, pin, after)
        yield page
        if page.next is None:
            return
        pin, after = page.pin, page.next


def ids(reader: ViewReader, asked: Query, pin: int | None = None) -> list[str]:
    return [row["id"] for page in pages(reader, asked, pin) for row in page.items]


def model_at(events: Sequence[StoredEvent], size: int) -> Model:
    model = Model()
    for index, each in enumerate(events[:size]):
        model.see(index, str(each.originator_id), each.topic, each.state)
    return model


FILTERS: list[tuple[str, str, dict[str, Any]]] = [
    ("orders", "orders", {"state": "closed_completed"}),
    ("orders", "orders", {"state": ("paid", "delivered", "confirmed")}),
    ("orders", "orders", {"funds": "frozen"}),
    ("keys", "keys", {"state": "listed"}),
    ("keys", "keys", {"state": ("vouchered", "activated")}),
    ("disputes", "disputes", {"state": ("opened", "assigned")}),
    ("refunds", "refunds", {"state": "requested"}),
]


@pytest.mark.parametrize(("name", "known", "where"), FILTERS)
def test_a_filtered_list_pinned_to_any_size_is_the_models_at_that_size(
    reader: ViewReader,
    events: Sequence[StoredEvent],
    name: str,
    known: str,
    where: dict[str, Any],
) -> None:
    matched = 0
    for size in (*Random(3).sample(range(200, len(events)), 3), len(events)):
        things = getattr(model_at(events, size), known)
        wanted = {
            thing
            for thing, one in things.items()
            if all(
                one[column] in (v if isinstance(v, tuple) else (v,)) for column, v in where.items()
            )
        }
        found = ids(reader, query(name, 7, **where), size)
        assert set(found) == wanted
        assert len(found) == len(wanted), "a row stands on two pages"
        matched += len(wanted)
    assert matched


def test_a_merchant_and_a_buyer_see_their_own_and_nothing_else(
    reader: ViewReader, events: Sequence[StoredEvent]
) -> None:
    model = model_at(events, len(events))
    for column in ("merchant", "buyer"):
        owners = {one[column] for one in model.orders.values()}
        assert len(owners) > 3
        seen: list[str] = []
        for owner in owners:
            found = ids(reader, query("orders", 9, **{column: owner}))
            assert {model.orders[each][column] for each in found} == {owner}
            seen += found
        assert sorted(seen) == sorted(model.orders)


def test_a_list_goes_on_as_it_began_while_the_log_grows(
    log: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    """What was made, changed or closed between two pages is in none of them."""
    runner, reader = Runner(database), ViewReader(database, partial(as_platform, database))
    half = len(events) // 2
    write(log, events[:half])
    catch_up(runner)
    asked = query("orders", 3, state=("paid", "delivered", "confirmed"))
    wanted = {
        order
        for order, one in model_at(events, half).orders.items()
        if one["state"] in ("paid", "delivered", "confirmed")
    }
    found: list[dict[str, Any]] = []
    size = half
    for page in pages(reader, asked):
        assert (page.pin, page.pinned) == (half, True)
        found += [dict(row) for row in page.items]
        write(log, events[size : size + 400])
        size = min(size + 400, len(events))
        catch_up(runner)
    runner.close()
    assert {row["id"] for row in found} == wanted
    assert len(found) == len(wanted) > 3
    assert {row["state"] for row in found} <= {"paid", "delivered", "confirmed"}
    assert all(row["changed"] < half for row in found)
    # The order is that in which they were made, newest first.
    assert [row["created"] for row in found] == sorted((r["created"] for r in found), reverse=True)


def test_what_cannot_be_pinned_says_so(
    log: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    runner, reader = Runner(database), ViewReader(database, partial(as_platform, database))
    write(log, events[:1500])
    catch_up(runner)
    asked = query("stock", 2)
    first = reader.page(asked)
    assert (first.pinned, first.pin) == (True, 1500)
    write(log, events[1500:])
    catch_up(runner)
    runner.close()
    later = list(pages(reader, asked, first.pin))
    assert not all(page.pinned for page in later)
    assert all(row["created"] < 1500 for page in later for row in page.items)


def test_one_row_at_every_size_of_its_history(
    reader: ViewReader, events: Sequence[StoredEvent]
) -> None:
    orders = sorted(model_at(events, len(events)).orders)
    for order in Random(8).sample(orders, 5):
        own = [fact.index for fact in reader.history(order)]
        for index in own:
            row = reader.get("orders", order, index + 1).row
            one = model_at(events, index + 1).orders[order]
            assert (row["state"], row["funds"], row["escrow"]) == (
                one["state"],
                one["funds"],
                one["escrow"],
            )
        with pytest.raises(NotFoundError):
            reader.get("orders", order, own[0])


def test_a_row_says_which_event_changed_it_last(reader: ViewReader) -> None:
    found = reader.page(query("orders", 20))
    for row in found.items:
        own = [fact for fact in reader.history(row["id"]) if fact.topic != "ledger.posted"]
        assert (row["created"], row["changed"]) == (own[0].index, own[-1].index)
        assert None not in shown(row).values()


def test_what_is_not_there_is_not_found(reader: ViewReader) -> None:
    with pytest.raises(NotFoundError, match="there is no such row"):
        reader.get("orders", "ord_00000000000000000000000000")


@pytest.mark.parametrize(
    "where", [{"amount": 1}, {"state": ()}, {"state": 3}, {"state": None}, {"no_column": "x"}]
)
def test_a_filter_that_no_list_has_is_refused_and_never_ignored(where: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        query("orders", **where)


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_has_a_limit(limit: int) -> None:
    with pytest.raises(MalformedError, match="limit"):
        query("orders", limit)


def test_a_reader_waits_for_its_own_write(
    filled: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    reader = ViewReader(database, partial(as_platform, database))
    runner = Runner(database, batch=500)
    view = VIEWS["orders"]
    with pytest.raises(ViewOutdatedError, match="xiyou views run"):
        reader.position(view)
    runner.step()
    assert reader.wait_for(view, 499, 0) == 500
    with pytest.raises(ViewBehindError, match="holds 500 entries, not yet the one at 500"):
        reader.wait_for(view, 500, 0.05)
    with pytest.raises(ViewBehindError):
        reader.page(query("orders"), pin=501)
    assert reader.lag()["orders"] == len(events) - 500
    timer = Timer(0.1, catch_up, [runner])
    timer.start()
    assert reader.wait_for(view, len(events) - 1, 20) == len(events)
    timer.join()
    runner.close()
    assert set(reader.lag().values()) == {0}
