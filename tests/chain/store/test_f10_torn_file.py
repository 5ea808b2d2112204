"""F10 (reliability.md): a torn tile, bundle or checkpoint is named and rebuilt bit for bit."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chain.errors import VerificationError
from chain.store.auditor import audit_both, audit_files, rebuild
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.files import STAGING, DifferentFileError, Folder, LockedError
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.signer import Signer, read_verifier_keys
from tests.chain.store.published import commands, make_home
from tests.chain.store.writing import write

SIZE = 270
TORN = [
    "tile/0/000",
    "tile/0/001.p/14",
    "tile/1/000.p/1",
    "tile/entries/000",
    "tile/entries/001.p/14",
    CHECKPOINT,
]


@pytest.fixture(scope="module")
def built(
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Database, Path]]:
    """A published log; its database is only read."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE f10 TEMPLATE {migrated_template}".encode())
    database = Database(postgres_server.url(user="xiyou_app", database="f10"))
    home = make_home(tmp_path_factory.mktemp("f10") / "home")
    write(database, commands(0, SIZE))
    with Publisher(database, home, Signer(home)) as publisher:
        publisher.publish_once()
    yield database, home
    database.close()
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE f10 WITH (FORCE)")


@pytest.fixture
def home(built: tuple[Database, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(built[1], tmp_path / "home"))


@pytest.mark.parametrize("path", TORN)
def test_a_file_cut_at_any_offset_is_named_and_rebuilt(
    built: tuple[Database, Path], home: Path, path: str
) -> None:
    database, _ = built
    keys = read_verifier_keys(home)
    file = home / LOG_FOLDER / path
    whole = file.read_bytes()
    # Every offset of what is small; of 8 KiB and more one in each hash, and the ends.
    step = 1 if len(whole) < 100 else len(whole) // 40
    for offset in sorted({*range(0, len(whole), step), len(whole) - 1}):
        file.write_bytes(whole[:offset])
        report = audit_files(home / LOG_FOLDER, keys=keys, processes=1)
        assert report.first is not None
        assert report.first.where.split(",")[0] == path
        if path.startswith("tile/entries"):
            assert report.first.index is not None
            assert report.first.index // 256 == int(path[13:16])
        elif path != CHECKPOINT:
            assert report.first.where == f"{path}, byte {offset}"
    assert rebuild(database, home, keys) == [path]
    assert file.read_bytes() == whole
    assert rebuild(database, home, keys) == []
    assert audit_both(database, home, processes=1).findings == ()


@pytest.mark.parametrize("path", TORN)
def test_a_lost_file_is_named_and_rebuilt(
    built: tuple[Database, Path], home: Path, path: str
) -> None:
    database, original = built
    keys = read_verifier_keys(home)
    (home / LOG_FOLDER / path).unlink()
    report = audit_both(database, home, processes=1)
    assert report.first is not None
    assert report.first.where == path
    assert "missing" in report.first.what
    assert rebuild(database, home, keys) == [path]
    assert (home / LOG_FOLDER / path).read_bytes() == (original / LOG_FOLDER / path).read_bytes()


def test_a_tile_cut_at_every_offset_is_never_taken_for_the_whole_one(
    built: tuple[Database, Path], home: Path
) -> None:
    folder = Folder(home / LOG_FOLDER)
    whole = folder.read("tile/0/000")
    assert len(whole) == 8192
    for offset in range(len(whole)):
        (folder.root / "tile/0/000").write_bytes(whole[:offset])
        with pytest.raises(DifferentFileError) as caught:
            folder.write([("tile/0/000", whole)])
        assert (caught.value.path, caught.value.offset) == ("tile/0/000", offset)


def test_everything_is_rebuilt_from_the_database_alone(
    built: tuple[Database, Path], home: Path
) -> None:
    database, original = built
    shutil.rmtree(home / LOG_FOLDER)
    rebuild(database, home, read_verifier_keys(home))
    for path in (each for each in (original / LOG_FOLDER).rglob("*") if each.is_file()):
        name = path.relative_to(original)
        assert (home / name).read_bytes() == path.read_bytes()


def test_nothing_is_rebuilt_under_a_publishers_hands_or_without_a_checkpoint(
    built: tuple[Database, Path], home: Path, database: Database
) -> None:
    with Publisher(built[0], home, Signer(home)) as publisher:
        publisher.publish_once()
        with pytest.raises(LockedError, match="already publishing"):
            rebuild(built[0], home, read_verifier_keys(home))
    with pytest.raises(VerificationError, match="no checkpoint is kept"):
        rebuild(database, home, read_verifier_keys(home))


_WRITE = """
import sys
from pathlib import Path
from chain.store.files import Folder
folder = Folder(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**6):
    folder.write((f"{number:06}/{part}", bytes([part]) * 50_000) for part in range(8))
    folder.replace("checkpoint", b"%d\\n" % number * 9000)
"""


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.1])
def test_a_writer_killed_at_any_moment_leaves_no_torn_file(tmp_path: Path, delay: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
    folder = Folder(tmp_path)
    folder.clean()
    assert folder.list(STAGING) == []
    for path in (each for each in tmp_path.rglob("*") if each.is_file()):
        if path.name == CHECKPOINT:
            first = path.read_bytes().split(b"\n")[0]
            assert path.read_bytes() == (first + b"\n") * 9000
        else:
            assert path.read_bytes() == bytes([int(path.name)]) * 50_000
