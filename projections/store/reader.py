"""Reads views: one row, a page of rows, how far they have come.

Every answer is one statement, so rows and position are of one moment, and it names the room
that it read: if the view was switched over meanwhile, it is asked again. What the API's
routes call. ``tests/projections/store/test_reader.py``.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import monotonic, sleep
from typing import Any, Final

from psycopg import Connection

from chain.store.database import Database
from chain.store.reader import LogReader
from domain.errors import NotFoundError
from projections.errors import ViewBehindError
from projections.fact import Fact, read_fact
from projections.listing import Found, Page, Place, Query, fold_again
from projections.store.slots import Slot, live_slot, read_slots
from projections.store.tables import row_of
from projections.view import Row, Table, View
from projections.views import READABLE, VIEWS

LOOK: Final = 0.02
"""Seconds between two looks at a view that is waited for."""
MOST_WAITING: Final = 30.0
Connecting = Callable[[], AbstractContextManager[Connection]]


class ViewReader:
    """Reads the live views; safe to share between threads.

    Args:
        database: where the views are, and the log.
        connecting: lends the connection for a statement; whoever guards rows by who asks
            hands in one that is set up for the asker. The database's own by default, which
            row security shows no row of a view: `api.access.rows.seen_by`, or
            `projections.store.platform.as_platform` for what serves nobody's request.
    """

    def __init__(self, database: Database, connecting: Connecting | None = None) -> None:
        self._database = database
        self._connecting = connecting or database.connection
        self._log = LogReader(database)

    def get(self, table_name: str, row_id: str, size: int | None = None) -> Found:
        """Return one row.

        Args:
            table_name: of the table, such as ``orders``.
            row_id: of the row.
            size: the tree size to answer as of; as far as the view has come, by default.

        Raises:
            NotFoundError: there is no such row, or was none at *size*.
            ViewBehindError: the view has not come to *size* yet, or the row cannot be folded
                again as of it.
            ViewOutdatedError: no view of this program's version is live.
        """
        view, table = READABLE[table_name]
        as_of, rows = self._ask(view, table, "t.id = %s", [row_id], "", 1)
        _check_reached(view, as_of, size)
        row: Row | None = rows[0] if rows else None
        if row is not None and size is not None and row["changed"] >= size:
            if table.sources is None:
                raise ViewBehindError(
                    f"{row_id}: {table.name} shows the newest state only, as of {as_of}"
                )
            row = fold_again(view, table, row, self.history, size)
        if row is None:
            raise NotFoundError(f"{row_id}: there is no such row in {table_name}")
        return Found(row, as_of if size is None else size)

    def page(self, query: Query, pin: int | None = None, after: Place | None = None) -> Page:
        """Return one page of a list.

        Args:
            query: the same on every page of a list.
            pin: the tree size of the first page, for those that follow; also for a first page
                that shall be as of an earlier size.
            after: where the page before ended.

        Raises:
            ViewBehindError: the view has not come to *pin* yet.
            ViewOutdatedError: no view of this program's version is live.
        """
        items: list[Row] = []
        pinned = True
        while True:
            many = query.limit + 1 if pin is None else max(query.limit + 1, 100)
            as_of, rows = self._candidates(query, pin, after, many)
            _check_reached(query.view, as_of, pin)
            size = as_of if pin is None else pin
            pin = size
            for row in rows:
                held, exact = self._as_of(query, row, size)
                pinned = pinned and exact
                if held is not None and query.takes(held):
                    items.append(held)
                if len(items) > query.limit:
                    last = items[query.limit - 1]
                    return Page(
                        items[: query.limit],
                        size,
                        as_of,
                        Place(last["created"], last["id"]),
                        pinned,
                    )
                after = Place(row["created"], row["id"])
            if len(rows) < many:
                return Page(items, size, as_of, None, pinned)

    def position(self, view: View) -> int:
        """Return how many entries of the log the live *view* holds.

        Raises:
            ViewOutdatedError: no view of this program's version is live.
        """
        with self._database.connection() as connection:
            return live_slot(connection, view).position

    def slots(self) -> Sequence[Slot]:
        """Return every room that is read or being built."""
        with self._database.connection() as connection:
            return read_slots(connection)

    def wait_for(self, view: View, index: int, seconds: float) -> int:
        """Wait until *view* holds the entry at leaf *index*; return how many it holds.

        Args:
            view: which.
            index: of an entry, as the receipt of a write names it.
            seconds: to wait at most; never longer than `MOST_WAITING`.

        Raises:
            ViewBehindError: it did not come so far in time.
            ViewOutdatedError: no view of this program's version is live.
        """
        until = monotonic() + min(max(seconds, 0.0), MOST_WAITING)
        while (position := self.position(view)) <= index:
            if monotonic() >= until:
                raise ViewBehindError(
                    f"{view.name}: holds {position} entries, not yet the one at {index}:"
                    " ask again in a second"
                )
            sleep(min(LOOK, max(until - monotonic(), 0.0)))
        return position

    def lag(self) -> dict[str, int]:
        """Return, by view, how many entries of the log the live one does not hold yet.

        What ``xiyou_projection_lag_events`` shows; a view of another version counts as well.
        """
        with self._database.connection() as connection:
            [(size,)] = connection.execute("SELECT size FROM head").fetchall()
            positions = {each.view: each.position for each in read_slots(connection) if each.live}
        return {name: max(0, size - positions.get(name, 0)) for name in VIEWS}

    def history(self, stream: str) -> Sequence[Fact]:
        """Return the facts of *stream*, in order."""
        return [read_fact(*each) for each in self._log.history(stream)]

    def _as_of(self, query: Query, row: Row, size: int) -> tuple[Row | None, bool]:
        """Return *row* as of *size*, and whether that is what it is as of."""
        if row["changed"] < size:
            return row, True
        if query.table.sources is None:
            return row, False
        return fold_again(query.view, query.table, row, self.history, size), True

    def _candidates(
        self, query: Query, pin: int | None, after: Place | None, many: int
    ) -> tuple[int, Sequence[Row]]:
        """Return the next rows that may belong to the list, those changed since among them."""
        clauses, values = ["true"], list[Any]()
        for name, wanted in query.conditions:
            clause = f"t.{name} = ANY(%s)"
            values.append(list(wanted))
            if pin is not None and not query.is_fixed(name) and query.table.sources is not None:
                clause = f"({clause} OR t.changed >= %s)"
                values.append(pin)
            clauses.append(clause)
        if pin is not None:
            clauses.append("t.created < %s")
            values.append(pin)
        if after is not None:
            clauses.append(f"(t.created, t.id) {'<' if query.newest_first else '>'} (%s, %s)")
            values += after
        way = "DESC" if query.newest_first else "ASC"
        order = f"ORDER BY t.created {way}, t.id {way}"
        return self._ask(query.view, query.table, " AND ".join(clauses), values, order, many)

    def _ask(
        self, view: View, table: Table, where: str, values: list[Any], order: str, many: int
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        """Return the position and the rows of one moment, in one room."""
        names = ", ".join(table.names)
        while True:
            with self._connecting() as connection:
                slot = live_slot(connection, view)
                # Names are of our own tables and columns; what a caller says is a parameter.
                query = (
                    f"SELECT s.position, {', '.join(f'r.{name}' for name in table.names)}"  # noqa: S608 — see above
                    " FROM views.slots s LEFT JOIN LATERAL"
                    f" (SELECT {names} FROM {slot.schema}.{table.name} t WHERE {where} {order}"
                    " LIMIT %s) r ON true WHERE s.view = %s AND s.slot = %s AND s.live"
                    f" {order.replace('t.', 'r.')}"
                )
                rows = connection.execute(query, [*values, many, view.name, slot.slot]).fetchall()
            if rows:
                found = [row_of(table, row[1:]) for row in rows if row[1] is not None]
                return rows[0][0], found
            # The view was switched over between the two statements: read the other room.


def _check_reached(view: View, as_of: int, size: int | None) -> None:
    if size is not None and size > as_of:
        raise ViewBehindError(
            f"{view.name}: holds {as_of} entries, not {size}: ask again in a second"
        )
