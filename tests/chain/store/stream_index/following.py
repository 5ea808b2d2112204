"""A log in a database that is indexed, with small ranges so that a few entries merge."""

from itertools import count
from pathlib import Path

from chain.store.database import Database
from chain.store.reader import LogReader
from chain.store.stream_index.indexer import Indexer
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.stored_log import StoredLog
from chain.stream_index.commitment import EVENT_TYPE, Commitment
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.rows import StreamRow
from tests.chain.store.writing import Command, Event, write
from tests.chain.stream_index import reference

BASE = 2
TYPES = ("order.placed", "order.paid", "key.sold")
NUMBERS = count()


def grow(database: Database, events: int, streams: int = 11) -> int:
    """Log *events* more; return the new size."""
    made = [
        Event(f"ord_{n * 7 % streams}", TYPES[n % 3], {"n": n})
        for n in (next(NUMBERS) for _ in range(events))
    ]
    return write(database, [Command(f"grow-{next(NUMBERS)}", made)])


def record(database: Database, commitment: Commitment) -> int:
    """Log *commitment*."""
    event = Event("index", EVENT_TYPE, commitment.members())
    return write(database, [Command(f"index-{next(NUMBERS)}", [event])])


def indexer_of(database: Database, home: Path) -> Indexer:
    log = StoredLog(LogReader(database))
    return Indexer(home, log, lambda made: record(database, made), base_level=BASE, durable=False)


def entries_of(database: Database) -> list[Indexed]:
    log = StoredLog(LogReader(database))
    return [each for some in log.entries(0, log.size()) for each in some]


def check_true(database: Database, commitment: Commitment) -> None:
    """Check every root of *commitment* against the slow reference."""
    plain = entries_of(database)[: commitment.size]
    assert commitment.members()["ranges"] == [
        reference.roots(plain, *each) for each in commitment.cover
    ]


def check_proofs(database: Database, commitment: Commitment, prove: object) -> None:
    """Check that *prove* shows every stream's end, and that there is no other stream."""
    assert callable(prove)
    entries = entries_of(database)[: commitment.size]
    heads = reference.heads([(*each,) for each in entries])
    for stream, (index, seq, leaf) in heads.items():
        proof = HeadProof.of_members(prove(stream)[1])
        verify_complete(proof, commitment, StreamRow(stream, seq, leaf), index)  # type: ignore[arg-type]
    verify_absent(HeadProof.of_members(prove("ord_nobody")[1]), commitment)
