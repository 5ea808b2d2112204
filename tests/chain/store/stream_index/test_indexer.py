"""The indexer: what it commits is true, it commits news only, and one works at a time."""

import threading
from pathlib import Path
from threading import Event as Signal

import psycopg
import pytest

from chain.store.database import Database
from chain.store.files import LockedError
from chain.store.reader import LogReader
from chain.store.stream_index.indexer import RewoundError, ranges_folder
from chain.store.stream_index.stored_log import StoredLog
from tests.chain.store.owners import until
from tests.chain.store.stream_index.following import (
    check_true,
    grow,
    indexer_of,
)


def covered(log: StoredLog) -> int:
    newest = log.newest(log.size())
    return newest.commitment.size if newest else 0


def test_every_commitment_is_what_the_slow_reference_says(
    database: Database, tmp_path: Path
) -> None:
    with indexer_of(database, tmp_path) as indexer:
        for number in range(12):
            size = grow(database, 1 + number * 5 % 13)
            committed = indexer.commit_once()
            assert committed is not None
            assert committed.commitment.size == size == committed.leaf_index
            check_true(database, committed.commitment)


def test_an_idle_log_does_not_grow_by_its_own_commitments(
    database: Database, tmp_path: Path
) -> None:
    log = StoredLog(LogReader(database))
    with indexer_of(database, tmp_path) as indexer:
        assert indexer.commit_once() is None  # nothing is nothing to commit to
        size = grow(database, 21)
        assert indexer.commit_once() is not None
        assert [indexer.commit_once() for _ in range(3)] == [None] * 3
    # Nor after a start, with nothing but files and the log.
    with indexer_of(database, tmp_path) as indexer:
        assert indexer.commit_once() is None
        assert log.size() == size + 1
        grow(database, 1)
        assert indexer.commit_once() is not None


def test_only_one_keeps_an_index_at_a_time(database: Database, tmp_path: Path) -> None:
    with indexer_of(database, tmp_path), pytest.raises(LockedError):
        indexer_of(database, tmp_path)
    indexer_of(database, tmp_path).close()


def test_it_follows_until_stopped_and_commits_what_is_there_by_then(
    database: Database, tmp_path: Path
) -> None:
    log = StoredLog(LogReader(database))
    stop = Signal()
    with indexer_of(database, tmp_path) as indexer:
        thread = threading.Thread(target=indexer.run, args=(stop, 3_600.0, 50))
        thread.start()
        size = grow(database, 3)
        # The first news at once; then none for an hour, unless many come.
        until(lambda: log.newest(log.size()) is not None, 10)
        size = grow(database, 60)
        until(lambda: covered(log) >= size, 10)
        size = grow(database, 2)
        stop.set()
        thread.join(20)
    newest = log.newest(log.size())
    assert newest is not None
    assert newest.commitment.size == size
    check_true(database, newest.commitment)


def test_a_start_after_any_end_goes_on_from_the_files(database: Database, tmp_path: Path) -> None:
    for number in range(6):
        grow(database, 9 + number)
        with indexer_of(database, tmp_path) as indexer:
            committed = indexer.commit_once()
            assert committed is not None
            check_true(database, committed.commitment)
    assert any(ranges_folder(tmp_path).iterdir())


def test_files_of_another_log_are_made_again(
    database: Database, tmp_path: Path, owner_url: str
) -> None:
    """As after the database was put back to an older state, and went on differently."""
    grow(database, 40)
    with indexer_of(database, tmp_path) as indexer:
        indexer.commit_once()
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("TRUNCATE entries, receipts")
        owner.execute("UPDATE head SET size = 0, at = '', edge = ''")
    grow(database, 50)
    with indexer_of(database, tmp_path) as indexer:
        committed = indexer.commit_once()
        assert committed is not None
        check_true(database, committed.commitment)


@pytest.mark.parametrize("name", ["rows", "nodes", "types", "roots", "digest"])
def test_a_damaged_file_never_becomes_a_false_root(
    database: Database, tmp_path: Path, name: str
) -> None:
    grow(database, 4 * 15)  # three quarters of what merges into one
    with indexer_of(database, tmp_path) as indexer:
        indexer.commit_once()
    for path in ranges_folder(tmp_path).glob(f"*/{name}"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with indexer_of(database, tmp_path) as indexer:
        for _ in range(9):
            grow(database, 9)
            committed = indexer.commit_once()
            assert committed is not None
            check_true(database, committed.commitment)


def test_a_log_that_has_lost_entries_is_not_indexed_further(
    database: Database, tmp_path: Path
) -> None:
    grow(database, 20)
    with indexer_of(database, tmp_path) as indexer:
        indexer.follow()
        shrunk = StoredLog(LogReader(database))
        shrunk.size = lambda: 12  # type: ignore[method-assign] # an older state
        indexer._log = shrunk
        with pytest.raises(RewoundError, match="put back to an older state"):
            indexer.follow()


def test_two_commitments_of_one_moment_are_both_true(database: Database, tmp_path: Path) -> None:
    """As when two homes index one log: both entries stand, and each says what is so."""
    grow(database, 17)
    with indexer_of(database, tmp_path / "a") as one, indexer_of(database, tmp_path / "b") as two:
        first, second = one.commit_once(), two.commit_once()
        assert first is not None
        assert second is None  # the only news is the other's commitment
        grow(database, 1)
        assert two.commit_once() is not None
