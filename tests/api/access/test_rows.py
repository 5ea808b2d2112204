"""The second net: the database itself gives nobody another's rows, and nobody told gives none."""

import psycopg
import pytest

from api.access.matrix import Operation
from api.access.reach import Granted
from api.access.rows import policy, seen_by
from api.principal import Kind, Principal
from projections.store.platform import TOLD
from tests.api.access.world import MINE, THEIRS, World

TABLE = """
CREATE TABLE ledger.orders_seen (
  id text, buyer text, merchant text, client text, case_of text, topic text
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.orders_seen TO xiyou_app;
ALTER TABLE ledger.orders_seen OWNER TO xiyou_owner;
"""
ROWS = [
    ("mine", MINE, "M-LAN", "cli_1", "dsp_1", "order"),
    ("theirs", THEIRS, "M-FOX", "cli_2", "dsp_2", "dispute"),
]
COLUMNS = {
    "buyer": "buyer",
    "merchant": "merchant",
    "client": "client",
    "thing": "case_of",
    "topic": "topic",
}


@pytest.fixture
def views(world: World, owner_url: str) -> World:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(TABLE)
        owner.execute(policy("ledger.orders_seen", COLUMNS).encode())  # type: ignore[arg-type]
    with world.gate.database.connection() as connection:
        connection.cursor().executemany(
            "INSERT INTO orders_seen VALUES (%s, %s, %s, %s, %s, %s)", ROWS
        )
    return world


def seen(
    world: World, who: Principal, things: tuple[str, ...] = (), row: str = "order"
) -> list[str]:
    asked = Granted(who, "orders_list", Operation(row), world.gate.books)
    with seen_by(world.gate.database, asked, things=things) as connection:
        return [each[0] for each in connection.execute("SELECT id FROM orders_seen ORDER BY 1")]


def test_each_kind_sees_its_own_rows_without_any_condition(views: World) -> None:
    both = ["mine", "theirs"]
    assert seen(views, Principal(Kind.CONSUMER, MINE)) == ["mine"]
    assert seen(views, Principal(Kind.MERCHANT, "M-FOX")) == ["theirs"]
    assert seen(views, Principal(Kind.PLATFORM_CLIENT, "cli_1", "cli_1")) == ["mine"]
    assert seen(views, Principal(Kind.ARBITRATOR, "staff-2"), ("dsp_2",)) == ["theirs"]
    assert seen(views, Principal(Kind.ARBITRATOR, MINE)) == []
    topics = frozenset({"topic:order"})
    assert seen(views, Principal(Kind.REGULATOR, "staff-3", scopes=topics)) == ["mine"]
    assert seen(views, Principal(Kind.REGULATOR, MINE)) == []
    assert seen(views, Principal(Kind.AUDITOR, "staff-1")) == both
    assert seen(views, Principal(Kind.OPERATOR, "staff-1")) == both
    assert seen(views, Principal(Kind.ANONYMOUS, MINE)) == []
    assert seen(views, Principal(Kind.CONSUMER, "")) == []


def test_where_nobody_was_told_there_is_nothing_and_the_platform_says_so(views: World) -> None:
    with views.gate.database.connection() as connection:
        assert connection.execute("SELECT count(*) FROM orders_seen").fetchone() == (0,)
        assert connection.execute("UPDATE orders_seen SET buyer = 'x'").rowcount == 0
        assert connection.execute("DELETE FROM orders_seen").rowcount == 0
        with connection.transaction():
            connection.execute(TOLD, [True])
            assert connection.execute("SELECT count(*) FROM orders_seen").fetchone() == (2,)
            assert connection.execute("UPDATE orders_seen SET topic = 'order'").rowcount == 2
        # What was told is the transaction's alone.
        assert connection.execute("SELECT count(*) FROM orders_seen").fetchone() == (0,)


def test_the_net_holds_its_own_owner_and_the_application_cannot_take_it_down(
    views: World, owner_url: str
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SET ROLE xiyou_owner")
        assert owner.execute("SELECT count(*) FROM ledger.orders_seen").fetchone() == (0,)
    statements = [
        f"ALTER TABLE {table} {change}"
        for table in ("orders_seen", "readings")
        for change in ("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY")
    ]
    for each in statements:
        with (
            views.gate.database.connection() as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(each.encode())


def test_a_principal_s_name_cannot_widen_what_it_sees(views: World) -> None:
    assert seen(views, Principal(Kind.MERCHANT, "x', true) --")) == []
    assert seen(views, Principal(Kind.MERCHANT, "platform")) == []
