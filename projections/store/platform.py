"""Who follows the log, and who builds from it, sees every row: it serves nobody's request.

The tables of views lie under row security (``reliability.md``, 4.2): a session that nobody
told who asks sees none of their rows. What is here tells it that the platform itself is at
work. Whoever answers a request must not use it: `api.access.rows.seen_by` is for that.
``tests/projections/store/test_row_security.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from chain.store.database import Database

TOLD = "SELECT set_config('xiyou.kind', 'platform', %s)"


def become_platform(connection: Connection) -> None:
    """Let a connection of one's own see everything, for as long as it lasts."""
    connection.execute(TOLD, [False])


@contextmanager
def as_platform(database: Database) -> Iterator[Connection]:
    """Lend a connection, in a transaction that sees everything."""
    with database.connection() as connection, connection.transaction():
        connection.execute(TOLD, [True])
        yield connection
