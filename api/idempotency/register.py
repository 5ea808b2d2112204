"""The rows of idempotency keys: written with the events, answered after them.

``begun`` is written in the transaction of the command's events, as a row of a register, so a
row without an answer is of a request whose effect is in the log and whose answer may not
have been heard. A success can be answered anew from the log, so its answer may be written a
moment later and without waiting for the disk; a refusal stands nowhere else, and is durable
before anybody hears it. ``tests/api/idempotency/test_states.py``.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from psycopg import Connection

from chain.register import Register, RegisterRow

KEYS: Final = Register(
    "idempotency_keys",
    {"digest": "bytea", "operation": "text", "body": "bytea", "begun": "bigint"},
    key=("digest",),
)
"""What is written with the events; the other columns are the answer's."""

SELECT_ROWS: Final = """
SELECT digest, operation, body, begun, status, answer, link, finished
FROM idempotency_keys WHERE digest = ANY(%s)
"""
WRITE_ANSWERS: Final = """
INSERT INTO idempotency_keys AS known
  (digest, operation, body, begun, status, answer, link, finished)
SELECT * FROM unnest(%s::bytea[], %s::text[], %s::bytea[], %s::bigint[], %s::smallint[],
                     %s::bytea[], %s::text[], %s::bigint[])
ON CONFLICT (digest) DO UPDATE
SET status = excluded.status, answer = excluded.answer, link = excluded.link,
    finished = excluded.finished
WHERE known.finished IS NULL
"""
SELECT_INTERRUPTED: Final = """
SELECT digest, operation, body, begun, status, answer, link, finished
FROM idempotency_keys WHERE finished IS NULL AND begun <= %s ORDER BY begun LIMIT %s
"""
COUNT_INTERRUPTED: Final = """
SELECT count(*), min(begun) FROM idempotency_keys WHERE finished IS NULL AND begun <= %s
"""
FORGET_ANSWERS: Final = """
UPDATE idempotency_keys SET answer = NULL
WHERE digest IN (
  SELECT digest FROM idempotency_keys WHERE answer IS NOT NULL AND finished < %s LIMIT %s
)
"""


FIRST_REFUSAL: Final = 400
"""Statuses from here on are no success."""


class KeyRow(NamedTuple):
    """What is known of a key; a `status` of None: it was begun, and not answered yet."""

    digest: bytes
    operation: str
    body: bytes
    """What two requests are compared by."""
    begun: int
    """Unix seconds, as the other time."""
    status: int | None = None
    answer: bytes | None = None
    """None again once it is too old."""
    link: str | None = None
    """Where the thing that came of it can be read."""
    finished: int | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether its answer is a refusal."""
        return self.status is not None and self.status >= FIRST_REFUSAL

    def beginning(self) -> RegisterRow:
        """Return what is written with the events."""
        return KEYS.new(
            digest=self.digest, operation=self.operation, body=self.body, begun=self.begun
        )


def read_rows(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, KeyRow]:
    """Return what is known of each of *digests*."""
    return {row[0]: KeyRow(*row) for row in connection.execute(SELECT_ROWS, [list(digests)])}


def write_answers(connection: Connection, rows: Iterable[KeyRow]) -> None:
    """Write answers; a key that has one keeps it."""
    # A statement must not touch a row twice, and the first answer stands.
    once = {row.digest: row for row in reversed(list(rows))}
    if once:
        columns = [list(column) for column in zip(*once.values(), strict=True)]
        connection.execute(WRITE_ANSWERS, columns)


def read_interrupted(connection: Connection, before: int, limit: int) -> list[KeyRow]:
    """Return keys that were begun by *before* and have no answer, the oldest first."""
    return [KeyRow(*row) for row in connection.execute(SELECT_INTERRUPTED, [before, limit])]


def count_interrupted(connection: Connection, before: int) -> tuple[int, int | None]:
    """Return how many there are, and when the oldest was begun."""
    row = connection.execute(COUNT_INTERRUPTED, [before]).fetchone()
    return (0, None) if row is None else (row[0], row[1])


def forget_answers(connection: Connection, before: int, limit: int) -> int:
    """Let go of answers that were given before *before*; return of how many keys."""
    return connection.execute(FORGET_ANSWERS, [before, limit]).rowcount
