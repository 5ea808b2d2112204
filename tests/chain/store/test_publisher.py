"""What the publisher leaves in the folder, and what it refuses to sign."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from chain.checkpoint import open_checkpoint
from chain.cosignature import verifier_of
from chain.errors import ChainError, VerificationError
from chain.hashes import leaf_hash
from chain.merkle import root_of
from chain.store import publisher as publisher_module
from chain.store.database import Database
from chain.store.files import Folder, LockedError
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.reader import LogReader
from chain.store.signer import RefusedToSignError, Signer, history_of, read_verifier_keys
from chain.tile_edge import TileEdge
from chain.tiles import Bundle, bundle_bytes, new_bundles, tiles_of
from tests.chain.store.published import AT, commands, make_home
from tests.chain.store.writing import write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path)


@pytest.fixture
def publisher(database: Database, home: Path) -> Iterator[Publisher]:
    with Publisher(database, home, Signer(home), clock=lambda: AT) as one:
        yield one


def check_published(database: Database, home: Path) -> int:
    """Check the folder against the entries, from nothing; return the published size."""
    folder = Folder(home / LOG_FOLDER)
    verifiers = [verifier_of(key) for key in read_verifier_keys(home)]
    checkpoint, verified = open_checkpoint(folder.read(CHECKPOINT), verifiers)
    assert len(verified) == 2
    reader = LogReader(database)
    assert reader.checkpoint() == folder.read(CHECKPOINT)
    entries = [each.entry for each in reader.entries(0, checkpoint.size)]
    assert checkpoint.root == root_of([leaf_hash(entry) for entry in entries])
    edge = TileEdge()
    tiles = dict(edge.extend([leaf_hash(entry) for entry in entries])) | dict(edge.partial_tiles())
    assert set(tiles) == {tile.path for tile in tiles_of(checkpoint.size)}
    for path, content in tiles.items():
        assert folder.read(path) == content
    for bundle in new_bundles(0, checkpoint.size):
        start = bundle.number * 256
        assert folder.read(bundle.path) == bundle_bytes(entries[start : start + bundle.width])
    assert folder.list(".staging") == []
    return checkpoint.size


def test_an_empty_log_publishes_nothing(publisher: Publisher, home: Path) -> None:
    assert publisher.publish_once() is None
    assert not (home / LOG_FOLDER / CHECKPOINT).exists()


@pytest.mark.parametrize("sizes", [[1], [255, 256, 257], [256], [300, 301, 700], [1300]])
def test_the_folder_is_the_log_at_every_step(
    database: Database, publisher: Publisher, home: Path, sizes: list[int]
) -> None:
    at = 0
    for size in sizes:
        write(database, commands(at, size - at))
        checkpoint = publisher.publish_once()
        assert checkpoint is not None
        assert checkpoint.size == size == check_published(database, home)
        assert publisher.publish_once() is None
        at = size


def test_a_backlog_is_worked_off_in_slices_with_a_checkpoint_each(
    database: Database, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "HELD", 100)
    write(database, commands(0, 150, each=5))
    with Publisher(database, home, Signer(home), slice_entries=300) as publisher:
        assert publisher.publish_once() is not None
    assert check_published(database, home) == 750
    assert [tree.size for tree in history_of(home)] == [300, 600, 750]


def test_a_new_process_goes_on_where_the_last_one_stopped(database: Database, home: Path) -> None:
    for first in (0, 200, 400, 600):
        write(database, commands(first, 200))
        with Publisher(database, home, Signer(home)) as publisher:
            publisher.publish_once()
        assert check_published(database, home) == first + 200


def test_partial_tiles_go_one_checkpoint_after_their_tile_is_full(
    database: Database, publisher: Publisher, home: Path
) -> None:
    folder = Folder(home / LOG_FOLDER)
    for first, partials in ((0, ["200"]), (200, ["200"]), (400, [])):
        write(database, commands(first, 200))
        publisher.publish_once()
        assert folder.list("tile/0/000.p") == partials
        assert folder.list("tile/entries/000.p") == partials


def test_partial_tiles_that_a_dead_process_left_go_too(database: Database, home: Path) -> None:
    folder = Folder(home / LOG_FOLDER)
    for first in (0, 200, 400):
        write(database, commands(first, 200))
        with Publisher(database, home, Signer(home)) as publisher:
            publisher.publish_once()
    assert folder.list("tile/0/000.p") == []
    assert folder.list("tile/0/001.p") == ["144"]
    write(database, commands(600, 200))
    with Publisher(database, home, Signer(home)) as publisher:
        publisher.publish_once()
    assert folder.list("tile/0/001.p") == []


def _publish(url: str, home: Path) -> None:
    with Publisher(Database(url), home, Signer(home)) as publisher:
        publisher.publish_once()


def test_one_home_has_one_publisher(
    database: Database, publisher: Publisher, home: Path, owner_url: str
) -> None:
    publisher.publish_once()
    with pytest.raises(LockedError, match=f"process {os.getpid()} is already publishing"):
        _publish(owner_url, home)
    publisher.close()
    other = multiprocessing.get_context("spawn").Process(target=_publish, args=(owner_url, home))
    other.start()
    other.join()
    assert other.exitcode == 0


def test_it_publishes_on_its_own_until_it_is_stopped(
    database: Database, publisher: Publisher, home: Path
) -> None:
    stop = Event()
    thread = Thread(target=publisher.run, args=(stop, 0.01))
    thread.start()
    try:
        write(database, commands(0, 3))
        deadline = Event()
        for _ in range(500):
            if (home / LOG_FOLDER / CHECKPOINT).exists():
                break
            deadline.wait(0.01)
        write(database, commands(3, 2))
    finally:
        stop.set()
        thread.join()
    assert check_published(database, home) == 5


TAMPERED: dict[str, tuple[str, str]] = {
    "entry-below-the-published-size": (
        "UPDATE entries SET entry = set_byte(entry, 200, 65) WHERE leaf_index = 270",
        "entry 270 is not the one that was published",
    ),
    "new-entry": (
        "UPDATE entries SET entry = set_byte(entry, 200, 65) WHERE leaf_index = 310",
        "nothing was signed",
    ),
    "new-entry-gone": ("DELETE FROM entries WHERE leaf_index = 310", "entry 310 is missing"),
    "edge": ("UPDATE head SET edge = set_byte(edge, 0, get_byte(edge, 0) # 1)", "right edge"),
    "head-smaller": (
        "UPDATE head SET size = 256, edge = substr(edge, 1, 32)",
        "entries 256 to 299 are missing",
    ),
    "checkpoint-row-gone": ("DELETE FROM checkpoints", "is not in the database"),
    "checkpoint-row-forged": (
        "UPDATE checkpoints SET note = replace(note, E'\\n300\\n', E'\\n299\\n')",
        "signature",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("backlog", [False, True])
def test_what_was_tampered_with_is_never_signed(
    database: Database,
    home: Path,
    owner_url: str,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    *,
    restarted: bool,
    backlog: bool,
) -> None:
    if backlog:
        monkeypatch.setattr(publisher_module, "HELD", 1)
    publisher = Publisher(database, home, Signer(home))
    write(database, commands(0, 300))
    publisher.publish_once()
    before = (home / LOG_FOLDER / CHECKPOINT).read_bytes()
    write(database, commands(300, 20))
    statement, words = TAMPERED[how]
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(statement.encode())
    if restarted or how.startswith("checkpoint"):
        publisher.close()
    with publisher, pytest.raises(ChainError, match=words):
        publisher.publish_once()
    assert (home / LOG_FOLDER / CHECKPOINT).read_bytes() == before
    assert [tree.size for tree in history_of(home)] == [300]
    assert not (home / LOG_FOLDER / Bundle(1, 64).path).exists()


def damage_tile(home: Path) -> None:
    path = home / LOG_FOLDER / "tile/0/001.p/44"
    path.write_bytes(bytes(len(path.read_bytes())))


def damage_checkpoint(home: Path) -> None:
    path = home / LOG_FOLDER / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-1])


def damage_history(home: Path) -> None:
    history_of(home).path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (damage_tile, VerificationError, "tiles do not lead"),
        (damage_checkpoint, ChainError, "note"),
        (damage_history, RefusedToSignError, "rolled back"),
    ],
)
def test_a_damaged_home_is_not_published_over(
    database: Database,
    home: Path,
    damage: Callable[[Path], None],
    error: type[ChainError],
    words: str,
) -> None:
    write(database, commands(0, 300))
    with Publisher(database, home, Signer(home)) as publisher:
        publisher.publish_once()
    damage(home)
    write(database, commands(300, 5))
    with Publisher(database, home, Signer(home)) as publisher, pytest.raises(error, match=words):
        publisher.publish_once()
    assert LogReader(database).checkpoint(305) is None
