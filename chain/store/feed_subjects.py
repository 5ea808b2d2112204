"""Which entries concern whom: a numbered list for each subject, made from the log alone.

Filled from the signed entries when it is asked for, in the order of the log, by one at a time;
a crash leaves it where it was. Thrown away and filled again it gets the same numbers.
``tests/api/test_feeds_own.py``.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from chain.errors import VerificationError
from chain.feed.event import PAGE_WIDTH, EntryEvent
from chain.feed.own import OwnEvent, spell_own_page
from chain.store.database import Database
from chain.store.feed import FeedPages
from chain.store.reader import read_steps

_COPY_SUBJECTS = "COPY feed_subjects (subject, number, leaf_index) FROM STDIN"
_COPY_STREAMS = "COPY feed_streams (stream, subject) FROM STDIN"

ConcernOf = Callable[[str, bytes], Any]
"""Returns, of a stream and an entry, an object with ``subjects``, ``streams`` and ``binds``."""


class OwnPage(NamedTuple):
    """A page of somebody's own feed."""

    events: list[bytes]
    is_full: bool


class SubjectFeeds:
    """Feeds of one's own; safe to share between threads.

    Args:
        database: the log's.
        pages: for checkpoints.
        concern_of: says whom an entry concerns.
    """

    def __init__(self, database: Database, pages: FeedPages, concern_of: ConcernOf) -> None:
        self._database = database
        self._pages = pages
        self._concern_of = concern_of

    def fill(self) -> int:
        """Take in what is signed; return how many entries are taken in."""
        signed = self._pages.size()
        with self._database.connection() as connection:
            row = connection.execute("SELECT size FROM feed_mark").fetchone()
        if row is not None and row[0] >= signed:
            return int(row[0])
        # A connection of one's own: whoever waits for the lock keeps none from others.
        with self._database.connect() as connection:
            while True:
                with connection.transaction():
                    # The lock makes the numbers: whoever has it takes in the next entries.
                    row = connection.execute("SELECT size FROM feed_mark FOR UPDATE").fetchone()
                    if row is None:
                        raise VerificationError("feed_mark: must be one row: run xiyou migrate")
                    if row[0] >= signed:
                        return int(row[0])
                    stop = min(row[0] + 1024, signed)
                    rows = next(read_steps(connection, row[0], stop))
                    self._take(connection, [(each[0], each[1], each[4]) for each in rows])
                    connection.execute("UPDATE feed_mark SET size = %s", [stop])

    def after(self, subject: str, size: int) -> OwnPage:
        """Return the page of *subject* with its first entry at index *size* or later.

        No events if there is none.
        """
        filled = self.fill()
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT min(number) FROM feed_subjects WHERE subject = %s AND leaf_index >= %s",
                [subject, size],
            ).fetchone()
            if row is None or row[0] is None:
                return OwnPage([], is_full=False)
            first = row[0] - row[0] % PAGE_WIDTH
            found = self._numbered(connection, subject, first, first + PAGE_WIDTH, filled)
        is_full = len(found) == PAGE_WIDTH
        end = found[-1].event.index + 1 if is_full else filled
        _, note = self._pages.ending(end)
        spelt = spell_own_page(self._pages.origin, found, end, first + len(found), note)
        return OwnPage(spelt, is_full)

    def numbered(self, subject: str, first: int, stop: int) -> list[OwnEvent]:
        """Return the events of *subject* with numbers ``[first, stop)`` that are signed."""
        filled = self.fill()
        with self._database.connection() as connection:
            return self._numbered(connection, subject, first, stop, filled)

    def indexes(self, subject: str, start: int, stop: int) -> list[int]:
        """Return the leaf indexes in ``[start, stop)`` that concern *subject* and are signed."""
        self.fill()
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT leaf_index FROM feed_subjects WHERE subject = %s"
                " AND leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index",
                [subject, start, stop],
            ).fetchall()
        return [index for (index,) in rows]

    def next_number(self, subject: str) -> int:
        """Return the number that the next entry of *subject* will have."""
        self.fill()
        with self._database.connection() as connection:
            return _next(connection, [subject]).get(subject, 0)

    def _numbered(
        self, connection: Connection, subject: str, first: int, stop: int, filled: int
    ) -> list[OwnEvent]:
        rows = connection.execute(
            "SELECT number, leaf_index, entry FROM feed_subjects JOIN entries USING (leaf_index)"
            " WHERE subject = %s AND number >= %s AND number < %s AND leaf_index < %s"
            " ORDER BY number",
            [subject, first, stop, filled],
            binary=True,
        ).fetchall()
        return [OwnEvent(number, EntryEvent(index, entry)) for number, index, entry in rows]

    def _take(self, connection: Connection, rows: Sequence[tuple[int, str, bytes]]) -> None:
        concerns = [self._concern_of(stream, entry) for _, stream, entry in rows]
        asked = sorted({stream for each in concerns for stream in each.streams})
        bound: dict[str, set[str]] = {stream: set() for stream in asked}
        for stream, subject in connection.execute(
            "SELECT stream, subject FROM feed_streams WHERE stream = ANY(%s)", [asked]
        ):
            bound[stream].add(subject)
        fresh: list[tuple[str, str]] = []
        found: list[tuple[str, int]] = []
        for (index, stream, _), concern in zip(rows, concerns, strict=True):
            subjects = set(concern.subjects)
            for each in concern.streams:
                subjects |= bound[each]
            found += [(subject, index) for subject in sorted(subjects)]
            if concern.binds:
                fresh += [(stream, subject) for subject in subjects - bound[stream]]
                bound[stream] |= subjects
        counters = _next(connection, sorted({subject for subject, _ in found}))
        numbered = []
        for subject, index in found:
            number = counters.get(subject, 0)
            counters[subject] = number + 1
            numbered.append((subject, number, index))
        with connection.cursor() as cursor:
            with cursor.copy(_COPY_SUBJECTS) as copy:
                for each in numbered:
                    copy.write_row(each)
            with cursor.copy(_COPY_STREAMS) as copy:
                for bond in fresh:
                    copy.write_row(bond)


def _next(connection: Connection, subjects: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(
        "SELECT subject, max(number) + 1 FROM feed_subjects WHERE subject = ANY(%s)"
        " GROUP BY subject",
        [list(subjects)],
    ).fetchall()
    return {subject: int(number) for subject, number in rows}
