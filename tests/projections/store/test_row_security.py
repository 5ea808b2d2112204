"""The second net over views: a query that forgot its condition shows nothing of another's."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent
from psycopg import Connection, sql

from api.access.matrix import Operation
from api.access.reach import Granted
from api.access.rows import seen_by
from api.principal import Kind, Principal
from chain.store.database import Database
from chain.store.log import Log
from projections.store.platform import as_platform
from projections.store.runner import Runner, catch_up
from projections.views import READABLE, VIEWS

BOOKS: Any = object()
"""Nothing is asked of them here."""


@pytest.fixture
def followed(filled: Log, database: Database) -> Database:
    runner = Runner(database)
    catch_up(runner)
    runner.close()
    return database


def asking(kind: Kind, subject: str, *topics: str) -> Granted:
    scopes = frozenset(f"topic:{each}" for each in topics)
    return Granted(Principal(kind, subject, scopes=scopes), "x", Operation("order"), BOOKS)


def everything(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Return all rows, as a route would that forgot every condition."""
    cursor = connection.execute(sql.SQL("SELECT * FROM views_a.{}").format(sql.Identifier(table)))
    names = [each.name for each in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def test_nobody_told_sees_no_row_of_any_table_of_any_view(followed: Database) -> None:
    for view in VIEWS.values():
        for table in view.tables:
            with followed.connection() as connection:
                assert everything(connection, table.name) == [], table.name
            with as_platform(followed) as connection:
                assert everything(connection, table.name), table.name


def test_a_forgotten_condition_shows_each_party_its_own_rows_and_no_others(
    followed: Database, events: Sequence[StoredEvent]
) -> None:
    with as_platform(followed) as connection:
        orders = everything(connection, "orders")
    buyer, merchant = orders[0]["buyer"], orders[0]["merchant"]
    assert len({each["buyer"] for each in orders}) > 3
    for kind, subject, column in (
        (Kind.CONSUMER, buyer, "buyer"),
        (Kind.MERCHANT, merchant, "merchant"),
    ):
        for name, (_, table) in READABLE.items():
            with seen_by(followed, asking(kind, subject)) as connection:
                found = everything(connection, name)
            if column in table.names:
                assert {each[column] for each in found} <= {subject}, name
            else:
                assert found == [], name
        with seen_by(followed, asking(kind, subject)) as connection:
            wanted = [each["id"] for each in orders if each[column] == subject]
            assert sorted(each["id"] for each in everything(connection, "orders")) == sorted(wanted)


def test_an_arbitrator_sees_what_was_granted_and_a_regulator_its_topics(
    followed: Database,
) -> None:
    with as_platform(followed) as connection:
        [first, *_] = [each for each in everything(connection, "disputes") if each["arbitrator"]]
        cases = [
            each["id"]
            for each in everything(connection, "disputes")
            if each["arbitrator"] == first["arbitrator"]
        ]
    granted = asking(Kind.ARBITRATOR, first["arbitrator"])

    def seen(*things: str) -> AbstractContextManager[Connection]:
        return seen_by(
            followed, Granted(granted.principal, "x", Operation("order"), BOOKS), things=things
        )

    with seen(first["arbitrator"]) as connection:
        assert sorted(each["id"] for each in everything(connection, "disputes")) == sorted(cases)
        assert everything(connection, "orders") == []
    with seen(first["order_id"]) as connection:
        assert [each["id"] for each in everything(connection, "orders")] == [first["order_id"]]
        assert everything(connection, "disputes") == []
    topical = partial(asking, Kind.REGULATOR, "staff-3")
    with seen_by(followed, topical("leads")) as connection:
        assert everything(connection, "credit")
        assert everything(connection, "orders") == everything(connection, "merchants") == []
    with seen_by(followed, topical("transactions")) as connection:
        assert everything(connection, "orders")
        assert everything(connection, "disputes") == everything(connection, "work") == []


def test_whoever_asks_for_others_changes_nothing_in_them(followed: Database) -> None:
    with seen_by(followed, asking(Kind.AUDITOR, "staff-1")) as connection:
        assert everything(connection, "orders")
    for kind in (Kind.CONSUMER, Kind.MERCHANT):
        with seen_by(followed, asking(kind, "x")) as connection:
            assert connection.execute("DELETE FROM views_a.orders").rowcount == 0
            assert connection.execute("UPDATE views_a.orders SET amount = 0").rowcount == 0
