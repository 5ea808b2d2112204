"""What is on record of uses of the API: who read of somebody, and what waits for a second person.

``tests/api/access/test_readings.py``, ``test_cases.py``.
"""

from typing import Any, Final

from psycopg import Connection

from chain.store.database import Database

MEMBERS: Final = ("reading", "reader", "kind", "operation", "object", "purpose")


def read_readings(connection: Connection, subject: str, most: int) -> list[dict[str, Any]]:
    """Return the newest *most* reads of *subject* that *connection* may see, the oldest first."""
    rows = connection.execute(
        "SELECT reading, reader, kind, operation, object, purpose FROM readings"
        " WHERE subject = %s ORDER BY reading DESC LIMIT %s",
        (subject, most),
    ).fetchall()
    return [dict(zip(MEMBERS, row, strict=True)) for row in reversed(rows)]


def unapproved_openings(database: Database, first: str, most: int) -> list[str]:
    """Return the requests from the id *first* on that nobody has approved, the oldest first."""
    with database.connection() as connection:
        rows = connection.execute(
            "SELECT stream FROM entries WHERE stream >= %s AND stream < 'opn`' AND seq = 1"
            " AND NOT EXISTS (SELECT FROM entries e WHERE e.stream = entries.stream AND e.seq = 2)"
            " ORDER BY stream LIMIT %s",
            [first, most],
        ).fetchall()
    return [stream for (stream,) in rows]
