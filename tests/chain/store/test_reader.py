"""Reading the log: any stretch, one history, one receipt."""

import tracemalloc

import psycopg
import pytest

from chain.entry import Entry
from chain.errors import VerificationError
from chain.hashes import EMPTY_ROOT, leaf_hash
from chain.merkle import root_of
from chain.receipt import receipt_digest
from chain.store import reader
from chain.store.database import Database
from chain.store.reader import LogReader, StoredReceipt, UnknownEntryError
from tests.chain.store.writing import Command, Event, write


@pytest.fixture
def log(database: Database) -> LogReader:
    commands = [
        Command(f"cmd-{n}", [Event(f"ord_{(n + k) % 7}", data={"n": n}) for k in range(n % 3 + 1)])
        for n in range(15)
    ]
    assert write(database, commands) == 30
    return LogReader(database)


def test_the_head_stands_for_all_entries(log: LogReader) -> None:
    entries = list(log.entries(0, log.size()))
    head = log.head()
    assert head.size == 30
    assert head.at == Entry.parse(entries[-1].entry).at
    assert head.root() == root_of([leaf_hash(each.entry) for each in entries])


def test_an_empty_log_has_a_head(database: Database) -> None:
    head = LogReader(database).head()
    assert (head.size, head.at, head.root()) == (0, "", EMPTY_ROOT)


@pytest.mark.parametrize("step", [1, 4, 1024])
def test_a_stretch_is_read_whole_and_in_order(
    log: LogReader, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "STEP", step)
    assert [each.leaf_index for each in log.entries(3, 17)] == list(range(3, 17))
    assert [each.leaf_index for each in log.entries(25, 99)] == list(range(25, 30))
    assert list(log.entries(5, 5)) == []
    flat = [pair for some in log.bytes_steps(3, 17) for pair in some]
    assert flat == [(each.leaf_index, each.entry) for each in log.entries(3, 17)]


def test_one_entry_is_found_by_its_index(log: LogReader) -> None:
    found = log.entry(29)
    assert found.leaf_index == 29
    parsed = Entry.parse(found.entry)
    assert (parsed.stream, parsed.seq, parsed.type) == (found.stream, found.seq, found.type)


@pytest.mark.parametrize("index", [-1, 30, 2**62])
def test_an_index_outside_the_log_is_named(log: LogReader, index: int) -> None:
    with pytest.raises(UnknownEntryError, match=f"{index}: the log has 30"):
        log.entry(index)


@pytest.mark.parametrize("spelt", [len("2026-11-22"), len("2026-11-22T10:00:00"), None])
def test_a_time_divides_the_log_as_far_as_it_is_spelt(log: LogReader, spelt: int | None) -> None:
    times = [Entry.parse(each.entry).at[:spelt] for each in log.entries(0, 30)]
    for moment in ("2000", *times, "2999"):
        assert log.taken_by(moment, 30) == sum(at[: len(moment)] < moment for at in times)
        assert log.taken_by(moment, 30, inclusive=True) == sum(
            at[: len(moment)] <= moment for at in times
        )
    with pytest.raises(UnknownEntryError, match="leaf index 30"):
        log.taken_by("2999", 31)


def test_a_history_is_one_stream_in_order(log: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "STEP", 2)
    expected = [each for each in log.entries(0, 30) if each.stream == "ord_3"]
    assert list(log.history("ord_3")) == expected
    assert [each.seq for each in expected] == list(range(1, len(expected) + 1))
    assert list(log.history("ord_9")) == []


def test_a_receipt_names_its_run(log: LogReader) -> None:
    found = log.receipt("cmd-2")
    leaves = [leaf_hash(each.entry) for each in log.entries(3, 6)]
    assert found == StoredReceipt("cmd-2", 3, 3, receipt_digest("cmd-2", leaves))
    assert log.receipt("cmd-99") is None


def test_checkpoints_are_found_by_size_and_the_newest_without(
    log: LogReader, database: Database
) -> None:
    assert log.checkpoint() is None
    with database.connect() as connection:
        connection.execute("INSERT INTO checkpoints VALUES (3, 'three'), (30, 'thirty')")
    assert log.checkpoint() == b"thirty"
    assert log.checkpoint(3) == b"three"
    assert log.checkpoint(4) is None


def test_a_second_head_is_refused(log: LogReader, owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.head DROP CONSTRAINT head_pkey")
        owner.execute("INSERT INTO ledger.head SELECT * FROM ledger.head")
    with pytest.raises(VerificationError, match="one row, not 2"):
        log.head()


def test_reading_takes_the_same_memory_however_long_the_stretch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [Event(f"ord_{n}", data={"pad": "x" * 500}) for n in range(4000)]
    write(database, [Command("all", events)])
    monkeypatch.setattr(reader, "STEP", 64)
    log = LogReader(database)
    for _ in log.entries(0, 64):
        pass
    tracemalloc.start()
    for _ in log.entries(0, 4000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000
