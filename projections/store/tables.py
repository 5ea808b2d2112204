"""Rows of views to and from their tables: staged by COPY, then put in place all at once.

A batch's rows go by COPY into a temporary table of the connection, and by one statement from
there into the view's. Never by COPY into the view itself, which row security forbids.
``tests/projections/store/test_tables.py``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from psycopg import Connection

from chain.canonical import to_bytes
from projections.view import OWN, Table, View

_SPECIAL: Final = re.compile(r"[\\\n\r\t\x00]")
_ESCAPES: Final = {
    "\\": r"\\",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\x00": "\N{REPLACEMENT CHARACTER}",
}
"""PostgreSQL's text cannot hold a zero byte, and an entry's can."""
COPY_SIZE: Final = 2_000
"""Rows that are spelled at once."""


class TableWriter:
    """Writes to the tables of views over one connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._staged: set[str] = set()

    def prepare(self, tables: Iterable[Table]) -> None:
        """Make the temporary tables; outside of any transaction, so that they stay."""
        for table in tables:
            if table.name not in self._staged:
                self._connection.execute(
                    f"CREATE TEMPORARY TABLE stage_{table.name}"
                    f" (LIKE views_a.{table.name}) ON COMMIT DELETE ROWS"
                )
                self._staged.add(table.name)

    def write(self, schema: str, table: Table, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Put *rows*, by id, in place of those of their ids, or beside the others."""
        names = ", ".join(table.names)
        spellings = [_SPELL.get(table.type_of(name), _spell) for name in table.names]
        values = list(rows.values())
        with self._connection.cursor().copy(
            f"COPY stage_{table.name} ({names}) FROM STDIN"
        ) as copy:
            for start in range(0, len(values), COPY_SIZE):
                copy.write(spell_rows(table.names, spellings, values[start : start + COPY_SIZE]))
        sets = ", ".join(f"{name} = excluded.{name}" for name in table.names if name != "id")
        query = (
            f"INSERT INTO {schema}.{table.name} ({names})"  # noqa: S608 — names of our own tables
            f" SELECT {names} FROM stage_{table.name} ON CONFLICT (id) DO UPDATE SET {sets}"
        )
        self._connection.execute(query)


class TableRows:
    """Fetches rows of one room, by id."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema

    def load(self, table: Table, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
        """Return those rows of *table* that exist."""
        names = ", ".join(table.names)
        rows = self._connection.execute(
            f"SELECT {names} FROM {self._schema}.{table.name} WHERE id = ANY(%s)",  # noqa: S608 — names of our own tables
            [list(ids)],
            binary=True,
        ).fetchall()
        return [row_of(table, row) for row in rows]


def row_of(table: Table, values: Sequence[Any]) -> dict[str, Any]:
    """Return the row that the columns' *values* make up."""
    row = dict(zip(table.names, values, strict=True))
    for column in table.columns:
        if column.type == "json" and row[column.name] is not None:
            row[column.name] = orjson.loads(row[column.name])
    return row


def empty(connection: Connection, schema: str, view: View) -> None:
    """Throw away what one room of *view* holds."""
    names = ", ".join(f"{schema}.{table.name}" for table in view.tables)
    connection.execute(f"TRUNCATE {names}")


def spell_rows(
    names: Sequence[str], spellings: Sequence[Any], rows: Iterable[Mapping[str, Any]]
) -> bytes:
    """Return *rows* as the text format of COPY has them."""
    pairs = list(zip(names, spellings, strict=True))
    lines = ["\t".join([spell(row[name]) for name, spell in pairs]) for row in rows]
    lines.append("")
    return "\n".join(lines).encode()


def _spell(value: str | None) -> str:
    if value is None:
        return r"\N"
    if _SPECIAL.search(value):
        return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)
    return value


def _spell_number(value: int | None) -> str:
    return r"\N" if value is None else str(value)


def _spell_truth(value: bool | None) -> str:  # noqa: FBT001 — a column's value
    return r"\N" if value is None else "t" if value else "f"


def _spell_json(value: object) -> str:
    return r"\N" if value is None else _spell(to_bytes(value).decode())


_SPELL: Final = {"bigint": _spell_number, "boolean": _spell_truth, "json": _spell_json}

assert OWN == ("id", "created", "changed")  # noqa: S101 — what the tables of both rooms begin with
