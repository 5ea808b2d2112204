"""What a view is: tables, and one pure function an event type that says which rows change.

A fold sees the log's entries in the order of their leaf indexes and its own rows, nothing
else: no clock, no other view. So the same log gives the same rows, whoever folds it and in
whatever batches (``reliability.md``, I5). Every row has three columns that `Rows` keeps:
``id``, ``created`` (leaf index of the event that made it) and ``changed`` (of the event that
last changed it). Proved by ``tests/projections/test_equal_the_model.py``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from chain.errors import VerificationError
from projections.fact import Fact

ColumnType = Literal["text", "bigint", "boolean", "json"]
"""``json`` is kept as canonical text."""
Row = Mapping[str, Any]
OWN: Final = ("id", "created", "changed")
"""The columns that every table has, before its own."""

History = Callable[[str], Sequence[Fact]]
"""Returns the facts of one stream, in order."""
Sources = Callable[[Row, History], Iterable[str]]
Said = Callable[[Fact, Row], dict[str, Any]]
"""Returns what an event says of a row beyond its state; it is given the row as it was."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view's table."""

    name: str
    type: ColumnType = "text"
    start: Any = None
    """What a new row has in it, unless it says otherwise."""
    filters: bool = False
    """A list may be asked for by its value."""
    fixed: bool = False
    """Never changes once the row is there."""


@dataclass(frozen=True)
class Table:
    """One table of a view.

    Args:
        name: of the table, the same in both schemas.
        columns: besides `OWN`.
        sources: names the streams from which alone a row can be folded again, as of any tree
            size; None where a row is moved by more streams than it can name.
        aside: kept for the fold itself; never shown, never listed.
    """

    name: str
    columns: tuple[Column, ...]
    sources: Sources | None = None
    aside: bool = False
    names: tuple[str, ...] = field(init=False)
    fresh: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        names = (*OWN, *(each.name for each in self.columns))
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "fresh", {each.name: each.start for each in self.columns})

    def column(self, name: str) -> Column | None:
        """Return the column of that name that a list may filter by; None if there is none."""
        return next((each for each in self.columns if each.name == name and each.filters), None)

    def type_of(self, name: str) -> ColumnType:
        """Return the type of the column *name*."""
        if name == "id":
            return "text"
        return next((each.type for each in self.columns if each.name == name), "bigint")


class Keeping(Protocol):
    """Where the rows are that a fold has no longer in hand."""

    def load(self, table: Table, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
        """Return those rows of *table* that exist."""


class NothingKept:
    """Keeps no rows: a fold from the first entry on, in memory."""

    def load(self, table: Table, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
        """Return no row."""
        del table, ids
        return ()


class Rows:
    """The rows of one view that a fold has in hand; each row it asks for is fetched once."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self.held: dict[str, dict[str, dict[str, Any] | None]] = {}
        """By table and id; None is a row that does not exist."""
        self.changed: dict[str, dict[str, dict[str, Any]]] = {}
        """By table and id: what is to be written."""

    def fetch(self, table: Table, ids: Iterable[str]) -> None:
        """Take rows in hand, all at once; what does not exist is remembered too."""
        held = self.held.setdefault(table.name, {})
        wanted = [each for each in dict.fromkeys(ids) if each not in held]
        if wanted:
            held.update(dict.fromkeys(wanted))
            held.update((row["id"], row) for row in self._keeping.load(table, wanted))

    def find(self, table: Table, row_id: str) -> Row | None:
        """Return the row, None if it does not exist."""
        held = self.held.setdefault(table.name, {})
        if row_id not in held:
            self.fetch(table, [row_id])
        return held[row_id]

    def get(self, table: Table, row_id: str) -> Row:
        """Return the row.

        Raises:
            VerificationError: it does not exist: the log says of something that it went on
                and never that it began, or the view was changed by hand.
        """
        row = self.find(table, row_id)
        if row is None:
            raise VerificationError(f"{row_id}: {table.name} has no such row: rebuild the view")
        return row

    def new(self, table: Table, row_id: str, index: int, /, **values: Any) -> None:
        """Make a row that does not exist yet; what is not named is as the column starts."""
        row = {"id": row_id, "created": index, "changed": index, **table.fresh, **values}
        self.held.setdefault(table.name, {})[row_id] = row
        self.changed.setdefault(table.name, {})[row_id] = row

    def change(self, table: Table, row_id: str, index: int, /, **values: Any) -> None:
        """Change a row that exists.

        Raises:
            VerificationError: it does not exist.
        """
        row = {**self.get(table, row_id), **values, "changed": index}
        self.held[table.name][row_id] = row
        self.changed.setdefault(table.name, {})[row_id] = row

    def upsert(self, table: Table, row_id: str, index: int, /, **values: Any) -> None:
        """Change the row, or make it."""
        if self.find(table, row_id) is None:
            self.new(table, row_id, index, **values)
        else:
            self.change(table, row_id, index, **values)

    def add(self, table: Table, row_id: str, index: int, /, **amounts: int) -> None:
        """Add *amounts* to the columns of a row that exists."""
        row = self.get(table, row_id)
        sums = {name: row[name] + amount for name, amount in amounts.items()}
        self.change(table, row_id, index, **sums)

    def take_changes(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what was changed since the last time, by table and id."""
        taken, self.changed = self.changed, {}
        return taken

    def shrink(self, limit: int) -> None:
        """Let go of the rows that were taken in hand first, where a table has over *limit*."""
        for name, held in self.held.items():
            if len(held) > limit:
                kept = list(held)[len(held) - limit // 2 :]
                self.held[name] = {each: held[each] for each in kept}


Fold = Callable[[Fact, Rows], None]
Hint = tuple[Table, str]


def no_hints(fact: Fact) -> Iterable[Hint]:
    """Name no row."""
    del fact
    return ()


@dataclass(frozen=True)
class View:
    """A read model: folded from the log, thrown away at will."""

    name: str
    version: int
    """Of rows and fold together; another one is another view, and must be built anew."""
    tables: tuple[Table, ...]
    folds: Mapping[str, Fold]
    """By event type."""
    hints: Callable[[Fact], Iterable[Hint]] = no_hints
    """Names rows that the fold will ask for, so that a batch's are fetched at once."""

    def apply(self, fact: Fact, rows: Rows) -> None:
        """Change *rows* as *fact* says; facts of other types change nothing.

        Raises:
            VerificationError: no honest log has this fact here.
        """
        fold = self.folds.get(fact.topic)
        if fold is None:
            return
        try:
            fold(fact, rows)
        except (KeyError, TypeError) as error:
            raise VerificationError(
                f"entry {fact.index}: {fact.topic} cannot follow in view {self.name}: {error!r}"
            ) from error
