"""Every write of a publication fails twice: lost, and kept but reported lost (style.md 3.7)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chain.checkpoint import Checkpoint
from chain.store import publisher as publisher_module
from chain.store.database import Database
from chain.store.publisher import LOG_FOLDER, Publisher
from chain.store.signed_history import SignedHistory, SignedTree
from chain.store.signer import Signer, history_of
from tests.chain.store.published import FailingFolder, commands, make_home
from tests.chain.store.test_publisher import check_published
from tests.chain.store.writing import write

OUTCOMES = ["lost", "kept_but_reported_lost"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path)


class FailingHistory(SignedHistory):
    outcome: str | None = None

    def append(self, tree: SignedTree) -> None:
        outcome, self.outcome = self.outcome, None
        if outcome != "lost":
            super().append(tree)
        if outcome is not None:
            raise OSError(outcome)


class FailingPublisher(Publisher):
    outcome: str | None = None

    def _keep(self, size: int, note: bytes) -> tuple[Checkpoint, bytes]:
        outcome, self.outcome = self.outcome, None
        if outcome == "lost":
            raise OSError(outcome)
        kept = super()._keep(size, note)
        if outcome is not None:
            raise OSError(outcome)
        return kept


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_any_failed_change_of_the_files_is_made_good(
    database: Database, home: Path, monkeypatch: pytest.MonkeyPatch, *, kept: bool, restarted: bool
) -> None:
    monkeypatch.setattr(publisher_module, "WRITTEN_TOGETHER", 2)
    files = FailingFolder(home / LOG_FOLDER)
    files.kept = kept
    publisher = Publisher(database, home, Signer(home), files=files)
    failures, size = 0, 0
    # The changes are numbered over all publications; failing each once covers writes of
    # bundles and tiles, the checkpoint and removals, and what the repair itself writes.
    while failures < 24:
        write(database, commands(size, 130))
        size += 130
        files.changes, files.fail_at = 0, failures % 8
        try:
            publisher.publish_once()
        except OSError:
            failures += 1
            if restarted:
                publisher.close()
                publisher = Publisher(database, home, Signer(home), files=files)
            write(database, commands(size, 1))
            size += 1
            files.fail_at = None
            publisher.publish_once()
        else:
            failures += 1
        assert check_published(database, home) == size
    publisher.close()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("step", ["mark", "row"])
def test_a_failed_mark_or_row_is_made_good(
    database: Database, home: Path, step: str, outcome: str, *, restarted: bool
) -> None:
    history = FailingHistory(history_of(home).path)
    publisher = FailingPublisher(database, home, Signer(home, history=history))
    write(database, commands(0, 300))
    publisher.publish_once()
    write(database, commands(300, 10))
    if step == "mark":
        history.outcome = outcome
    else:
        publisher.outcome = outcome
    with pytest.raises(OSError, match=outcome):
        publisher.publish_once()
    write(database, commands(310, 10))
    if restarted:
        publisher.close()
        publisher = FailingPublisher(database, home, Signer(home))
    publisher.publish_once()
    publisher.close()
    assert check_published(database, home) == 320
    # What was signed is kept, all of it and nothing else.
    with database.connect() as connection:
        rows = connection.execute("SELECT size FROM checkpoints ORDER BY size").fetchall()
    assert [size for (size,) in rows] == [tree.size for tree in history_of(home)]


_PUBLISH = """
import sys
from pathlib import Path
from threading import Event
from chain.store.database import Database
from chain.store.publisher import Publisher
from chain.store.signer import Signer
home = Path(sys.argv[2])
with Publisher(Database(sys.argv[1]), home, Signer(home)) as publisher:
    print("ready", flush=True)
    publisher.run(Event(), 0.0)
"""


def test_a_publisher_killed_at_any_moment_is_followed_by_one_that_goes_on(
    database: Database, home: Path, owner_url: str
) -> None:
    size = 0
    for trial in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", _PUBLISH, owner_url, str(home)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            for _ in range(10):
                write(database, commands(size, 40))
                size += 40
            time.sleep(0.007 * trial)
            os.kill(process.pid, signal.SIGKILL)
        with Publisher(database, home, Signer(home)) as publisher:
            publisher.publish_once()
        assert check_published(database, home) == size
