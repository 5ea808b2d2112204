"""Row security as a second net: what a read over the API may see of tables with parties.

The first net is the matrix; this one catches a route that forgot a condition. Inside the
transaction of a read the database is told who asks (`seen_by`), and the policy of each table
lets through the rows of that one alone; where nobody was told, none. Whoever follows the log
says that it is the platform itself (`projections.store.platform`). It is a net and no wall:
whoever can run SQL of his own as the application can say that he is somebody else.

`policy` writes the SQL for a table, for the migration that makes it.
``tests/api/access/test_rows.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from psycopg import Connection

from api.access.matrix import Cell
from api.access.reach import Granted
from api.principal import Kind
from chain.store.database import Database

Column = Literal["buyer", "merchant", "client", "thing", "topic"]
SETTINGS: Final = ("kind", "buyers", "merchants", "clients", "things", "topics")
"""Of the database's session, each as ``xiyou.<name>``; lists are separated by commas."""


def policy(table: str, columns: dict[Column, str]) -> str:
    """Return the SQL that puts the net over *table*, to be run by its owner.

    Args:
        table: with its schema, such as ``views.orders``.
        columns: which of its columns hold the buyer, the merchant, the platform client, the
            thing that an arbitrator's case names, and the topic of a regulator's scope.
    """
    given = ", ".join(f"{name} => {column}" for name, column in columns.items())
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n"
        # What depends on no column is asked once a statement, and not once a row.
        f"CREATE POLICY principal_reads ON {table} FOR SELECT USING"
        f" ((SELECT ledger.may_see()) OR ledger.may_see({given}));\n"
        f"CREATE POLICY platform_inserts ON {table} FOR INSERT WITH CHECK (true);\n"
        f"CREATE POLICY platform_updates ON {table} FOR UPDATE USING"
        " ((SELECT ledger.may_see())) WITH CHECK (true);\n"
        f"CREATE POLICY platform_deletes ON {table} FOR DELETE USING"
        " ((SELECT ledger.may_see()));\n"
    )


@contextmanager
def seen_by(
    database: Database,
    granted: Granted,
    *,
    things: tuple[str, ...] = (),
    end_users: tuple[str, ...] = (),
) -> Iterator[Connection]:
    """Lend a connection, in a transaction that sees what *granted* may.

    Args:
        database: of the application.
        granted: the request.
        things: what an arbitrator's cases name, or whatever else was granted one by one.
        end_users: of a platform client, each of which was found to be its own.
    """
    who, cell = granted.principal, granted.cell
    told = dict.fromkeys(SETTINGS, "") | {"kind": who.kind.value, "things": ",".join(things)}
    buyers = end_users if who.kind is Kind.PLATFORM_CLIENT else (who.subject,)
    if cell in (Cell.OWN, Cell.OWN_MASKED):
        merchants = [each[9:] for each in who.scopes if each.startswith("merchant:")]
        told |= {
            "buyers": "" if who.kind is Kind.MERCHANT else ",".join(buyers),
            "merchants": who.subject if who.kind is Kind.MERCHANT else ",".join(merchants),
            "clients": (who.client or "") if who.kind is Kind.PLATFORM_CLIENT else "",
        }
    if cell is Cell.SCOPE:
        told["topics"] = ",".join(each[6:] for each in who.scopes if each.startswith("topic:"))
    if cell in (Cell.ALL, Cell.MASK, Cell.TWO):
        told["kind"] = "everybody"
    with database.connection() as connection, connection.transaction():
        for name, value in told.items():
            connection.execute("SELECT set_config(%s, %s, true)", (f"xiyou.{name}", value))
        yield connection
