"""A checked log: taken up at any point, never by entries that are not those that were signed."""

import shutil
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from chain.checkpoint import Checkpoint
from chain.entry import Entry
from chain.errors import VerificationError
from chain.hashes import TreeHash
from chain.note import Note
from chain.rules import BrokenRuleError, Memory, Rules
from chain.store.checked_log import CheckedLog
from chain.store.checked_memory import FILE
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.signer import Signer
from chain.tiles import TILE_WIDTH
from chain.witness import NotCheckedYetError
from tests.chain.store.published import AT, make_home
from tests.chain.store.stream_index.following import BASE, grow, indexer_of
from tests.chain.store.writing import Command, Event, write

BAD = "key.forged"


class Counting:
    """Counts what it is shown in its memory, and refuses events of one type."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def take(self, index: int, entry: Entry) -> None:
        seen = int(self._memory.get("seen", "all") or 0)
        assert index == seen, "each entry once, and in order"
        if entry.type == BAD:
            raise BrokenRuleError(index, "forged", "it says so: itself")
        self._memory.put("seen", "all", str(seen + 1))


class Published:
    """A log that grows and is published, with commitments of its index."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = make_home(home)
        self.files = Folder(home / LOG_FOLDER)

    def grow(self, events: int) -> Checkpoint:
        grow(self.database, events)
        with indexer_of(self.database, self.home) as indexer:
            indexer.commit_once()
        return self.publish()

    def publish(self) -> Checkpoint:
        with Publisher(self.database, self.home, Signer(self.home), clock=lambda: AT) as publisher:
            publisher.publish_once()
        return Checkpoint.parse(Note.parse(self.files.read(CHECKPOINT)).text)


@pytest.fixture
def published(database: Database, tmp_path: Path) -> Published:
    return Published(database, tmp_path / "home")


def opened(published: Published, folder: Path, files: object = None) -> CheckedLog:
    def rules(memory: Memory) -> Rules:
        return Counting(memory)

    return CheckedLog(folder, files or published.files, rules, base_level=BASE)  # type: ignore[arg-type]


def test_it_is_taken_up_wherever_it_was_left(published: Published, tmp_path: Path) -> None:
    for events in (1, 2, 30, 7, 300):
        checkpoint = published.grow(events)
        log = opened(published, tmp_path / "checked")
        log.reach(checkpoint)
        assert log.size == checkpoint.size
        log.close()


class Failing(Folder):
    """Cannot be read any more after some files."""

    def __init__(self, root: Path, left: int) -> None:
        super().__init__(root)
        self.left = left

    def read(self, path: str) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise MissingFileError(path)
        return super().read(path)


def test_whichever_file_is_missing_the_next_start_goes_on(
    published: Published, tmp_path: Path
) -> None:
    checkpoint = published.grow(90)
    failures = 0
    for left in range(0, 400, 3):
        log = opened(published, tmp_path / "checked", Failing(published.files.root, left % 40))
        try:
            log.reach(checkpoint)
        except NotCheckedYetError:
            failures += 1
        finally:
            log.close()
        if log.size == checkpoint.size:
            break
    assert failures
    assert log.size == checkpoint.size


def test_one_answer_takes_no_longer_than_it_may(published: Published, tmp_path: Path) -> None:
    checkpoint = published.grow(60)
    ticks = count()
    log = opened(published, tmp_path / "checked")
    log._clock = lambda: float(next(ticks))
    sizes = []
    while log.size < checkpoint.size:
        with suppress(NotCheckedYetError):
            log.reach(checkpoint, 2)
        sizes.append(log.size)
    log.close()
    assert len(sizes) > 5
    assert sizes == sorted(sizes)


def test_entries_that_are_not_those_signed_are_not_judged(
    published: Published, tmp_path: Path
) -> None:
    checkpoint = published.grow(20)
    log = opened(published, tmp_path / "checked")
    other = replace(checkpoint, root=TreeHash(bytes(32)))
    with pytest.raises(NotCheckedYetError, match="not those under the signed root"):
        log.reach(other)
    assert log.size == 0
    log.reach(checkpoint)
    # A tree that parts from what was checked is not the log any more.
    with pytest.raises(NotCheckedYetError, match="not those under the signed root"):
        log.reach(replace(published.grow(9), root=TreeHash(bytes(32))))
    assert log.size == checkpoint.size
    log.close()


class Lying(Folder):
    """Serves other entries the second time."""

    lies = False

    def read(self, path: str) -> bytes:
        data = super().read(path)
        return data.replace(b'"n":', b'"m":') if self.lies and "entries" in path else data


def test_entries_that_are_read_again_must_be_the_same(published: Published, tmp_path: Path) -> None:
    files = Lying(published.files.root)
    checkpoint = published.grow(22)
    log = opened(published, tmp_path / "checked", files)
    log.reach(checkpoint)
    log.close()
    checkpoint = published.grow(3)
    shutil.rmtree(tmp_path / "checked" / "index")
    files.lies = True
    log = opened(published, tmp_path / "checked", files)
    with pytest.raises(NotCheckedYetError, match="published differently than before"):
        log.reach(checkpoint)
    files.lies = False
    log.reach(checkpoint)
    assert log.size == checkpoint.size
    log.close()


def test_a_damaged_range_never_refuses_a_true_log(published: Published, tmp_path: Path) -> None:
    checkpoint = published.grow(60)
    log = opened(published, tmp_path / "checked")
    log.reach(checkpoint)
    log.close()
    for path in (tmp_path / "checked" / "index").glob("*/rows"):
        path.write_bytes(path.read_bytes()[::-1])
    log = opened(published, tmp_path / "checked")
    for events in (9, 30, 9):
        checkpoint = published.grow(events)
        for _ in range(2):  # it may have to begin again once
            try:
                log.reach(checkpoint)
            except NotCheckedYetError:
                continue
        assert log.size == checkpoint.size
    log.close()


def test_what_broke_a_rule_is_remembered(published: Published, tmp_path: Path) -> None:
    before = published.grow(20)
    write(published.database, [Command("forged", [Event("key_x", BAD)])])
    after = published.grow(3)
    for _ in range(2):
        log = opened(published, tmp_path / "checked")
        with pytest.raises(BrokenRuleError, match=f"entry {before.size}: forged: it says so: its"):
            log.reach(after)
        log.reach(before)  # what came before it stays what it was
        log.close()


def test_a_gap_in_a_stream_is_refused(published: Published, tmp_path: Path) -> None:
    published.grow(20)
    with published.database.connect() as connection:
        known = connection.execute("SELECT max(seq) FROM entries WHERE stream = 'ord_0'").fetchone()
    assert known is not None
    # The sequencer would not take it; an operator can write it.
    log = opened(published, tmp_path / "checked")
    log.reach(published.publish())
    log._memory.put("chain", "ord_0", f"{known[0] - 1} {'0' * 64}")
    log._memory.keep(0, b"")
    with pytest.raises(BrokenRuleError, match="chain_broken"):
        log.reach(published.grow(11))
    log.close()


def test_a_damaged_memory_is_said(published: Published, tmp_path: Path) -> None:
    folder = tmp_path / "checked"
    folder.mkdir()
    (folder / FILE).write_bytes(b"this is no memory at all" * TILE_WIDTH)
    with pytest.raises(VerificationError, match="checked again from its first entry"):
        opened(published, folder)
