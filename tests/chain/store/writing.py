"""Writes valid logs by plain SQL, without the sequencer.

What the tests of reader, publisher, vault and audit stand on: a second, simple and slow
statement of what the sequencer's transaction leaves behind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from chain import canonical
from chain.entry import Entry, format_at
from chain.hashes import ChainHash, LeafHash, chain_hash, leaf_hash
from chain.merkle import RightEdge
from chain.receipt import receipt_digest
from chain.store.database import Database

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
STEP = timedelta(milliseconds=10)


@dataclass(frozen=True)
class Event:
    stream: str
    type: str = "order.placed"
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    id: str
    events: Sequence[Event]


def body_of(event: Event, command_id: str) -> bytes:
    return canonical.to_bytes(
        {"data": event.data, "meta": {"actor": "tester", "command_id": command_id, "schema": 1}}
    )


def write(
    database: Database, commands: Iterable[Command], *, values: Iterable[Sequence[object]] = ()
) -> int:
    """Append what *commands* bring in one transaction; return the new size.

    *values* are rows of sealed_values (digest, data_key, ciphertext).
    """
    with database.connect() as connection, connection.transaction():
        return _append(connection, commands, values)


def _append(
    connection: Connection, commands: Iterable[Command], values: Iterable[Sequence[object]]
) -> int:
    head = connection.execute("SELECT size, edge FROM head FOR UPDATE").fetchone()
    assert head is not None
    edge = RightEdge.from_bytes(head[0], bytes(head[1]))
    known: dict[str, tuple[int, ChainHash | None]] = {}
    at = ""
    rows: list[tuple[object, ...]] = []
    receipts: list[tuple[object, ...]] = []
    for command in commands:
        leaves: list[LeafHash] = []
        first = edge.size
        for event in command.events:
            seq, prev = known.get(event.stream) or _stream_head(connection, event.stream)
            at = format_at(START + STEP * edge.size)
            body = body_of(event, command.id)
            entry = Entry(at, prev, seq + 1, event.stream, event.type, body).to_bytes()
            known[event.stream] = (seq + 1, chain_hash(entry))
            rows.append((edge.size, event.stream, seq + 1, event.type, entry))
            leaves.append(leaf_hash(entry))
            edge.append(leaves[-1])
        receipts.append((command.id, first, len(leaves), receipt_digest(command.id, leaves)))
    _copy(connection, "entries (leaf_index, stream, seq, type, entry)", rows)
    _copy(connection, "receipts (command_id, first_index, events, digest)", receipts)
    _copy(connection, "sealed_values (digest, data_key, ciphertext)", values)
    connection.execute(
        "UPDATE head SET size = %s, at = %s, edge = %s", (edge.size, at, edge.to_bytes())
    )
    return edge.size


def _copy(connection: Connection, into: str, rows: Iterable[Sequence[object]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _stream_head(connection: Connection, stream: str) -> tuple[int, ChainHash | None]:
    row = connection.execute(
        "SELECT seq, entry FROM entries WHERE stream = %s ORDER BY seq DESC LIMIT 1", (stream,)
    ).fetchone()
    return (0, None) if row is None else (row[0], chain_hash(bytes(row[1])))
