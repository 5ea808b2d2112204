"""Rows of registers as SQL: many of the same kind in one statement.

The order of a command's rows is kept: what it drops it may take anew. Identifiers are the
register's own, values go as arrays; no value ever becomes text of a statement.
``tests/chain/store/test_registers.py``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import psycopg
from psycopg import Connection, sql

from chain.register import How, Register, RegisterConflictError, RegisterRow


def write_rows(connection: Connection, rows: Sequence[RegisterRow]) -> None:
    """Do to the registers what *rows* say, in their order, inside the caller's transaction.

    Raises:
        psycopg.IntegrityError: a register does not take one of them.
    """
    for register, how, columns, values in _runs(rows):
        statement = _statement(register, how, columns)
        connection.execute(statement, [list(column) for column in zip(*values, strict=True)])


def select_rows(
    connection: Connection, register: Register, where: Mapping[str, Any], limit: int | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows that have the values *where*, in the order of their key."""
    names = [sql.Identifier(name) for name in register.columns]
    given = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where]
    query = sql.SQL("SELECT {} FROM {} {} ORDER BY {} LIMIT %s").format(
        sql.SQL(", ").join(names),
        sql.Identifier(register.name),
        sql.SQL("WHERE ") + sql.SQL(" AND ").join(given) if given else sql.SQL(""),
        sql.SQL(", ").join(sql.Identifier(name) for name in register.key),
    )
    return connection.execute(query, [*where.values(), limit]).fetchall()


def conflict_of(
    error: psycopg.IntegrityError, rows: Iterable[RegisterRow]
) -> RegisterConflictError | None:
    """Return the conflict behind *error*, if it is one of the registers of *rows*."""
    table, constraint = error.diag.table_name, error.diag.constraint_name
    if table is None or constraint is None:
        return None
    if not any(row.register.name == table for row in rows):
        return None
    return RegisterConflictError(table, constraint)


def _runs(
    rows: Sequence[RegisterRow],
) -> Iterator[tuple[Register, How, tuple[str, ...], list[Sequence[object]]]]:
    """Give rows that one statement can write, one run after the other."""
    for (register, how, columns), group in groupby(rows, lambda row: row[:3]):
        places = [columns.index(name) for name in register.key]
        run: list[Sequence[object]] = []
        seen: set[tuple[object, ...]] = set()
        for row in group:
            key = tuple(row.values[place] for place in places)
            # A statement must not touch a row twice, and the later one is to win.
            if how == "put" and key in seen:
                yield register, how, columns, run
                run, seen = [], set()
            seen.add(key)
            run.append(row.values)
        yield register, how, columns, run


@cache
def _statement(register: Register, how: How, columns: tuple[str, ...]) -> sql.Composed:
    table = sql.Identifier(register.name)
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    arrays = sql.SQL(", ").join(
        sql.SQL("%s::{}[]").format(sql.SQL(register.columns[name])) for name in columns
    )
    given = sql.SQL("unnest({}) AS given ({})").format(arrays, names)
    if how == "drop":
        return sql.SQL("DELETE FROM {} AS known USING {} WHERE {}").format(
            table,
            given,
            sql.SQL(" AND ").join(_same(register, name) for name in columns),
        )
    insert = sql.SQL("INSERT INTO {} ({}) SELECT * FROM {}").format(table, names, given)
    if how == "new":
        return insert
    others = [name for name in columns if name not in register.key]
    key = sql.SQL(", ").join(sql.Identifier(name) for name in register.key)
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in others
    )
    if not others:
        return insert + sql.SQL(" ON CONFLICT ({}) DO NOTHING").format(key)
    return insert + sql.SQL(" ON CONFLICT ({}) DO UPDATE SET {}").format(key, changes)


def _same(register: Register, name: str) -> sql.Composed:
    # An index serves only the first form, and a key is never null.
    equal = "=" if name in register.key else "IS NOT DISTINCT FROM"
    return sql.SQL("known.{0} {1} given.{0}").format(sql.Identifier(name), sql.SQL(equal))
