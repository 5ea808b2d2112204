"""Where each view stands: how many entries it holds, and in which of two rooms it is read.

A view has a room in the schema ``views_a`` and one in ``views_b``. One is live; the other is
empty, or being built. The position moves in the transaction that writes the rows, and only
from where the writer believed it to be: of two runners one writes a batch, and the other
hears of it. ``tests/projections/store/test_runner.py``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from psycopg import Connection, sql

from projections.errors import SlotMovedError, ViewOutdatedError
from projections.view import View

SLOTS: Final = ("a", "b")


class Slot(NamedTuple):
    """One room of one view."""

    view: str
    slot: str
    version: int
    position: int
    """Entries of the log that its rows hold."""
    live: bool

    @property
    def schema(self) -> str:
        """The database schema with its tables."""
        return f"views_{self.slot}"


def read_slots(connection: Connection) -> list[Slot]:
    """Return every room in use, by view."""
    rows = connection.execute(
        "SELECT view, slot, version, position, live FROM views.slots ORDER BY view, slot"
    ).fetchall()
    return [Slot._make(row) for row in rows]


def live_slot(connection: Connection, view: View) -> Slot:
    """Return the room that *view* is read from.

    Raises:
        ViewOutdatedError: there is none, or one of another version than this program's.
    """
    found = [each for each in read_slots(connection) if each.view == view.name and each.live]
    if not found:
        raise ViewOutdatedError(f"{view.name}: nothing has followed the log yet: xiyou views run")
    if found[0].version != view.version:
        raise ViewOutdatedError(
            f"{view.name}: is of version {found[0].version}, this program reads {view.version}:"
            f" xiyou views rebuild {view.name}"
        )
    return found[0]


def held_slot(connection: Connection, view: View) -> Slot:
    """Return the room that *view* is read from; nobody empties it before the transaction ends.

    For what takes more than one statement: a room that was switched away from is emptied at
    once, and an emptied table is empty for everybody, whatever their snapshot. A rebuild that
    ends meanwhile leaves the room's rows where they are.

    Args:
        connection: in a transaction of which each statement sees what was committed before it.
        view: which.

    Raises:
        ViewOutdatedError: as `live_slot`.
    """
    slot = live_slot(connection, view)
    while True:
        hold_rooms(connection, view, [slot.slot])
        # It may have been switched away from, and emptied, before it was held.
        held, slot = slot.slot, live_slot(connection, view)
        if held == slot.slot:
            return slot


def hold_rooms(connection: Connection, view: View, slots: Iterable[str] = SLOTS) -> None:
    """Let nobody empty these rooms of *view* before the transaction ends.

    First in a transaction with one snapshot, it holds both: the snapshot, taken after it,
    then says which of them is read.
    """
    names = [sql.Identifier(f"views_{slot}", each.name) for slot in slots for each in view.tables]
    connection.execute(
        sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.SQL(", ").join(names))
    )


def open_slots(connection: Connection, views: Iterable[View]) -> None:
    """Give every view that has no live room an empty one."""
    for view in views:
        connection.execute(
            "INSERT INTO views.slots (view, slot, version, position, live)"
            " SELECT %s, 'a', %s, 0, true"
            " WHERE NOT EXISTS (SELECT FROM views.slots WHERE view = %s)"
            " ON CONFLICT DO NOTHING",
            [view.name, view.version, view.name],
        )


def move_slots(connection: Connection, slots: Iterable[Slot], position: int) -> None:
    """Move *slots* to *position*, within the transaction that *connection* is in.

    Raises:
        SlotMovedError: one is no longer where it was believed to be.
    """
    for slot in slots:
        moved = connection.execute(
            "UPDATE views.slots SET position = %s"
            " WHERE view = %s AND slot = %s AND version = %s AND position = %s AND live = %s",
            [position, slot.view, slot.slot, slot.version, slot.position, slot.live],
        ).rowcount
        if moved != 1:
            raise SlotMovedError(f"{slot.view}: another runner has moved it from {slot.position}")
