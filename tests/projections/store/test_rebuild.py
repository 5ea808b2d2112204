"""Built anew, a view is the same, by its digest; readers never find it missing (I5)."""

import threading
from collections.abc import Iterable, Sequence
from functools import partial

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg import Connection

from chain.errors import VerificationError
from chain.store.database import Database
from chain.store.log import Log
from projections.errors import RebuildUnderWayError
from projections.listing import Query
from projections.store.digest import digest_of
from projections.store.platform import as_platform, become_platform
from projections.store.reader import ViewReader
from projections.store.rebuild import Rebuilt, rebuild
from projections.store.runner import Runner, catch_up
from projections.store.slots import held_slot, hold_rooms, live_slot, read_slots
from projections.view import View
from projections.views import READABLE, VIEWS
from tests.projections.conftest import write


@pytest.fixture
def followed(filled: Log, database: Database) -> Database:
    """The log, and views that have come to its end."""
    runner = Runner(database)
    catch_up(runner)
    runner.close()
    return database


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_built_anew_has_the_digest_of_the_live_one(
    followed: Database, name: str, events: Sequence[StoredEvent]
) -> None:
    before = digest_of(followed, VIEWS[name])
    built = rebuild(followed, VIEWS[name])
    assert (built.position, built.entries, built.compared) == (len(events), len(events), True)
    assert built.digest == before.digest
    assert digest_of(followed, VIEWS[name]) == before
    with followed.connection() as connection:
        [slot] = [each for each in read_slots(connection) if each.view == name]
    assert slot.slot == "b"


def test_during_writes_digests_are_equal_and_every_read_is_answered(  # noqa: C901 — four at work at once
    log: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    """Writer, runner, reader and rebuilds at once: done-when 4."""
    half = len(events) // 2
    write(log, events[:half])
    faults: list[BaseException] = []
    over = threading.Event()
    sizes: list[int] = []

    def watched(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 — the main thread looks at it
            faults.append(error)

    def follow() -> None:
        runner = Runner(database, batch=300)
        while not over.is_set():
            runner.step()
        catch_up(runner)
        runner.close()

    def read() -> None:
        reader = ViewReader(database, partial(as_platform, database))
        view, table = READABLE["orders"]
        while not over.is_set():
            page = reader.page(Query(view, table, {}, limit=5))
            sizes.append(page.as_of)
            assert len(page.items) == 5 or page.as_of < half

    def add() -> None:
        for start in range(half, len(events), 100):
            write(log, events[start : start + 100])

    start = Runner(database)
    catch_up(start)
    start.close()
    threads = [threading.Thread(target=watched, args=(each,)) for each in (follow, read, add)]
    for each in threads:
        each.start()
    built = [rebuild(database, VIEWS[name]) for name in ("orders", "balances", "orders")]
    threads[2].join()
    built.append(rebuild(database, VIEWS["orders"]))
    over.set()
    for each in threads:
        each.join()
    assert faults == []
    assert all(each.compared for each in built)
    assert sizes == sorted(sizes), "a reader was sent back"
    live = {name: digest_of(database, view) for name, view in VIEWS.items()}
    assert {each.position for each in live.values()} == {len(events)}
    again = {name: rebuild(database, view).digest for name, view in VIEWS.items()}
    assert again == {name: each.digest for name, each in live.items()}


def test_a_room_that_is_held_keeps_its_rows_while_the_view_is_switched_over(
    followed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it in a second statement would find nothing there, and believe it."""
    monkeypatch.setattr("projections.store.rebuild.PATIENCE", "SET LOCAL lock_timeout = '50ms'")
    view = VIEWS["timeline"]
    count = "SELECT count(*) FROM views_a.timeline"
    with as_platform(followed) as connection:
        before = connection.execute(count).fetchone()
    with as_platform(followed) as connection:
        assert held_slot(connection, view).slot == "a"
        rebuild(followed, view)
        assert connection.execute(count).fetchone() == before != (0,)
        assert held_slot(connection, view).slot == "b"
    digest = digest_of(followed, view)
    rebuild(followed, view)
    assert digest_of(followed, view) == digest


def test_a_view_that_is_switched_over_before_its_room_is_held_is_read_in_the_other_one(
    followed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = VIEWS["timeline"]
    switched: list[Rebuilt] = []

    def slow(connection: Connection, view: View, slots: Iterable[str]) -> None:
        if not switched:
            switched.append(rebuild(followed, view))
        hold_rooms(connection, view, slots)

    monkeypatch.setattr("projections.store.slots.hold_rooms", slow)
    with as_platform(followed) as connection:
        assert held_slot(connection, view) == live_slot(connection, view)
        assert live_slot(connection, view).slot == "b"
    assert len(switched) == 1


def test_a_live_view_that_was_changed_by_hand_is_found_and_kept_until_it_is_given_up(
    followed: Database, owner_url: str
) -> None:
    honest = digest_of(followed, VIEWS["orders"]).digest
    with psycopg.connect(owner_url, autocommit=True) as owner:
        become_platform(owner)
        owner.execute(
            "UPDATE views_a.orders SET amount = amount + 1 WHERE id ="
            " (SELECT min(id) FROM views_a.orders)"
        )
    with pytest.raises(VerificationError, match="built anew it is another"):
        rebuild(followed, VIEWS["orders"])
    assert digest_of(followed, VIEWS["orders"]).digest != honest
    built = rebuild(followed, VIEWS["orders"], accept=True)
    assert (built.compared, built.entries) == (False, 0)
    assert digest_of(followed, VIEWS["orders"]).digest == honest


def test_a_rebuild_that_stopped_goes_on_and_one_afresh_begins_anew(
    followed: Database, events: Sequence[StoredEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, size: int) -> None:
        assert 0 < done < size
        raise StoppedError

    monkeypatch.setattr("projections.store.runner.BATCH", 500)
    monkeypatch.setattr(Runner.__init__, "__defaults__", (VIEWS, None, 500))
    with pytest.raises(StoppedError):
        rebuild(followed, VIEWS["keys"], advance=stop)
    assert rebuild(followed, VIEWS["keys"]).entries == len(events) - 500
    with pytest.raises(StoppedError):
        rebuild(followed, VIEWS["keys"], advance=stop)
    assert rebuild(followed, VIEWS["keys"], afresh=True).entries == len(events)


def test_a_view_of_a_newer_version_is_built_beside_the_old_one(
    followed: Database, events: Sequence[StoredEvent]
) -> None:
    old = VIEWS["daily"]
    newer = View("daily", 2, old.tables, old.folds, old.hints)
    built = rebuild(followed, newer)
    assert (built.version, built.position, built.compared) == (2, len(events), False)
    assert digest_of(followed, newer).digest == built.digest


def test_only_one_builds_a_view(followed: Database) -> None:
    def again(done: int, size: int) -> None:
        del done, size
        with pytest.raises(RebuildUnderWayError, match="is being built already"):
            rebuild(followed, VIEWS["orders"])

    assert rebuild(followed, VIEWS["orders"], advance=again).compared
