"""Rows of views to and from their tables: a batch's rows of a table in one statement.

They go as one JSON array, which PostgreSQL spreads over the columns. Not by COPY into the
view, which row security forbids; nor by way of a temporary table, which the application's
role may not make. ``tests/projections/store/test_tables.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from psycopg import Connection

from chain.canonical import to_bytes
from projections.view import Table, View

STEP: Final = 2_000
"""Rows of one statement at most."""
_ZERO: Final = b"\\u0000"
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
"""PostgreSQL's text cannot hold a zero byte, and an entry's can."""


def write_rows(
    connection: Connection, schema: str, table: Table, rows: Mapping[str, Mapping[str, Any]]
) -> None:
    """Put *rows*, by id, in place of those of their ids, or beside the others."""
    names = ", ".join(table.names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in table.names if name != "id")
    query = (
        f"INSERT INTO {schema}.{table.name} ({names}) SELECT {names}"  # noqa: S608 — names of our own tables
        f" FROM json_populate_recordset(NULL::{schema}.{table.name}, %s::json)"
        f" ON CONFLICT (id) DO UPDATE SET {sets}"
    )
    values = list(rows.values())
    for start in range(0, len(values), STEP):
        spelt = spell_rows(table, values[start : start + STEP])
        connection.execute(query, [spelt.decode()])


def spell_rows(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return *rows* as one JSON array; what is kept as JSON is text in it, canonical."""
    nested = [each.name for each in table.columns if each.type == "json"]
    spelt = orjson.dumps([_flat(row, nested) for row in rows] if nested else rows)
    if _ZERO in spelt:
        spelt = orjson.dumps([_without_zeros(_flat(row, nested)) for row in rows])
    return spelt


def _flat(row: Mapping[str, Any], nested: Iterable[str]) -> dict[str, Any]:
    texts = {name: None if row[name] is None else to_bytes(row[name]).decode() for name in nested}
    return {**row, **texts}


def _without_zeros(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace("\x00", _REPLACED) if isinstance(value, str) else value
        for name, value in row.items()
    }


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
