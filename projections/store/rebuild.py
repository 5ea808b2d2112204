"""Building a view anew, from the first entry on, beside the one that is read.

The new one is folded in the other room while the live one goes on being read and moved.
When it has caught up, both are locked for a moment, the last entries are folded, and readers
find it in the next statement. Killed before, it goes on where it stopped. Where both are of
one version they must have one digest (``reliability.md``, I5), or nothing is switched.
``tests/projections/store/test_rebuild.py``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psycopg
from psycopg import Connection

from chain.errors import VerificationError
from chain.store.database import Database
from projections.errors import RebuildUnderWayError
from projections.store.digest import digest_rows
from projections.store.runner import Runner
from projections.store.slots import SLOTS, Slot, open_slots, read_slots
from projections.store.tables import empty
from projections.view import View

PATIENCE = "SET LOCAL lock_timeout = '2s'"


class Rebuilt(NamedTuple):
    """What a rebuild has come to."""

    view: str
    version: int
    position: int
    entries: int
    """Folded by this call; fewer than *position* where an earlier one had begun."""
    digest: str
    compared: bool
    """Whether the view before had the same digest; False where it was of another version."""


def rebuild(
    database: Database,
    view: View,
    *,
    afresh: bool = False,
    accept: bool = False,
    advance: Callable[[int, int], None] = lambda _done, _size: None,
) -> Rebuilt:
    """Build *view* anew and switch over to it.

    Args:
        database: the log's, where the views are too.
        view: which.
        afresh: begin with the first entry, even where an earlier call had come further.
        accept: switch over even where the live view of the same version has another digest.
        advance: told after each batch how many entries the new one holds, of how many.

    Raises:
        RebuildUnderWayError: somebody else is building it.
        VerificationError: the fold cannot go on; or the new view has another digest than
            the live one of the same version. Readers keep the live one.
        psycopg.Error: the database is out of reach; call again, and it goes on.
    """
    runner = Runner(database, {view.name: view}, lambda slot, _: not slot.live)
    try:
        with _alone(runner.connection, view):
            _begin(runner.connection, view, afresh=afresh)
            entries = 0
            while True:
                entries += _catch_up(runner, view, advance)
                rebuilt = _switch(runner, view, entries, accept=accept)
                if rebuilt is not None:
                    break
            _clear(runner.connection, view)
            return rebuilt
    finally:
        runner.close()


@contextmanager
def _alone(connection: Connection, view: View) -> Iterator[None]:
    lock = ["views", view.name]
    query = "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))"
    [(mine,)] = connection.execute(query, lock).fetchall()
    if not mine:
        raise RebuildUnderWayError(f"{view.name}: is being built already: wait for its end")
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # a connection that is lost holds no lock
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", lock)


def _begin(connection: Connection, view: View, *, afresh: bool) -> None:
    """Make the other room ready, or find it as an earlier call has left it."""
    open_slots(connection, [view])
    slots = [each for each in read_slots(connection) if each.view == view.name]
    [live] = [each for each in slots if each.live]
    begun = [each for each in slots if not each.live and each.version == view.version]
    if begun and not afresh:
        return
    [spare] = [each for each in SLOTS if each != live.slot]
    with connection.transaction():
        connection.execute("DELETE FROM views.slots WHERE view = %s AND NOT live", [view.name])
        empty(connection, f"views_{spare}", view)
        connection.execute(
            "INSERT INTO views.slots (view, slot, version, position, live)"
            " VALUES (%s, %s, %s, 0, false)",
            [view.name, spare, view.version],
        )


def _catch_up(runner: Runner, view: View, advance: Callable[[int, int], None]) -> int:
    """Fold as far as the live view has come; where it stands still, to the log's end."""
    done = 0
    stop = _end(runner.connection, view)
    while read := runner.step(stop):
        done += read
        advance(runner.positions[view.name], runner.size)
    if runner.faults:
        raise VerificationError(runner.faults[view.name])
    return done


def _end(connection: Connection, view: View) -> int | None:
    """Return how far the new view goes; None where the live one is moved by nobody of ours."""
    live = [each for each in read_slots(connection) if each.view == view.name and each.live]
    return live[0].position if live and live[0].version == view.version else None


def _switch(runner: Runner, view: View, entries: int, *, accept: bool) -> Rebuilt | None:
    """Switch over, if the new view has caught up; None where it must fold some more first."""
    connection = runner.connection
    with connection.transaction():
        # From here to the commit nobody moves either; readers read on.
        connection.execute("SELECT FROM views.slots WHERE view = %s FOR UPDATE", [view.name])
        slots = [each for each in read_slots(connection) if each.view == view.name]
        [live] = [each for each in slots if each.live]
        [spare] = [each for each in slots if not each.live]
        is_same = live.version == view.version
        if is_same and spare.position < live.position:
            return None
        digest = digest_rows(connection, spare, view)
        compared = is_same and spare.position == live.position and not accept
        if compared and digest_rows(connection, live, view) != digest:
            raise VerificationError(
                f"{view.name}: built anew it is another at {live.position} entries, so the live"
                " one was changed by hand or by a faulty program; readers keep it until you run"
                f" xiyou views rebuild {view.name} --accept"
            )
        _exchange(connection, live, spare)
    return Rebuilt(view.name, view.version, spare.position, entries, digest, compared)


def _exchange(connection: Connection, live: Slot, spare: Slot) -> None:
    connection.execute(
        "DELETE FROM views.slots WHERE view = %s AND slot = %s", [live.view, live.slot]
    )
    connection.execute(
        "UPDATE views.slots SET live = true WHERE view = %s AND slot = %s",
        [spare.view, spare.slot],
    )


def _clear(connection: Connection, view: View) -> None:
    """Give the old room's space back; whoever still reads it finishes first."""
    [live] = [each for each in read_slots(connection) if each.view == view.name]
    [old] = [each for each in SLOTS if each != live.slot]
    # Dying before this line leaves the rows; the next rebuild throws them away.
    with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
        connection.execute(PATIENCE)
        empty(connection, f"views_{old}", view)
