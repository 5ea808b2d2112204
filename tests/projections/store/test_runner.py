"""The runner: every entry once, in any batches, whatever happens to a write."""

from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from chain.errors import VerificationError
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from chain.store.reader import LogReader
from projections.errors import ViewOutdatedError
from projections.fact import Fact, read_fact
from projections.store.digest import digest_of
from projections.store.platform import as_platform
from projections.store.runner import Runner, catch_up
from projections.store.slots import read_slots
from projections.store.tables import row_of
from projections.view import NothingKept, Rows, View
from projections.views import READABLE, VIEWS
from tests.projections.conftest import write
from tests.relay import Cut, Relay


@pytest.fixture
def runner(database: Database) -> Iterator[Runner]:
    made = Runner(database)
    yield made
    made.close()


def digests(database: Database) -> dict[str, str]:
    return {name: digest_of(database, view).digest for name, view in VIEWS.items()}


def stored(database: Database, name: str) -> dict[str, dict[str, Any]]:
    """Return the live rows of one table."""
    view, table = READABLE[name]
    with as_platform(database) as connection:
        [slot] = [each for each in read_slots(connection) if each.view == view.name and each.live]
        rows = connection.execute(
            f"SELECT {', '.join(table.names)} FROM {slot.schema}.{name}"
        ).fetchall()
    return {row[0]: row_of(table, row) for row in rows}


def test_what_is_stored_is_what_a_fold_in_memory_gives(
    filled: Log, database: Database, runner: Runner, events: Sequence[StoredEvent]
) -> None:
    assert catch_up(runner) == len(events)
    facts = [read_fact(*each) for each in LogReader(database).entries(0, len(events))]
    assert runner.faults == {}
    assert set(runner.lag.values()) == {0}
    for name, (view, table) in READABLE.items():
        rows = Rows(NothingKept())
        for fact in facts:
            view.apply(fact, rows)
        held = rows.held.get(table.name, {})
        assert stored(database, name) == {row_id: row for row_id, row in held.items() if row}


def test_batches_make_no_difference(filled: Log, database: Database) -> None:
    small = Runner(database, batch=97)
    catch_up(small)
    small.close()
    found = digests(database)
    assert found == alone(database)


def test_rows_let_go_of_are_fetched_again(
    filled: Log, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.store.runner.HELD", 10)
    forgetful = Runner(database, batch=211)
    catch_up(forgetful)
    assert max(len(held) for each in forgetful._rows.values() for held in each.held.values()) <= 10
    forgetful.close()
    found = digests(database)
    assert found == alone(database)


def test_two_runners_share_the_work_and_double_nothing(
    log: Log, database: Database, events: Sequence[StoredEvent]
) -> None:
    first, second = Runner(database, batch=150), Runner(database, batch=190)
    for start in range(0, len(events), 400):
        write(log, events[start : start + 400])
        # Each believes that the views are where it left them.
        while first.step() or second.step():
            pass
    assert first.positions == second.positions or second.step() == 0
    first.close()
    second.close()
    shared = digests(database)
    assert shared == alone(database)


def alone(database: Database) -> dict[str, str]:
    """Return the digests that one undisturbed run gives, from the first entry on."""
    with database.connection() as connection:
        connection.execute("DELETE FROM views.slots")
        for view in VIEWS.values():
            for table in view.tables:
                connection.execute(f"TRUNCATE views_a.{table.name}")
    runner = Runner(database)
    catch_up(runner)
    runner.close()
    return digests(database)


def test_every_write_may_fail_twice_and_counts_once(
    filled: Log,
    database: Database,
    postgres_server: EmbeddedPostgres,
    app_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    events: Sequence[StoredEvent],
) -> None:
    """The connection is cut at a batch's COMMIT: first it is lost, then kept and unanswered."""
    socket = next(Path(postgres_server.socket_folder).glob(".s.PGSQL.*[0-9]"))
    folder = tmp_path_factory.mktemp("r")
    server, through = (quote(str(each), safe="") for each in (socket.parent, folder))
    assert server in app_url
    lost = 0
    cuts: Iterator[Cut] = cycle(["before", "after"])
    between = Relay(folder, socket)
    away = Database(app_url.replace(server, through))
    runner = Runner(away, batch=1_500)
    while True:
        between.cut = next(cuts)
        try:
            if not runner.step():
                break
        except psycopg.OperationalError:
            lost += 1
    between.cut = None
    runner.close()
    away.close()
    # Not waited for: they are daemons, and read from connections that nobody answers on.
    between._threads.clear()
    between.close()
    assert lost == 2 * -(-len(events) // 1_500)
    kept = digests(database)
    assert kept == alone(database)


def test_a_view_whose_fold_fails_is_set_aside_and_the_others_go_on(
    filled: Log, database: Database
) -> None:
    def fails(fact: Fact, rows: Rows) -> None:
        raise VerificationError(f"entry {fact.index}: cannot be")

    orders = VIEWS["orders"]
    broken = View("orders", 1, orders.tables, {**orders.folds, "order.paid": fails})
    runner = Runner(database, {**VIEWS, "orders": broken}, batch=500)
    catch_up(runner)
    assert set(runner.faults) == {"orders"}
    assert runner.lag["orders"] > 0
    assert {lag for name, lag in runner.lag.items() if name != "orders"} == {0}
    runner.close()
    # The repaired program goes on where it stopped.
    repaired = Runner(database)
    catch_up(repaired)
    assert set(repaired.lag.values()) == {0}
    repaired.close()


def test_a_gap_in_the_log_stops_the_runner(
    filled: Log, database: Database, owner_url: str, runner: Runner
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM ledger.entries WHERE leaf_index = 600")
    with pytest.raises(VerificationError, match="entry 600: is missing from the log"):
        catch_up(runner)
    with database.connection() as connection:
        assert {each.position for each in read_slots(connection)} == {0}


def test_a_view_of_another_version_is_not_moved_and_not_read(
    filled: Log, database: Database, runner: Runner
) -> None:
    catch_up(runner)
    newer = View("orders", 2, VIEWS["orders"].tables, VIEWS["orders"].folds)
    upgraded = Runner(database, {"orders": newer})
    assert upgraded.step() == 0
    assert upgraded.positions == {}
    upgraded.close()
    with pytest.raises(ViewOutdatedError, match="xiyou views rebuild orders"):
        digest_of(database, newer)


def test_the_tables_are_those_of_the_program(database: Database) -> None:
    """The migration wrote them out by hand."""
    kinds = {"text": "text", "json": "text", "bigint": "bigint", "boolean": "boolean"}
    for schema in ("views_a", "views_b"):
        with database.connection() as connection:
            rows = connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = %s ORDER BY table_name, ordinal_position",
                [schema],
            ).fetchall()
        found: dict[str, list[tuple[str, str]]] = {}
        for table_name, column, kind in rows:
            found.setdefault(table_name, []).append((column, kind))
        assert found == {
            table.name: [(name, kinds[table.type_of(name)]) for name in table.names]
            for view in VIEWS.values()
            for table in view.tables
        }


def test_every_view_of_things_that_somebody_owns_says_whose_they_are() -> None:
    """Row security needs a column to go by."""
    for name, (_, table) in READABLE.items():
        if name not in ("credit", "merchants"):
            assert "merchant" in table.names
    for name in ("orders", "refunds", "timeline", "keys", "disputes", "work"):
        assert "buyer" in READABLE[name][1].names


def test_steps_of_positions_never_go_back(filled: Log, runner: Runner) -> None:
    seen = [0]
    while runner.step():
        seen.append(min(runner.positions.values()))
    assert all(before < after for before, after in pairwise(seen))
