"""Lists of a view's rows: filtered, in a stable order, pinned to one tree size.

A list is pinned to the tree size that its first page names. Rows that were made later are
not in it. A row that was changed later is folded again from its streams, up to the pin, and
filtered anew: so page after page says what held at one moment, filters included, whatever
happens meanwhile. Where a row is moved by more streams than it can name (balances, stock,
statistics), `Page.pinned` is False on a list that goes on after such a change: its rows are as
of `Page.as_of`, and each says when it last changed. ``tests/projections/store/test_reader.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from chain.errors import MalformedError
from projections.view import History, NothingKept, Row, Rows, Sources, Table, View

MAX_LIMIT: Final = 200
"""Rows of one page (``reliability.md``, 5.3)."""
Value = str | int | bool


class Place(NamedTuple):
    """Where a page ended: the next one begins behind it."""

    created: int
    id: str


@dataclass(frozen=True)
class Query:
    """What is asked for: rows of one table whose columns have these values."""

    view: View
    table: Table
    where: Mapping[str, Value | tuple[Value, ...]]
    """By column; of several values, any. None of them: every row."""
    limit: int = 50
    newest_first: bool = True
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Whose rows it is about, by any column: of several values any, of no value none at all."""

    def __post_init__(self) -> None:
        """Refuse what must never be answered with more than was asked for.

        Raises:
            MalformedError: a column cannot be filtered by, or a value is none of its own.
        """
        if not 1 <= self.limit <= MAX_LIMIT:
            raise MalformedError(f"limit: must be from 1 to {MAX_LIMIT}, not {self.limit}")
        for name, wanted in self.where.items():
            column = self.table.column(name)
            if column is None:
                known = ", ".join(each.name for each in self.table.columns if each.filters)
                raise MalformedError(f"{name}: {self.table.name} is filtered by {known}")
            kind = {"bigint": int, "boolean": bool}.get(column.type, str)
            values = self.values(name)
            if not values or any(type(each) is not kind for each in values):
                raise MalformedError(f"{name}: must be {kind.__name__}, not {wanted!r:.80}")

        for name in self.within:
            if name not in self.table.names:
                raise MalformedError(f"{name}: {self.table.name} has no such column")

    @property
    def conditions(self) -> tuple[tuple[str, tuple[Value, ...]], ...]:
        """By column: the values of which a row must have one; all of them must hold."""
        asked = tuple((name, self.values(name)) for name in self.where)
        return asked + tuple(self.within.items())

    def values(self, name: str) -> tuple[Value, ...]:
        """Return the values of the column *name* that are asked for."""
        wanted = self.where[name]
        return wanted if isinstance(wanted, tuple) else (wanted,)

    def is_fixed(self, name: str) -> bool:
        """Say whether the column *name* never changes once its row is there."""
        if name in ("id", "created"):
            return True
        return any(each.name == name and each.fixed for each in self.table.columns)

    def takes(self, row: Row) -> bool:
        """Say whether *row* has the values that are asked for."""
        return all(row[name] in values for name, values in self.conditions)


class Found(NamedTuple):
    """One row, as of a tree size."""

    row: Row
    as_of: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list."""

    items: Sequence[Row]
    pin: int
    """The tree size that the whole list is pinned to."""
    as_of: int
    """The tree size that the view had reached."""
    next: Place | None
    """Where the next page begins; None after the last one."""
    pinned: bool
    """False where a row can only be shown as of `as_of`."""


def shown(row: Row) -> dict[str, Any]:
    """Return *row* without what is None: one fact has one spelling."""
    return {name: value for name, value in row.items() if value is not None}


def fold_again(view: View, table: Table, row: Row, history: History, size: int) -> Row | None:
    """Return *row* as it was when the log had *size* entries; None if it was not there.

    Args:
        view: that it belongs to.
        table: that it is a row of.
        row: as it is now.
        history: returns the facts of a stream.
        size: of the tree.
    """
    if row["changed"] < size:
        return row
    if row["created"] >= size:
        return None
    sources: Sources | None = table.sources
    assert sources is not None  # noqa: S101 — asked only for tables that have them
    streams = dict.fromkeys(sources(row, history))
    facts = [fact for stream in streams for fact in history(stream) if fact.index < size]
    rows = Rows(NothingKept())
    for fact in sorted(facts, key=lambda each: each.index):
        view.apply(fact, rows)
    return rows.find(table, row["id"])
