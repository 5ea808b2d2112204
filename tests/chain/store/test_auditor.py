"""The audits of database, files and both: what they find, in any size, taken up at any point."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from chain.audit import Finding
from chain.store.auditor import AuditReport, audit_both, audit_database, audit_files
from chain.store.auditor import database as database_module
from chain.store.auditor import published as published_module
from chain.store.auditor import stretches as stretches_module
from chain.store.auditor.partitions import Partitions
from chain.store.auditor.progress import FILE
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.reader import LogReader
from chain.store.signer import Signer, read_verifier_keys
from tests.chain.store.published import AT, make_home
from tests.chain.store.writing import Command, Event, write

SIZES = (100, 333, 700)
BUILT = "auditor_log"


@pytest.fixture(scope="module")
def built(
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A published log of 700 entries, some receipts of which span stretches; made once."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {BUILT} TEMPLATE {migrated_template}".encode())
    database = Database(postgres_server.url(user="xiyou_app", database=BUILT))
    home = make_home(tmp_path_factory.mktemp("built") / "home")
    with Publisher(database, home, Signer(home)) as publisher:
        at = 0
        for size in SIZES:
            while at < size:
                numbers = range(at, min(at + 37, size))
                events = [Event(f"ord_{n * 7 % 23}", data={"n": n}) for n in numbers]
                at = write(database, [Command(f"cmd-{at}", events)])
            publisher.publish_once()
    database.close()
    yield home
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {BUILT} WITH (FORCE)".encode())


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """The test's own copy of the files."""
    return Path(shutil.copytree(built, tmp_path / "home"))


@pytest.fixture
def database_name(postgres_server: EmbeddedPostgres, built: Path) -> Iterator[str]:
    """The test's own copy of the database."""
    name = f"{BUILT}_copy"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {BUILT}".encode())
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make stretches of 16 entries, and let processes help from the third on."""
    monkeypatch.setattr(stretches_module, "WIDTH", 16)
    monkeypatch.setattr(database_module, "ALONE", 32)
    monkeypatch.setattr(published_module, "ALONE", 32)


def tamper(owner_url: str, *statements: str) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        for each in statements:
            owner.execute(each.encode())


def change(index: int) -> str:
    return (
        "UPDATE entries SET entry = set_byte(entry, octet_length(entry) - 5, 50)"
        f" WHERE leaf_index = {index}"
    )


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("processes", [1, 2])
def test_an_honest_log_has_no_fault_and_the_signed_root(
    database: Database, home: Path, processes: int
) -> None:
    keys = read_verifier_keys(home)
    root = LogReader(database).head().root()
    for report in (
        audit_database(database, keys=keys, processes=processes),
        audit_files(home / LOG_FOLDER, keys=keys, processes=processes),
        audit_both(database, home, processes=processes),
    ):
        assert report == AuditReport(700, root, ())


@pytest.mark.usefixtures("narrow")
def test_progress_is_told_to_the_end(database: Database, home: Path) -> None:
    told: list[tuple[int, int]] = []
    audit_database(database, progress=lambda *each: told.append(each), processes=1)
    assert told[-1] == (700, 700)
    assert [done for done, _ in told] == [*range(16, 700, 16), 700]
    told.clear()
    audit_both(database, home, progress=lambda *each: told.append(each), processes=1)
    assert told[-1] == (1400, 1400)
    assert told == sorted(told)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    ("index", "processes"), [(0, 1), (15, 1), (16, 1), (36, 1), (37, 1), (333, 2), (699, 1)]
)
def test_both_name_a_changed_entry_exactly(
    database: Database, home: Path, owner_url: str, index: int, processes: int
) -> None:
    tamper(owner_url, change(index))
    report = audit_both(database, home, processes=processes)
    assert report.findings == (Finding(index, "is not the entry that was published", "entries"),)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("index", [0, 16, 40, 333, 600])
def test_the_database_alone_names_an_entry_that_its_successor_denies(
    database: Database, home: Path, owner_url: str, index: int
) -> None:
    tamper(owner_url, change(index))
    report = audit_database(database, processes=1)
    assert report.first is not None
    assert report.first.index == index
    assert "whose hash entry" in report.first.what


@pytest.mark.usefixtures("narrow")
def test_of_several_faults_the_first_is_first(
    database: Database, home: Path, owner_url: str
) -> None:
    tamper(
        owner_url,
        change(500),
        "UPDATE entries SET type = 'x.y' WHERE leaf_index = 90",
        "UPDATE receipts SET events = events - 1 WHERE first_index = 37",
    )
    report = audit_both(database, home, processes=1)
    indexes = [each.index for each in report.findings]
    assert indexes[0] == 37
    assert set(indexes) >= {37, 90, 500}


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("index", [0, 15, 16, 300, 699])
def test_a_deleted_entry_is_named_whatever_comes_after(
    database: Database, home: Path, owner_url: str, index: int
) -> None:
    tamper(owner_url, f"DELETE FROM entries WHERE leaf_index = {index}")
    for report in (audit_database(database, processes=1), audit_both(database, home, processes=1)):
        assert report.first is not None
        assert (report.first.index, report.first.where) == (index, "entries")
        assert "missing" in report.first.what


class Interrupted(Exception):  # noqa: N818 — as KeyboardInterrupt is called
    pass


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("tampered", [None, 5, 400])
def test_an_interrupted_audit_goes_on_where_it_stood(
    database: Database,
    home: Path,
    owner_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tampered: int | None,
) -> None:
    monkeypatch.setattr(database_module, "SAVE_EVERY", 48)
    if tampered is not None:
        tamper(owner_url, change(tampered))
    expected = audit_database(database, keys=read_verifier_keys(home), processes=1)
    state = tmp_path / "state"
    state.mkdir()
    (state / "not-ours").touch()
    starts: list[int] = []

    def run(stop_after: int) -> AuditReport:
        first: list[int] = []

        def progress(done: int, _every: int) -> None:
            first.append(done)
            if len(first) > stop_after:
                raise Interrupted

        try:
            return audit_database(
                database, keys=read_verifier_keys(home), progress=progress, state=state, processes=1
            )
        finally:
            starts.append(first[0] - 16)

    report = None
    while report is None:
        try:
            report = run(9)
        except Interrupted:
            assert (state / FILE).exists()
    assert report == expected
    assert starts == sorted(set(starts))
    assert len(starts) > 3
    assert [each.name for each in state.iterdir()] == ["not-ours"]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-10],
        lambda text: text.replace(b'"position": 48', b'"position": 64'),
        lambda _: b"",
        lambda _: b"\xff\xfe",
    ],
)
def test_a_damaged_state_begins_the_audit_anew(
    database: Database,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr(database_module, "SAVE_EVERY", 48)
    state = tmp_path / "state"

    def interrupt(done: int, _every: int) -> None:
        if done > 64:
            raise Interrupted

    with pytest.raises(Interrupted):
        audit_database(database, progress=interrupt, state=state, processes=1)
    path = state / FILE
    path.write_bytes(damage(path.read_bytes()))
    told: list[int] = []
    report = audit_database(
        database, progress=lambda done, _: told.append(done), state=state, processes=1
    )
    assert report.findings == ()
    assert told[0] == 16


def test_files_are_audited_against_what_an_auditor_has_kept(
    database: Database, home: Path, tmp_path: Path
) -> None:
    keys = read_verifier_keys(home)
    old = LogReader(database).checkpoint(100)
    assert old is not None
    assert audit_files(home / LOG_FOLDER, keys=keys, known=[old]).findings == ()
    shorter = LogReader(database).checkpoint(333)
    newest = (home / LOG_FOLDER / CHECKPOINT).read_bytes()
    assert shorter is not None
    (home / LOG_FOLDER / CHECKPOINT).write_bytes(shorter)
    report = audit_files(home / LOG_FOLDER, keys=keys, known=[old, newest])
    assert report.first is not None
    assert report.first.index == 333
    assert "the log once had 700" in report.first.what


@pytest.mark.parametrize(
    ("path", "offset", "index", "where"),
    [
        ("tile/0/000", 32 * 40 + 3, 40, "tile/0/000, byte 1283"),
        ("tile/0/002.p/188", 32 * 100, 612, "tile/0/002.p/188, byte 3200"),
        ("tile/1/000.p/2", 33, 256, "tile/1/000.p/2, byte 33"),
    ],
)
def test_a_changed_tile_is_named_with_its_byte(
    database: Database, home: Path, path: str, offset: int, index: int, where: str
) -> None:
    file = home / LOG_FOLDER / path
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(data)
    report = audit_files(home / LOG_FOLDER, keys=read_verifier_keys(home))
    assert [(each.index, each.where) for each in report.findings] == [(index, where)]
    both = audit_both(database, home)
    assert [(each.index, each.where) for each in both.findings] == [(index, where)]


def test_a_changed_bundle_is_named_and_not_the_tile_above_it(home: Path) -> None:
    file = home / LOG_FOLDER / "tile/entries/001"
    data = file.read_bytes()
    place = data.index(b'"n":300')
    file.write_bytes(data[:place] + b'"n":301' + data[place + 7 :])
    report = audit_files(home / LOG_FOLDER, keys=read_verifier_keys(home))
    assert report.first is not None
    assert (report.first.index, report.first.where) == (300, "tile/entries/001")


def test_a_forged_or_missing_checkpoint_is_named(database: Database, home: Path) -> None:
    path = home / LOG_FOLDER / CHECKPOINT
    note = path.read_bytes()
    path.write_bytes(note.replace(b"\n700\n", b"\n699\n"))
    report = audit_files(home / LOG_FOLDER, keys=read_verifier_keys(home))
    assert report.findings[0].where == CHECKPOINT
    path.unlink()
    for report in (audit_files(home / LOG_FOLDER), audit_both(database, home)):
        assert report.findings[0].where == CHECKPOINT
        assert "missing" in report.findings[0].what


def test_a_checkpoint_that_was_signed_for_another_tree_is_named(
    database: Database, home: Path, owner_url: str, tmp_path: Path
) -> None:
    # As if the keys had been used elsewhere: a valid signature under another root.
    other = make_home(tmp_path / "other")
    signer = Signer(other)
    size = 350
    note = signer.sign(size, LogReader(database).head().root(), [], AT)
    with psycopg.connect(owner_url) as owner:
        owner.execute("INSERT INTO ledger.checkpoints VALUES (%s, %s)", [size, note.decode()])
    report = audit_database(database, keys=read_verifier_keys(home), processes=1)
    assert report.first is not None
    assert report.first.index == 333
    assert "333 to 349" in report.first.what


def test_partitions_give_back_what_they_took_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.store.auditor.partitions.HELD_BYTES", 100)
    partitions = Partitions(tmp_path / "parts", 3)
    records = [b"%d" % n * (n % 9) for n in range(200)]
    for number, record in enumerate(records):
        partitions.append(number % 3, record)
    for part in range(3):
        assert list(partitions.read(part)) == records[part::3]
    lengths = partitions.sync()
    partitions.append(0, b"after")
    partitions.flush()
    again = Partitions(tmp_path / "parts", 3)
    again.take_up(lengths)
    assert [list(again.read(part)) for part in range(3)] == [records[part::3] for part in range(3)]
    with pytest.raises(ValueError, match="another number"):
        Partitions(tmp_path / "parts", 2).take_up(lengths)
    with pytest.raises(ValueError, match="shorter"):
        again.take_up([length + 1 for length in lengths])


@pytest.fixture
def spilled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.store.auditor.partitions.HELD_BYTES", 1000)
    monkeypatch.setattr("chain.store.auditor.chains.STREAMS_EACH", 100)
    monkeypatch.setattr("chain.store.auditor.sealed.DIGESTS_EACH", 100)


@pytest.mark.usefixtures("narrow", "spilled")
def test_what_does_not_fit_in_memory_is_judged_from_files(
    database: Database, home: Path, owner_url: str
) -> None:
    assert audit_database(database, processes=1).findings == ()
    tamper(owner_url, "UPDATE receipts SET digest = sha256(digest) WHERE first_index = 370")
    tamper(owner_url, change(100))
    report = audit_database(database, processes=1)
    assert report.first is not None
    assert report.first.index == 100
