"""The digest of a view: one SHA-256 over all its rows, whoever wrote them and in which order.

``reliability.md``, I5: a view that is built anew has the digest of the one before. Over the
view's name and version, then table by table, in the order of ids: each row's values as one
JSON line, leaf indexes included. ``tests/projections/store/test_rebuild.py``.
"""

from hashlib import sha256
from typing import NamedTuple

import orjson
from psycopg import Connection

from chain.store.database import Database
from projections.store.platform import become_platform
from projections.store.slots import Slot, hold_rooms, live_slot
from projections.view import View

STEP = 2_000


class Digest(NamedTuple):
    """What a view held."""

    view: str
    position: int
    """Entries of the log that it stands for."""
    digest: str
    """64 hexadecimal digits."""


def digest_of(database: Database, view: View) -> Digest:
    """Return the digest of the live view, as of one moment.

    Raises:
        ViewOutdatedError: there is none, or one of another version.
    """
    with database.connect() as connection:
        become_platform(connection)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        hold_rooms(connection, view)
        slot = live_slot(connection, view)
        return Digest(view.name, slot.position, digest_rows(connection, slot, view))


def digest_rows(connection: Connection, slot: Slot, view: View) -> str:
    """Return the digest of one room, within the transaction that *connection* is in."""
    hashing = sha256(b"%s/%d\n" % (view.name.encode(), view.version))
    for table in view.tables:
        hashing.update(b"%s\n" % table.name.encode())
        query = f"SELECT {', '.join(table.names)} FROM {slot.schema}.{table.name} ORDER BY id"  # noqa: S608 — names of our own tables
        with connection.cursor(name=f"digest_{table.name}", binary=True) as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(STEP):
                hashing.update(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return hashing.hexdigest()
