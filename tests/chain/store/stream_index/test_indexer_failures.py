"""The indexer dies at each of its writes in turn; what it commits afterwards is true.

Every change of a file fails, before it happens; and every recording of a commitment fails
twice: once without having happened, once with only its answer lost.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chain.store.database import Database
from chain.store.reader import LogReader
from chain.store.stream_index.indexer import Indexer
from chain.store.stream_index.stored_log import Committed, StoredLog
from chain.stream_index.commitment import Commitment
from tests.chain.store.stream_index.following import (
    BASE,
    check_true,
    grow,
    indexer_of,
    record,
)

CHANGES = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove")
WRITING = 3
"""Of the flags of an opened file: not only read."""


class FailedChangeError(OSError):
    """The process dies here."""


class FileChanges:
    """Counts the changes below a folder, and lets one of them fail."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.count = 0
        self.fail_at: int | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None or event not in CHANGES:
            return
        path, *rest = arguments
        # Within a folder's descriptor a name stands alone.
        if not isinstance(path, str | Path) or self._is_elsewhere(Path(path)):
            return
        if event == "open" and not (isinstance(rest[1], int) and rest[1] & WRITING):
            return
        number, self.count = self.count, self.count + 1
        if number == self.fail_at:
            raise FailedChangeError(f"change {number}: {event} {path}")

    def _is_elsewhere(self, path: Path) -> bool:
        return path.is_absolute() and not str(path).startswith(str(self.folder))

    @contextmanager
    def below(self, folder: Path, fail_at: int | None) -> Iterator[None]:
        """Watch *folder*, and let the change *fail_at* fail."""
        self.folder, self.count, self.fail_at = str(folder), 0, fail_at
        try:
            yield
        finally:
            self.folder = None


@pytest.fixture(scope="module")
def changes() -> FileChanges:
    """The one watcher of this process: such a hook cannot be taken off again."""
    watcher = FileChanges()
    sys.addaudithook(watcher)
    return watcher


def work(database: Database, home: Path) -> Committed | None:
    """Start, index, commit, end: what one run of the indexer does."""
    with indexer_of(database, home) as indexer:
        return indexer.commit_once()


def test_every_change_of_a_file_may_be_the_last(
    database: Database, tmp_path: Path, changes: FileChanges
) -> None:
    log = StoredLog(LogReader(database))
    failed = 0
    for number in range(0, 200, 2):
        grow(database, 12)
        with changes.below(tmp_path, number):
            try:
                work(database, tmp_path)
            except FailedChangeError:
                failed += 1
            else:
                if changes.count <= number:
                    break
        # Whatever was left there, the next start commits to what is true, in any order.
        grow(database, 1)
        committed = work(database, tmp_path)
        assert committed is not None
        check_true(database, committed.commitment)
    assert failed > 15
    for each in log.latest(1_000)[::7]:
        check_true(database, each.commitment)


@pytest.mark.parametrize("kept", [False, True])
def test_a_recording_may_fail_before_or_after_it_happened(
    database: Database, tmp_path: Path, *, kept: bool
) -> None:
    log = StoredLog(LogReader(database))

    def lose(commitment: Commitment) -> None:
        if kept:
            record(database, commitment)
        raise OSError("the answer is lost")

    for count in (3, 30, 7):
        grow(database, count)
        with failing(database, tmp_path, lose) as indexer, pytest.raises(OSError, match="lost"):
            indexer.commit_once()
        size = log.size()
        committed = work(database, tmp_path)
        # What was recorded is no news; what was not, is recorded now.
        assert (committed is None) is kept
        assert log.size() == (size if kept else size + 1)
    for each in log.latest(100):
        check_true(database, each.commitment)


def failing(database: Database, home: Path, commit: Callable[[Commitment], None]) -> Indexer:
    log = StoredLog(LogReader(database))
    return Indexer(home, log, commit, base_level=BASE, durable=False)
