"""Registers: tables kept in step with the log, written in the transaction of each command.

An event says what happened; a register says what is so now, where the database itself must
refuse what may not be: one key a fingerprint, one holder a slot, no illegal combination of
states. Its rows can be computed again from the entries, so a register proves nothing and
hides nothing. What a register means is for the floor that declares it.
``tests/chain/store/test_registers.py``; ``docs/decisions/0007-registers.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from chain.command import ConflictError

ColumnType = Literal["text", "bigint", "bytea", "boolean"]
How = Literal["new", "put", "drop"]
"""``new``: there may be none of it; ``put``: in place of what stands there; ``drop``: gone,
if it is exactly that."""


@dataclass(frozen=True, eq=False)
class Register:
    """A table, as the migration that made it says.

    Args:
        name: of the table, in the log's schema.
        columns: by name, in their order.
        key: the columns of the primary key, whose constraint is named ``<name>_pkey``.
        unique: further constraints by name, each with its columns.
    """

    name: str
    columns: Mapping[str, ColumnType]
    key: tuple[str, ...]
    unique: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def new(self, **values: object) -> "RegisterRow":
        """Return a row that must not be there yet; all columns are named."""
        return self._whole("new", values)

    def put(self, **values: object) -> "RegisterRow":
        """Return a row that takes the place of the one with its key; all columns are named."""
        return self._whole("put", values)

    def drop(self, **values: object) -> "RegisterRow":
        """Return what goes, if a row has all of *values*; the key is among them."""
        self._check(values)
        if not set(self.key) <= values.keys():
            raise TypeError(f"{self.name}: a row is dropped by its key, {', '.join(self.key)}")
        return RegisterRow(self, "drop", tuple(values), tuple(values.values()))

    def _whole(self, how: How, values: Mapping[str, object]) -> "RegisterRow":
        self._check(values)
        missing = self.columns.keys() - values.keys()
        if missing:
            raise TypeError(f"{self.name}: a row has {', '.join(sorted(missing))}, too")
        return RegisterRow(
            self, how, tuple(self.columns), tuple(values[name] for name in self.columns)
        )

    def _check(self, values: Mapping[str, object]) -> None:
        unknown = values.keys() - self.columns.keys()
        if unknown:
            raise TypeError(f"{self.name}: has no column {', '.join(sorted(unknown))}")


class RegisterRow(NamedTuple):
    """What a command does to one row of a register."""

    register: Register
    how: How
    columns: tuple[str, ...]
    values: Sequence[object]


class RegisterConflictError(ConflictError):
    """The register does not take a row: somebody was first, or it may not be; nothing written."""

    def __init__(self, register: str, constraint: str) -> None:
        """Name the *register* and the *constraint* that refused."""
        super().__init__(f"register {register}: {constraint} refuses a row; decide anew")
        self.register = register
        self.constraint = constraint
