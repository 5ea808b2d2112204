"""Proofs against a commitment in the log: from files, or from the log where they are gone."""

import shutil
from pathlib import Path

import pytest

from chain.errors import VerificationError
from chain.store.database import Database
from chain.store.reader import LogReader
from chain.store.stream_index.committed import CommittedIndex, NoCommitmentError
from chain.store.stream_index.indexer import HELD, ranges_folder
from chain.store.stream_index.stored_log import StoredLog
from chain.stream_index.commitment import Commitment
from chain.stream_index.shown import IndexUntrueError
from tests.chain.store.stream_index.following import check_proofs, grow, indexer_of, record


def committed_in(database: Database, home: Path, size: int) -> CommittedIndex:
    return CommittedIndex(ranges_folder(home), StoredLog(LogReader(database)), size)


def check(database: Database, home: Path, size: int) -> None:
    with committed_in(database, home, size) as index:
        leaf_index, commitment = index.committed
        assert commitment.size <= leaf_index < size
        assert index.prove_head("ord_0")[0] == leaf_index
        check_proofs(database, commitment, index.prove_head)


def test_a_checkpoint_is_proved_by_its_newest_commitment(
    database: Database, tmp_path: Path
) -> None:
    sizes = []
    with indexer_of(database, tmp_path) as indexer:
        for number in range(HELD + 6):
            grow(database, 3 + number * 7 % 11)
            committed = indexer.commit_once()
            assert committed is not None
            sizes.append(committed.leaf_index + 1)
    for size in sizes:  # of the oldest the files are gone
        check(database, tmp_path, size)
    check(database, tmp_path, sizes[-1] + 100)
    with pytest.raises(NoCommitmentError, match="xiyou index commit"):
        committed_in(database, tmp_path, sizes[0] - 1)


def test_what_was_merged_since_stays_in_files_for_a_while(
    database: Database, tmp_path: Path
) -> None:
    grow(database, 60)
    with indexer_of(database, tmp_path) as indexer:
        first = indexer.commit_once()
        assert first is not None
        before = {path.name for path in ranges_folder(tmp_path).iterdir()}
        grow(database, 40)
        second = indexer.commit_once()
        assert second is not None
        assert second.commitment.cover[0] not in first.commitment.cover  # it was merged
        kept = {path.name for path in ranges_folder(tmp_path).iterdir()}
        assert before <= kept
        for _ in range(HELD):
            grow(database, 1)
            indexer.commit_once()
        left = {path.name for path in ranges_folder(tmp_path).iterdir()}
        assert not before <= left


def test_without_any_file_it_is_made_from_the_log(database: Database, tmp_path: Path) -> None:
    grow(database, 90)
    with indexer_of(database, tmp_path) as indexer:
        committed = indexer.commit_once()
    assert committed is not None
    shutil.rmtree(ranges_folder(tmp_path))
    check(database, tmp_path, committed.leaf_index + 1)


@pytest.mark.parametrize("name", ["rows", "nodes", "roots"])
def test_a_damaged_file_is_not_believed(database: Database, tmp_path: Path, name: str) -> None:
    grow(database, 90)
    with indexer_of(database, tmp_path) as indexer:
        committed = indexer.commit_once()
    assert committed is not None
    for path in ranges_folder(tmp_path).glob(f"*/{name}"):
        data = bytearray(path.read_bytes())
        for at in range(0, len(data), 7):
            data[at] ^= 1
        path.write_bytes(data)
    check(database, tmp_path, committed.leaf_index + 1)


def test_a_false_commitment_is_not_proved(database: Database, tmp_path: Path) -> None:
    grow(database, 60)
    with indexer_of(database, tmp_path) as indexer:
        committed = indexer.commit_once()
    assert committed is not None
    size, ranges = committed.commitment
    lie = ranges[0]._replace(stream_root=ranges[1].stream_root)
    newest = record(database, Commitment(size, (lie, *ranges[1:])))
    with committed_in(database, tmp_path, newest) as index:
        with pytest.raises(IndexUntrueError, match="range 0 of level 4") as raised:
            index.prove_head("ord_nobody")
        assert raised.value.code == "index_lie"
        assert isinstance(raised.value, VerificationError)
