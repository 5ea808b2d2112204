"""Connections to the ledger's database, always as the role that may only add and read.

Whatever role the URL logs in with, a session works as ``xiyou_app`` and sees the schema
``ledger`` first (``reliability.md`` T3).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

APPLICATION_ROLE = "xiyou_app"
SESSION = f"-c role={APPLICATION_ROLE} -c search_path=ledger -c timezone=UTC"


class Database:
    """The application's way to one ledger database; safe to share between threads.

    Args:
        url: ``postgresql://…`` of a login that is, or may become, ``xiyou_app``.
        max_connections: at most this many pooled connections at once.
    """

    def __init__(self, url: str, *, max_connections: int = 8) -> None:
        self.url = url
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs={"options": SESSION, "autocommit": True},
            min_size=0,
            max_size=max_connections,
            open=False,
            check=ConnectionPool.check_connection,
            name="ledger",
        )

    def connect(self) -> Connection:
        """Return a new connection of the caller's own, in autocommit mode.

        Raises:
            psycopg.OperationalError: the database is out of reach.
        """
        return psycopg.connect(self.url, options=SESSION, autocommit=True)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a pooled connection in autocommit mode; the pool opens at the first call."""
        self._pool.open()
        with self._pool.connection() as connection:
            yield connection

    def pool_wait_seconds(self) -> float:
        """Return for how long callers have waited for pooled connections, all together."""
        return self._pool.get_stats().get("requests_wait_ms", 0) / 1000

    def close(self) -> None:
        """Close the pooled connections; a closed database is not opened again."""
        self._pool.close()
