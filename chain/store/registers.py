"""Rows of registers as SQL: many of the same kind in one statement.

Within a register the order of a command's rows is kept: what it drops it may take anew.
Registers do not refer to each other and are written one after the other. Identifiers are the
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
    """Do to each register what *rows* say, in their order, inside the caller's transaction.

    Raises:
        psycopg.IntegrityError: a register does not take one of them.
    """
    # Stable: rows of one register, interleaved with another's, still make one statement.
    ordered = sorted(rows, key=lambda row: row.register.name)
    for register, how, columns, values in _runs(ordered):
        arrays = [list(column) for column in zip(*values, strict=True)]
        if how == "swap":
            connection.execute(_statement(register, "drop", columns), arrays[: len(columns)])
            connection.execute(_statement(register, "new", columns), arrays[len(columns) :])
        elif how == "add":
            # Two steps: a CHECK would look at the number added, not at the sum.
            connection.execute(_beginning(register), arrays)
            connection.execute(_adding(register), arrays)
        else:
            connection.execute(_statement(register, how, columns), arrays)


def select_rows(
    connection: Connection, register: Register, where: Mapping[str, Any], limit: int | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows that have the values *where*, in the order of their key.

    A list in the place of a value means any of its items.
    """
    names = [sql.Identifier(name) for name in register.columns]
    given = [
        sql.SQL("{} = ANY(%s)" if isinstance(value, list) else "{} = %s").format(
            sql.Identifier(name)
        )
        for name, value in where.items()
    ]
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
    by_register = sorted(rows, key=lambda row: row.register.name)
    for (register, how, columns), group in groupby(by_register, lambda row: row[:3]):
        new = len(columns) if how == "swap" else 0
        places = [new + columns.index(name) for name in register.key]
        run: list[Sequence[object]] = []
        seen: set[tuple[object, ...]] = set()
        for row in group:
            key = tuple(row.values[place] for place in places)
            # A statement must not touch a row twice, and the later one is to win.
            if how in ("put", "swap") and key in seen:
                yield register, how, columns, run
                run, seen = [], set()
            seen.add(key)
            run.append(row.values)
        yield register, how, columns, run


@cache
def _statement(register: Register, how: How, columns: tuple[str, ...]) -> bytes:
    """Return the statement for rows of one kind, as text: composing it costs more than a row."""
    return _composed(register, how, columns).as_bytes(None)


def _composed(register: Register, how: How, columns: tuple[str, ...]) -> sql.Composed:
    table = sql.Identifier(register.name)
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    given = _given(register, columns)
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


@cache
def _beginning(register: Register) -> sql.Composed:
    """Make sure that there is a row to add to."""
    zeros = [
        sql.Identifier(name) if name in register.key else sql.SQL("0") for name in register.columns
    ]
    return sql.SQL("INSERT INTO {} ({}) SELECT DISTINCT {} FROM {} ON CONFLICT DO NOTHING").format(
        sql.Identifier(register.name),
        sql.SQL(", ").join(map(sql.Identifier, register.columns)),
        sql.SQL(", ").join(zeros),
        _given(register, tuple(register.columns)),
    )


@cache
def _adding(register: Register) -> sql.Composed:
    numbers = [name for name in register.columns if name not in register.key]
    key = sql.SQL(", ").join(map(sql.Identifier, register.key))
    sums = [sql.SQL("sum({0})::bigint AS {0}").format(sql.Identifier(name)) for name in numbers]
    changes = [sql.SQL("{0} = known.{0} + more.{0}").format(sql.Identifier(n)) for n in numbers]
    same = [sql.SQL("known.{0} = more.{0}").format(sql.Identifier(n)) for n in register.key]
    more = sql.SQL("(SELECT {}, {} FROM {} GROUP BY {}) AS more").format(
        key, sql.SQL(", ").join(sums), _given(register, tuple(register.columns)), key
    )
    return sql.SQL("UPDATE {} AS known SET {} FROM {} WHERE {}").format(
        sql.Identifier(register.name),
        sql.SQL(", ").join(changes),
        more,
        sql.SQL(" AND ").join(same),
    )


def _given(register: Register, columns: tuple[str, ...]) -> sql.Composed:
    arrays = sql.SQL(", ").join(
        sql.SQL("%s::{}[]").format(sql.SQL(register.columns[name])) for name in columns
    )
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("unnest({}) AS given ({})").format(arrays, names)


def _same(register: Register, name: str) -> sql.Composed:
    # An index serves only the first form, and a key is never null.
    equal = "=" if name in register.key else "IS NOT DISTINCT FROM"
    return sql.SQL("known.{0} {1} given.{0}").format(sql.Identifier(name), sql.SQL(equal))
