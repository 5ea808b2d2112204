"""Runners of views that are killed: each in a process of its own, at a chosen point.

    python -m tests.projections.store.killed URL POINT:COUNT...

For each POINT:COUNT a child follows the log and kills itself, as `kill -9` would, when it
comes to that point for the COUNT-th time: ``read`` after a batch was read, ``moved`` after
the positions moved inside the transaction, ``table`` after a table was written, ``before``
the commit, ``after`` it. A COUNT of 0 never comes. Prints how each ended.
"""

import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection

from chain.store.database import Database
from projections.fact import Fact
from projections.store import runner as running
from projections.store.runner import Runner, catch_up
from projections.store.slots import Slot, move_slots
from projections.store.tables import write_rows
from projections.view import Table

BATCH = 250


class Death:
    """Where this process dies."""

    point, left = "", 0


def reach(point: str) -> None:
    if point == Death.point:
        Death.left -= 1
        if Death.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalRunner(Runner):
    """A runner whose process dies at a point."""

    def _read(
        self, connection: Connection, start: int, end: int, group: Iterable[Slot]
    ) -> list[Fact]:
        found = super()._read(connection, start, end, group)
        reach("read")
        return found

    def write(self, group: Sequence[Slot], position: int) -> None:
        super().write(group, position)
        reach("before")

    def _move(self, group: Sequence[Slot], position: int) -> None:
        reach("after")
        super()._move(group, position)


def writing(
    connection: Connection, schema: str, table: Table, rows: Mapping[str, Mapping[str, Any]]
) -> None:
    write_rows(connection, schema, table, rows)
    reach("table")


def moving(connection: Connection, slots: Iterable[Slot], position: int) -> None:
    move_slots(connection, slots, position)
    reach("moved")


def follow(url: str) -> None:
    # The runner's own names for them, for this process alone.
    vars(running).update(write_rows=writing, move_slots=moving)
    database = Database(url)
    runner = MortalRunner(database, batch=BATCH)
    read = catch_up(runner)
    sys.stdout.write(f"end {read} {min(runner.positions.values())}\n")
    sys.stdout.flush()


def main(url: str, deaths: list[str]) -> None:
    for each in deaths:
        child = os.fork()
        if child == 0:
            Death.point, count = each.split(":")
            Death.left = int(count)
            try:
                follow(url)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            sys.stdout.write("killed\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
