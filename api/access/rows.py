"""Row security as a second net: what a read over the API may see of tables with parties.

The first net is the matrix; this one catches a route that forgot a condition. Inside the
transaction of a read the database is told who asks (`seen_by`), and the policy of each table
lets through the rows of that one alone; where nobody was told, none. Whoever follows the log
says that it is the platform itself (`projections.store.platform`). It is a net and no wall:
whoever can run SQL of his own as the application can say that he is somebody else.

``tests/api/access/test_rows.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg import Connection

from api.access.matrix import Cell
from api.access.reach import Granted
from api.principal import Kind
from chain.store.database import Database

SETTINGS: Final = ("kind", "buyers", "merchants", "clients", "things", "topics")
"""Of the database's session, each as ``xiyou.<name>``; lists are separated by commas."""


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
