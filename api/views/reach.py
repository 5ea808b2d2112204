"""Whose rows of a list are within a principal's reach (``reliability.md``, 4.2).

The conditions here are the first net; row security in the database is the second, and is told
the same. ``tests/api/views/test_lists_equal_the_model.py``, ``test_second_net.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from psycopg import Connection

from api.access.matrix import Cell
from api.access.reach import Granted, Parties
from api.access.rows import seen_by
from api.principal import Kind
from api.views.filters import Wanted, missing
from api.views.resource import Resource
from chain.store.database import Database
from projections.listing import Query
from projections.store.reader import ViewReader
from projections.view import Row
from projections.views import READABLE

HERSELF = ("arbitrator", "assignee")


@dataclass(frozen=True)
class Reach:
    """Rows within reach.

    Attributes:
        within: by column, the values of which a row must have one.
        things: that row security is told of.
        end_users: of a platform client, that row security is told of.
    """

    within: dict[str, tuple[str, ...]] = field(default_factory=dict)
    things: tuple[str, ...] = ()
    end_users: tuple[str, ...] = ()

    def seeing(
        self, database: Database, asked: Granted
    ) -> Callable[[], AbstractContextManager[Connection]]:
        """Return what lends connections that see no more than this."""
        return partial(seen_by, database, asked, things=self.things, end_users=self.end_users)


class Cases(NamedTuple):
    """What an arbitrator's cases are about."""

    orders: tuple[str, ...]
    merchants: tuple[str, ...]


def reach_of(database: Database, asked: Granted, resource: Resource, wanted: Wanted) -> Reach:
    """Return what of *resource* the request may list.

    Raises:
        NotFoundError: a filter names another's things.
        RequestValidationError: a platform client names none of its end users.
    """
    kind, cell = asked.principal.kind, asked.cell
    if cell in (Cell.OWN, Cell.OWN_MASKED):
        if kind is Kind.PLATFORM_CLIENT:
            return _of_client(asked, resource, wanted)
        return _of_party(asked, wanted, "buyer" if kind is Kind.CONSUMER else "merchant")
    if cell is Cell.CASE:
        return _of_cases(database, asked, resource)
    if cell is Cell.SCOPE:
        # Whether its topics name what is listed: another's and missing are one refusal.
        asked.acting()
    return Reach()


def _of_party(asked: Granted, wanted: Wanted, column: str) -> Reach:
    who = asked.principal.subject
    for each in wanted.get(column, (who,)):
        asked.acting(**{column: str(each)})
    return Reach({column: (who,)})


def _of_client(asked: Granted, resource: Resource, wanted: Wanted) -> Reach:
    column = "merchant" if asked.operation.rule.delegated else "buyer"
    named = tuple(str(each) for each in wanted.get(column, ()))
    if not named or not resource.has(column):
        raise missing(column, f"name whose rows: one {column} or several that you act for")
    for each in named:
        asked.acting(**{column: each})
    return Reach({column: named}, end_users=named if column == "buyer" else ())


def _of_cases(database: Database, asked: Granted, resource: Resource) -> Reach:
    who = asked.principal.subject
    if resource.case in HERSELF:
        return Reach({resource.case: (who,)}, things=(who,))
    cases = cases_of(database, asked)
    things = cases.merchants if resource.case == "merchant" else cases.orders
    return Reach({resource.case: things}, things=things)


def cases_of(database: Database, asked: Granted) -> Cases:
    """Return what the cases are about that are assigned to whoever asks, to no party of them."""
    who = asked.principal.subject
    rows = [
        each
        for each in _assigned(database, asked, who)
        if who not in (each["buyer"], each["merchant"])
    ]
    return Cases(_once(rows, "order_id"), _once(rows, "merchant"))


def standing_parties(database: Database, asked: Granted, merchant: str) -> Parties:
    """Return whose *merchant*'s standing is: its own, and hers whose case is about it."""
    arbitrator = ""
    if asked.cell is Cell.CASE and merchant in cases_of(database, asked).merchants:
        arbitrator = asked.principal.subject
    return Parties(merchant=merchant, arbitrator=arbitrator)


def _assigned(database: Database, asked: Granted, who: str) -> Iterator[Row]:
    reader = ViewReader(database, partial(seen_by, database, asked, things=(who,)))
    view, table = READABLE["disputes"]
    query = Query(view, table, {"arbitrator": who}, 200)
    pin: int | None = None
    after: Any = None
    while True:
        page = reader.page(query, pin, after)
        yield from page.items
        if page.next is None:
            return
        pin, after = page.pin, page.next


def _once(rows: Sequence[Row], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each[name] for each in rows))
