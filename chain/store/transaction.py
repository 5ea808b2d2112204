"""One append: what is read under the head's lock, and what is written before the commit.

Two round trips for a small batch: the lock and all that depends on it, then all rows and
the commit. A big batch goes by binary COPY, a run of entries at a time (see `copying`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from chain.batch import Batch, Row, StreamHead
from chain.command import Command, CommandReusedError, NewEvent, Receipt, TrackingConflictError
from chain.entry import Entry, format_at
from chain.errors import ChainError
from chain.hashes import LeafIndex, chain_hash, leaf_hash
from chain.merkle import RightEdge
from chain.receipt import receipt_digest
from chain.register import RegisterRow
from chain.store.copying import copy_entries
from chain.store.registers import write_rows
from chain.store.vault import SealedRow

COPY_FROM = 48
"""Events from which COPY measures faster than arrays (``xiyou bench append``)."""

LOCK_HEAD = "SELECT size, at, edge FROM head FOR UPDATE"
KNOWN_RECEIPTS = "SELECT command_id, first_index, events FROM receipts WHERE command_id = ANY(%s)"
STREAM_HEADS = """
SELECT wanted.stream, last.seq, last.entry
FROM unnest(%b::text[]) AS wanted (stream)
CROSS JOIN LATERAL (
  SELECT seq, entry FROM entries WHERE entries.stream = wanted.stream
  ORDER BY seq DESC LIMIT 1
) AS last
"""
INSERT_ENTRIES = """
INSERT INTO entries (leaf_index, stream, seq, type, entry)
SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::text[], %b::bytea[])
"""
INSERT_RECEIPTS = """
INSERT INTO receipts (command_id, first_index, events, digest)
SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::bytea[])
"""
INSERT_SEALED = """
INSERT INTO sealed_values (digest, data_key, ciphertext)
SELECT * FROM unnest(%b::bytea[], %b::text[], %b::bytea[])
"""
MOVE_HEAD = "UPDATE head SET size = %s, at = %s, edge = %s"
MOVE_TRACKING = """
INSERT INTO tracking AS known (application_name, notification_id) VALUES (%s, %s)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE known.notification_id < excluded.notification_id
"""
ONE_RECEIPT = "SELECT first_index, events FROM receipts WHERE command_id = %s"
COMMAND_ENTRIES = """
SELECT entry FROM entries WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index
"""


class LogDamagedError(RuntimeError):
    """The database does not hold what only the sequencer writes; an audit says where."""


class Tracked(NamedTuple):
    """How far a follower has come: it moves in the transaction of the events that it caused."""

    application_name: str
    notification_id: int


@dataclass(frozen=True, slots=True)
class Request:
    """A command with what must be written in its transaction besides its events."""

    command: Command
    sealed: Sequence[SealedRow] = ()
    tracked: Tracked | None = None
    beside: Sequence[RegisterRow] = ()


Answer = Receipt | ChainError
"""What became of a request: its receipt, or why it was refused."""


class LogState(NamedTuple):
    """What an append stands on; true for as long as the head's lock is held."""

    at: str
    edge: RightEdge
    receipts: dict[str, tuple[int, int]]
    heads: dict[str, StreamHead]


def append(
    connection: Connection, requests: Sequence[Request], clock: Callable[[], datetime]
) -> list[Answer]:
    """Write all of *requests* that may be written, in one transaction; answer each.

    Raises:
        psycopg.Error: nothing was written, or the commit's answer was lost.
        LogDamagedError: the database does not hold a log.
    """
    state = lock_head(connection, [each.command for each in requests])
    batch = Batch(max(format_at(clock()), state.at), state.edge, state.heads)
    answers: dict[int, Answer] = {}
    admitted: list[int] = []
    again: list[int] = []
    seen = set(state.receipts)
    for place, request in enumerate(requests):
        if request.command.id in seen:
            again.append(place)
            continue
        try:
            if request.tracked:
                _move_tracking(connection, request.tracked)
            batch.admit(request.command)
        except ChainError as error:
            answers[place] = error
        else:
            seen.add(request.command.id)
            admitted.append(place)
    if admitted:
        sealed = [row for place in admitted for row in requests[place].sealed]
        beside = [row for place in admitted for row in requests[place].beside]
        answers |= zip(admitted, write(connection, batch, sealed, beside), strict=True)
    else:
        connection.execute("ROLLBACK")
    for place in again:
        answers[place] = answer_again(connection, requests[place].command)
    return [answers[place] for place in range(len(requests))]


def lock_head(connection: Connection, commands: Sequence[Command]) -> LogState:
    """Begin a transaction, lock the head, and read what *commands* depend on.

    The reads are statements of their own behind the lock, so that each sees everything
    that the lock's last holder committed.

    Raises:
        LogDamagedError: the head's row is missing.
        psycopg.Error: the database refuses or is out of reach.
    """
    streams = list({event.stream for command in commands for event in command.events})
    ids = [command.id for command in commands]
    with connection.pipeline():
        connection.execute("BEGIN")
        head = connection.execute(LOCK_HEAD, binary=True)
        known = connection.execute(KNOWN_RECEIPTS, [ids], binary=True)
        last = connection.execute(STREAM_HEADS, [streams], binary=True)
    row = head.fetchone()
    if row is None:
        raise LogDamagedError("table head has no row: run xiyou audit")
    size, at, edge = row
    return LogState(
        at,
        RightEdge.from_bytes(size, edge),
        {command_id: (first, events) for command_id, first, events in known},
        {stream: StreamHead(seq, chain_hash(entry).hex()) for stream, seq, entry in last},
    )


def write(
    connection: Connection,
    batch: Batch,
    sealed: Sequence[SealedRow],
    beside: Sequence[RegisterRow] = (),
) -> list[Receipt]:
    """Write all that *batch* admitted, commit, and return the receipts in its order.

    Raises:
        psycopg.IntegrityError: a register takes one of *beside* not; nothing was written.
        psycopg.Error: nothing was written, or the commit's answer was lost.
    """
    rows: list[Row] = []
    if batch.events >= COPY_FROM:
        copy_entries(connection, batch.runs())
    else:
        rows = [row for run in batch.runs() for row in run]
    receipts = batch.receipts()
    edge = batch.edge
    with connection.pipeline():
        if rows:
            connection.execute(INSERT_ENTRIES, _columns(rows))
        if sealed:
            connection.execute(INSERT_SEALED, _columns(sealed))
        write_rows(connection, beside)
        connection.execute(INSERT_RECEIPTS, _columns([_receipt_row(each) for each in receipts]))
        connection.execute(MOVE_HEAD, [edge.size, batch.at, edge.to_bytes()])
        # Dying before this line leaves nothing of the batch; after it, everything. A caller
        # who hears neither asks again under the same command id and gets the same receipt.
        commit = connection.execute("COMMIT")
    if commit.statusmessage != "COMMIT":
        raise LogDamagedError(f"the commit answered {commit.statusmessage}")
    return receipts


def answer_again(connection: Connection, command: Command) -> Answer:
    """Return the receipt that *command* has got before, or say that its id was another's."""
    row = connection.execute(ONE_RECEIPT, [command.id]).fetchone()
    if row is None:
        raise LogDamagedError(f"the receipt of command {command.id} is gone: run xiyou audit")
    first, events = row
    rows = connection.execute(COMMAND_ENTRIES, [first, first + events], binary=True).fetchall()
    entries = [Entry.parse(entry) for (entry,) in rows]
    stored = [NewEvent(each.stream, each.seq, each.type, each.body) for each in entries]
    if stored != list(command.events):
        return CommandReusedError(command.id)
    return Receipt(command.id, LeafIndex(first), tuple(leaf_hash(entry) for (entry,) in rows))


def _move_tracking(connection: Connection, tracked: Tracked) -> None:
    """Move a follower's position forward.

    Raises:
        TrackingConflictError: it is there already, or beyond.
    """
    if connection.execute(MOVE_TRACKING, tracked).rowcount != 1:
        raise TrackingConflictError(*tracked)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _receipt_row(receipt: Receipt) -> tuple[str, LeafIndex, int, bytes]:
    digest = receipt_digest(receipt.command_id, receipt.leaf_hashes)
    return receipt.command_id, receipt.first_index, len(receipt.leaf_hashes), digest
