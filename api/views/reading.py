"""Reads of views on a principal's behalf: one row, a page, and the wait for a write.

A row is answered if the log, or the row itself, says that it is within reach; a list has the
conditions of `api.views.reach` beside the filters. Both read through row security, and the
matrix decides which members are shown and whether the read is recorded, before it is
answered. ``tests/api/views/``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from api.access.matrix import Cell
from api.access.parties import order_parties
from api.access.reach import Granted, Parties
from api.access.rows import seen_by
from api.bootstrap import Deployment
from api.errors import ViewBehindError
from api.lists import ListPage, Position
from api.views.filters import Wanted
from api.views.reach import Reach, reach_of, standing_parties
from api.views.resource import Resource
from domain.errors import NotFoundError
from projections import errors
from projections.listing import Place, Query
from projections.store.platform import as_platform
from projections.store.reader import ViewReader
from projections.view import Row
from projections.views import VIEWS

Find = Callable[[], Parties]


class Viewing:
    """Reads the views of one deployment; safe to share between threads. `api.lists.Views`."""

    def __init__(self, ledger: Deployment) -> None:
        self.database = ledger.database
        self._trade = ledger.trade
        self._platform = ViewReader(self.database, partial(as_platform, self.database))

    def wait_for(self, view: str, index: int, seconds: float) -> bool:
        """Wait until *view* has seen leaf *index*; False if it has not after *seconds*."""
        try:
            self._platform.wait_for(VIEWS[view], index, seconds)
        except errors.ViewBehindError:
            return False
        return True

    def lag(self) -> Mapping[str, int]:
        """Return, by view, how many entries of the log it does not hold yet."""
        return self._platform.lag()

    def parties(self, asked: Granted, resource: Resource, row_id: str) -> Find:
        """Return what finds whose a row is, by what it names: its order, its merchant."""

        def find() -> Parties:
            row = self._platform.get(resource.name, row_id).row
            if resource.case == "order_id" and row["order_id"]:
                return order_parties(self._trade, row["order_id"])()
            if resource.case == "merchant":
                return standing_parties(self.database, asked, row["merchant"])
            named = {name: row.get(name) or "" for name in ("buyer", "merchant")}
            return Parties(**named, arbitrator=row.get("assignee") or "")

        return find

    def one(
        self, asked: Granted, resource: Resource, row_id: str, find: Find, thing: str = ""
    ) -> dict[str, Any]:
        """Return one row as whoever asks may see it.

        Args:
            asked: the request.
            resource: what is asked for.
            row_id: of the row.
            find: finds whose it is.
            thing: under which the read is recorded; the row's id by default.

        Raises:
            NotFoundError: there is none, or it is another's.
            ViewBehindError: the log has it, and the view has not come so far.
        """
        parties = asked.object(thing or row_id, find)
        things = self._case_of(resource, row_id) if asked.cell is Cell.CASE else ()
        end_users = (parties.buyer,) if parties.buyer else ()
        seeing = partial(seen_by, self.database, asked, things=things, end_users=end_users)
        try:
            row, size = ViewReader(self.database, seeing).get(resource.name, row_id)
        except NotFoundError:
            raise ViewBehindError(
                f"{row_id}: is not in this view yet: ask again with min_index"
            ) from None
        return asked.show(resource.body(row) | {"size": size})

    def _case_of(self, resource: Resource, row_id: str) -> tuple[str, ...]:
        """Return what row security must be told for one row, which was found to be in reach."""
        try:
            return (str(self._platform.get(resource.name, row_id).row[resource.case]),)
        except NotFoundError:
            return ()

    def page(
        self,
        asked: Granted,
        resource: Resource,
        page: ListPage,
        wanted: Wanted,
        reach: Reach | None = None,
        **fixed: str,
    ) -> dict[str, Any]:
        """Return one page of a list as whoever asks may see it.

        Args:
            asked: the request.
            resource: what is listed.
            page: that is asked for.
            wanted: the filters.
            reach: whose rows; found out by the request where it is not given.
            fixed: columns whose value the path has named, which was found to be in reach.

        Raises:
            NotFoundError: a filter names another's things.
        """
        reach = reach or reach_of(self.database, asked, resource, wanted)
        within = {**reach.within, **{name: (value,) for name, value in fixed.items()}}
        query = Query(resource.view, resource.table, wanted, page.limit, within=within)
        reader = ViewReader(self.database, reach.seeing(self.database, asked))
        pin = None if page.after is None else page.size
        place = None if page.after is None else Place(*page.after)
        found = reader.page(query, pin, place)
        if asked.operation.read_event and found.items and not fixed:
            asked.books.record_read(asked, resource.name, _subjects(found.items), None)
        # One more than fits says to `ListPage` that there is a next page.
        rows = [*found.items, *([found.items[-1]] if found.next else [])]
        answer = replace(page, size=found.pin).answer(rows, _place)
        answer["items"] = [asked.show(resource.body(row)) for row in answer["items"]]
        if not found.pinned:
            answer |= {"pinned": False, "as_of": found.as_of}
        return answer


def _place(row: Row) -> Position:
    return [row["created"], row["id"]]


def _subjects(rows: Iterable[Row]) -> tuple[str, ...]:
    found = (row.get(name) for row in rows for name in ("buyer", "merchant"))
    return tuple(dict.fromkeys(each for each in found if each))
