"""The runner: follows the log in batches and folds every view in one pass over the entries.

Rows and positions of all views that read a batch change in one transaction, so what dies
anywhere is repaired by reading on from the positions: nothing is lost and nothing counts
twice, whether or not an acknowledged commit was kept. The log index is the only order; a
batch ends where the log's head was read, and a gap in it stops the runner. A view whose fold
fails is set aside with its reason, and the others go on.
``tests/projections/store/test_runner.py``, ``test_kills.py`` beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from psycopg import Connection

from chain.errors import ChainError, VerificationError
from chain.store.database import Database
from chain.store.reader import read_steps
from projections.errors import SlotMovedError
from projections.fact import Fact, read_fact
from projections.store.platform import become_platform
from projections.store.slots import Slot, move_slots, open_slots, read_slots
from projections.store.tables import TableRows, write_rows
from projections.view import Rows, Table, View
from projections.views import VIEWS

BATCH: Final = 4_096
"""Entries of one transaction at most: some megabytes in hand."""
TRIES: Final = 10
"""Of a batch that others are faster with; each time somebody has come further."""
HELD: Final = 20_000
"""Rows of one table that stay in hand between batches."""

Choice = Callable[[Slot, View], bool]
"""Says whether a runner moves this room of the view."""


def is_live(slot: Slot, view: View) -> bool:
    """Say whether the room is the one that is read, and of this program's version."""
    return slot.live and slot.version == view.version


class Runner:
    """Moves views along the log, over one connection of its own.

    Args:
        database: the log's, where the views are too.
        views: that it moves, by name.
        chosen: says which room of a view; the live one by default.
        batch: entries of one transaction at most.
    """

    def __init__(
        self,
        database: Database,
        views: Mapping[str, View] = VIEWS,
        chosen: Choice = is_live,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._views = views
        self._chosen = chosen
        self._batch = batch
        self._connection: Connection | None = None
        self._rows: dict[str, Rows] = {}
        self._slots: list[Slot] = []
        self.faults: dict[str, str] = {}
        """By view: why its fold cannot go on."""
        self.size = 0
        """Entries of the log when it was last looked at."""

    @property
    def connection(self) -> Connection:
        """The runner's own; made when it is first needed, and anew after it was lost.

        Raises:
            psycopg.OperationalError: the database is out of reach.
        """
        if self._connection is None or self._connection.closed:
            self._forget()
            self._connection = self._database.connect()
            become_platform(self._connection)
        return self._connection

    def close(self) -> None:
        """Close the connection; the next step makes another."""
        if self._connection is not None:
            self._connection.close()

    @property
    def positions(self) -> dict[str, int]:
        """By view: entries that it holds, as far as this runner knows."""
        return {each.view: each.position for each in self._slots}

    @property
    def lag(self) -> dict[str, int]:
        """By view: entries of the log that it does not hold yet."""
        return {view: self.size - position for view, position in self.positions.items()}

    def step(self, stop: int | None = None) -> int:
        """Read one batch, and write what follows from it; return how many entries it had.

        Args:
            stop: entries that the views shall hold at most.

        Returns:
            0 where every view has come to the log's end, or to *stop*.

        Raises:
            psycopg.Error: the database is out of reach; call again, nothing is lost.
            VerificationError: the log has a gap: run ``xiyou audit --database``.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._step(stop)
            except SlotMovedError:
                # Another runner was faster, or the view was switched over: look again.
                self._forget()
                if not left:
                    raise
            except BaseException:
                # What was folded may have been written or not: the positions will say.
                self._forget()
                raise
        raise AssertionError("unreachable: the last try has returned or raised")

    def _step(self, stop: int | None) -> int:
        connection = self.connection
        [(self.size,)] = connection.execute("SELECT size FROM head").fetchall()
        end = self.size if stop is None else min(self.size, stop)
        if not self._slots:
            self._take_up(connection)
        group = self._group(end)
        if not group:
            return 0
        start = group[0].position
        others = [each.position for each in self._slots if each.position > start]
        end = min(end, start + self._batch, *others)
        facts = self._read(connection, start, end, group)
        group = [each for each in group if self._fold(each, facts)]
        if group:
            with connection.transaction():
                self.write(group, end)
            # Dying before this line and after the commit: the positions say so.
            self._move(group, end)
        return end - start

    def write(self, group: Sequence[Slot], position: int) -> None:
        """Write what has changed in *group*, and move it, within a transaction."""
        connection = self.connection
        move_slots(connection, group, position)
        for slot in group:
            changes = self._rows[slot.view].take_changes()
            for table in self._views[slot.view].tables:
                if table.name in changes:
                    write_rows(connection, slot.schema, table, changes[table.name])

    def _take_up(self, connection: Connection) -> None:
        """Learn where the views are."""
        open_slots(connection, self._views.values())
        self._slots = [
            each
            for each in read_slots(connection)
            if each.view in self._views and self._chosen(each, self._views[each.view])
        ]
        for slot in self._slots:
            self._rows[slot.view] = Rows(TableRows(connection, slot.schema))

    def _group(self, end: int) -> list[Slot]:
        """Return the views that are furthest behind, and not at *end* yet."""
        able = [each for each in self._slots if each.view not in self.faults]
        start = min((each.position for each in able), default=end)
        return [each for each in able if each.position == start < end]

    def _read(
        self, connection: Connection, start: int, end: int, group: Iterable[Slot]
    ) -> list[Fact]:
        wanted = frozenset().union(*(self._views[each.view].folds for each in group))
        facts = []
        following = start
        for rows in read_steps(connection, start, end):
            for index, stream, seq, topic, entry in rows:
                if index != following:
                    raise VerificationError(
                        f"entry {following}: is missing from the log: run xiyou audit --database"
                    )
                following += 1
                if topic in wanted:
                    facts.append(read_fact(index, stream, seq, topic, entry))
        if following != end:
            raise VerificationError(
                f"entry {following}: is missing from the log: run xiyou audit --database"
            )
        return facts

    def _fold(self, slot: Slot, facts: Sequence[Fact]) -> bool:
        """Fold *facts* into the rows in hand; False where the view cannot go on."""
        view, rows = self._views[slot.view], self._rows[slot.view]
        try:
            prefetch(view, rows, facts)
            for fact in facts:
                view.apply(fact, rows)
        except ChainError as error:
            if slot not in read_slots(self.connection):
                # The room was given up meanwhile, and its rows with it.
                raise SlotMovedError(f"{slot.view}: was switched over meanwhile") from error
            self.faults[slot.view] = str(error)
            self._rows.pop(slot.view)
            return False
        return True

    def _move(self, group: Sequence[Slot], position: int) -> None:
        moved = {each.view for each in group}
        self._slots = [
            each._replace(position=position) if each.view in moved else each for each in self._slots
        ]
        for view in moved:
            self._rows[view].shrink(HELD)

    def _forget(self) -> None:
        self._slots = []
        self._rows = {}


def prefetch(view: View, rows: Rows, facts: Iterable[Fact]) -> None:
    """Take in hand at once what the fold of *facts* will ask for one by one."""
    wanted: dict[str, tuple[Table, dict[str, None]]] = {}
    for fact in facts:
        if fact.topic in view.folds:
            for table, row_id in view.hints(fact):
                wanted.setdefault(table.name, (table, {}))[1][row_id] = None
    for table, ids in wanted.values():
        rows.fetch(table, ids)


def catch_up(runner: Runner, stop: int | None = None) -> int:
    """Step until there is nothing left to read; return how many entries were read.

    Raises:
        psycopg.Error: the database is out of reach.
    """
    done = 0
    while read := runner.step(stop):
        done += read
    return done
