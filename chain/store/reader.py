"""Reads the log from the database, any stretch of it, in constant memory.

Everything is read by leaf index in steps of some hundred rows, one short query each: no
long transaction, no cursor that a lost connection takes away. Since an index exists only
for a committed entry and never moves, the steps see one log. Proved by
``tests/chain/store/test_reader.py``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from psycopg import Connection

from chain.entry import Entry
from chain.errors import ChainError, VerificationError
from chain.hashes import TreeHash
from chain.merkle import RightEdge
from chain.store.database import Database

STEP = 1024
"""Rows of one query: about a megabyte of usual entries."""


class StoredEntry(NamedTuple):
    """One entry as it is stored."""

    leaf_index: int
    stream: str
    seq: int
    type: str
    entry: bytes


class StoredReceipt(NamedTuple):
    """Which run of entries a command wrote."""

    command_id: str
    first_index: int
    events: int
    digest: bytes


class Head(NamedTuple):
    """The log's newest state."""

    size: int
    at: str
    """When the last entry was taken; empty if there is none."""

    edge: bytes

    def root(self) -> TreeHash:
        """Return the root hash that the right edge stands for.

        Raises:
            MalformedError: the edge does not fit the size.
        """
        return RightEdge.from_bytes(self.size, self.edge).root()


class UnknownEntryError(ChainError):
    """The log has no such entry."""


class LogReader:
    """Reads one log; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> Head:
        """Return size, time and right edge of the log, as of one moment.

        Raises:
            VerificationError: the database has no head, or two.
        """
        with self._database.connection() as connection:
            rows = connection.execute("SELECT size, at, edge FROM head", binary=True).fetchall()
        if len(rows) != 1:
            raise VerificationError(f"head: must be one row, not {len(rows)}; run xiyou audit")
        return Head(*rows[0])

    def size(self) -> int:
        """Return how many entries the log has."""
        return self.head().size

    def entry(self, index: int) -> StoredEntry:
        """Return the entry at leaf *index*.

        Raises:
            UnknownEntryError: the log has none.
        """
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT leaf_index, stream, seq, type, entry FROM entries WHERE leaf_index = %s",
                [index],
                binary=True,
            ).fetchone()
        if row is None:
            raise UnknownEntryError(f"leaf index {index}: the log has {self.size()} entries")
        return StoredEntry._make(row)

    def taken_by(self, moment: str, size: int, *, inclusive: bool = False) -> int:
        """Return how many of the first *size* entries were taken before *moment*.

        By the log's own clock, which never goes back (``formats.md``, section 1).

        Args:
            moment: the beginning of an entry's time, in UTC: a day, or down to the second;
                times are compared as far as it is spelt.
            size: at most that of the log.
            inclusive: count those that were taken at *moment*, too.

        Raises:
            UnknownEntryError: the log has fewer entries.
        """

        def at(index: int) -> str:
            return Entry.parse(self.entry(index).entry).at[: len(moment)]

        find = bisect_right if inclusive else bisect_left
        return find(range(size), moment, key=at)

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """Yield the entries at leaf indexes ``[start, stop)`` that exist, in order."""
        for rows in self.steps(start, stop):
            for row in rows:
                yield StoredEntry._make(row)

    def steps(self, start: int, stop: int) -> Iterator[list[tuple[int, str, int, str, bytes]]]:
        """Yield the same as `entries` as plain rows, some hundred at a time."""
        with self._database.connect() as connection:
            yield from read_steps(connection, start, stop)

    def bytes_steps(self, start: int, stop: int) -> Iterator[list[tuple[int, bytes]]]:
        """Yield leaf index and bytes of the entries at ``[start, stop)``, in order."""
        with self._database.connect() as connection:
            for low in range(start, stop, STEP):
                yield connection.execute(
                    "SELECT leaf_index, entry FROM entries"
                    " WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index",
                    [low, min(low + STEP, stop)],
                    binary=True,
                ).fetchall()

    def history(self, stream: str) -> Iterator[StoredEntry]:
        """Yield the entries of *stream* in the order of their versions."""
        after, rows = -1, None
        while rows is None or len(rows) == STEP:
            # Lent for one query: most histories are short, and many are asked for at once.
            with self._database.connection() as connection:
                rows = connection.execute(
                    "SELECT leaf_index, stream, seq, type, entry FROM entries"
                    " WHERE stream = %s AND seq > %s ORDER BY seq LIMIT %s",
                    [stream, after, STEP],
                    binary=True,
                ).fetchall()
            for row in rows:
                yield StoredEntry._make(row)
                after = row[2]

    def last_of(self, stream: str, before: int) -> StoredEntry | None:
        """Return the last entry of *stream* among the first *before*, None if there is none."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT leaf_index, stream, seq, type, entry FROM entries"
                " WHERE stream = %s AND leaf_index < %s ORDER BY seq DESC LIMIT 1",
                [stream, before],
                binary=True,
            ).fetchone()
        return None if row is None else StoredEntry._make(row)

    def receipt(self, command_id: str) -> StoredReceipt | None:
        """Return what the log keeps of the command, None if it has not seen it."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT command_id, first_index, events, digest FROM receipts"
                " WHERE command_id = %s",
                [command_id],
                binary=True,
            ).fetchone()
        return None if row is None else StoredReceipt(*row)

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """Return the signed checkpoint kept for *size*, or the newest; None if there is none.

        Under the log's signatures are the cosignatures that are kept, in the order of their
        coming, so a later reading begins with an earlier one. Nothing about it is verified:
        see `chain.quorum.verify_checkpoint`.
        """
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT note, (SELECT string_agg(line, '' ORDER BY position) FROM cosignatures"
                " WHERE cosignatures.size = checkpoints.size)"
                " FROM checkpoints WHERE size = %s OR %s::bigint IS NULL"
                " ORDER BY size DESC LIMIT 1",
                [size, size],
            ).fetchone()
        return None if row is None else f"{row[0]}{row[1] or ''}".encode()

    def checkpoint_sizes(self, start: int) -> list[int]:
        """Return the sizes of kept checkpoints from the one before *start* on, in order."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT size FROM checkpoints WHERE size >= coalesce("
                "(SELECT max(size) FROM checkpoints WHERE size < %s), 0) ORDER BY size",
                [start],
            ).fetchall()
        return [size for (size,) in rows]

    def cosigners(self, after: int, limit: int = 1000) -> list[tuple[int, str, bytes]]:
        """Return size, name and key ID of cosignatures of checkpoints larger than *after*.

        The largest first; of long ago no more than *limit*.
        """
        with self._database.connection() as connection:
            return connection.execute(
                "SELECT size, name, key_id FROM cosignatures WHERE size > %s"
                " ORDER BY size DESC LIMIT %s",
                [after, limit],
            ).fetchall()


def read_steps(
    connection: Connection, start: int, stop: int
) -> Iterator[list[tuple[int, str, int, str, bytes]]]:
    """Yield rows of entries at leaf indexes ``[start, stop)``, a step at a time, in order."""
    for low in range(start, stop, STEP):
        yield connection.execute(
            "SELECT leaf_index, stream, seq, type, entry FROM entries"
            " WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index",
            [low, min(low + STEP, stop)],
            binary=True,
        ).fetchall()
