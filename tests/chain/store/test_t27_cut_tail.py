"""T27: the last entries removed: refused, and reported as incompleteness, never as success.

brandonrc/mobula#59, Rohithgilla12/data-peek#218. The insider removes the tail and makes the
head, the receipts and the tree's edge fit: what is left is a good log, only shorter.
"""

from pathlib import Path

import psycopg
import pytest

from chain.consistency import verify_consistency
from chain.entry import Entry
from chain.errors import ChainError, VerificationError
from chain.hashes import leaf_hash
from chain.merkle import RightEdge, root_of
from chain.store.auditor import audit_both, audit_database
from chain.store.database import Database
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.reader import LogReader
from chain.store.signer import Signer, history_of, read_verifier_keys
from tests.chain.store.published import commands, make_home
from tests.chain.store.writing import write

ENTRIES = 40
CUTS = [1, 39]
"""The last entry; all but the first."""


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    home = make_home(tmp_path / "home")
    with Publisher(database, home, Signer(home)) as publisher:
        write(database, commands(0, ENTRIES))
        publisher.publish_once()
    return home


@pytest.fixture(params=CUTS, ids=lambda removed: f"{removed} removed")
def left(database: Database, home: Path, owner_url: str, request: pytest.FixtureRequest) -> int:
    """How many entries the insider has left."""
    size = ENTRIES - int(request.param)
    kept = [each.entry for each in LogReader(database).entries(0, size)]
    edge, at = RightEdge(), Entry.parse(kept[-1]).at
    edge.extend([leaf_hash(each) for each in kept])
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM entries WHERE leaf_index >= %s", [size])
        owner.execute("DELETE FROM receipts WHERE first_index >= %s", [size])
        moved = [size, edge.to_bytes(), at]
        owner.execute("UPDATE head SET size = %s, edge = %s, at = %s", moved)
    return size


def missing(left: int) -> str:
    return f"entries {left} to {ENTRIES - 1} are missing: the log once had {ENTRIES}"


def test_t27_an_audit_says_which_entries_are_missing(
    database: Database, home: Path, left: int
) -> None:
    report = audit_database(database, keys=read_verifier_keys(home))
    assert any(missing(left) in each.what for each in report.findings)


def test_t27_the_signer_s_own_memory_shows_it_without_any_checkpoint(
    database: Database, home: Path, left: int, owner_url: str
) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM checkpoints")
    assert audit_database(database).findings == ()
    report = audit_database(database, signed=history_of(home))
    assert report.first is not None
    assert report.first.what == missing(left)


def test_t27_the_published_files_show_it(database: Database, home: Path, left: int) -> None:
    report = audit_both(database, home)
    assert report.findings


def test_t27_nothing_is_published_over_it(database: Database, home: Path, left: int) -> None:
    before = (home / LOG_FOLDER / CHECKPOINT).read_bytes()
    with Publisher(database, home, Signer(home)) as publisher, pytest.raises(VerificationError):
        publisher.publish_once()
    assert (home / LOG_FOLDER / CHECKPOINT).read_bytes() == before


def test_t27_whoever_expects_a_head_refuses_a_shorter_log(
    database: Database, home: Path, left: int
) -> None:
    expected = history_of(home).last()
    assert expected is not None
    leaves = [leaf_hash(each.entry) for each in LogReader(database).entries(0, left)]
    assert len(leaves) == left
    with pytest.raises(ChainError, match="sizes"):
        verify_consistency(*expected, left, root_of(leaves), [])
