"""Entries by binary COPY, PostgreSQL at work on one run while the next is assembled here.

The format (PostgreSQL documentation, "COPY", File Formats) is a fixed head, then a row as
a count of fields, each field behind its length, then a trailer. It is written by hand
because it is the hottest loop of the whole append.

PostgreSQL inserts the rows of a binary COPY when it has a thousand of them or the COPY
ends, whatever comes first. One COPY for a whole batch would therefore leave it idle until
the last row is made; one COPY a run, whose answer is not waited for before the next run is
assembled, keeps both sides busy. What is written is read back by PostgreSQL in
``tests/chain/store/test_sequencer.py``.
"""

from collections.abc import Callable, Iterable, Iterator
from struct import Struct

from psycopg import Connection, Cursor, errors
from psycopg.abc import PQGen
from psycopg.copy import LibpqWriter
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

from chain.batch import Row

COPY_ENTRIES = "COPY entries (leaf_index, stream, seq, type, entry) FROM STDIN (FORMAT BINARY)"
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"

_start = Struct(">hiqi").pack  # five fields; eight bytes of index; the stream's length
_middle = Struct(">iqi").pack  # eight bytes of seq; the type's length
_length = Struct(">i").pack


def copy_rows(rows: Iterable[Row]) -> bytes:
    """Return *rows* as a whole COPY."""
    parts: list[bytes] = [COPY_HEAD]
    for index, stream, seq, kind, entry in rows:
        name = stream.encode()
        topic = kind.encode()
        parts += (
            _start(5, 8, index, len(name)),
            name,
            _middle(8, seq, len(topic)),
            topic,
            _length(len(entry)),
            entry,
        )
    parts.append(COPY_END)
    return b"".join(parts)


def copy_entries(connection: Connection, runs: Iterator[list[Row]]) -> None:
    """Insert all rows of *runs*, in the transaction that *connection* is in.

    Raises:
        psycopg.Error: the database refused a run, or is out of reach.
    """
    ready = _next_buffer(runs)
    while ready is not None:
        following: list[bytes | None] = []
        cursor = connection.cursor()
        writer = _OverlappingWriter(cursor, lambda: following.append(_next_buffer(runs)))  # noqa: B023 — called within this turn
        with cursor.copy(COPY_ENTRIES, writer=writer) as copy:
            copy.write(ready)
        [ready] = following


def _next_buffer(runs: Iterator[list[Row]]) -> bytes | None:
    rows = next(runs, None)
    return None if rows is None else copy_rows(rows)


class _OverlappingWriter(LibpqWriter):
    """Ends a COPY, does something else, and only then waits for what became of it."""

    def __init__(self, cursor: Cursor, meanwhile: Callable[[], None]) -> None:
        super().__init__(cursor)
        self._meanwhile = meanwhile

    def finish(self, exc: BaseException | None = None) -> None:
        """End the COPY; see `psycopg.copy.LibpqWriter.finish`."""
        if exc is not None:
            super().finish(exc)
            return
        self.connection.wait(_send_end(self._pgconn))
        self._meanwhile()
        [result] = self.connection.wait(fetch_many(self._pgconn))
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result, encoding=self.connection.info.encoding)


def _send_end(pgconn: PGconn) -> PQGen[None]:
    """Send the end of a COPY: the first half of `psycopg.generators.copy_end`."""
    while not pgconn.put_copy_end():
        while not (yield Wait.W):
            continue
    while pgconn.flush():
        while not (yield Wait.W):
            continue
