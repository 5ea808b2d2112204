"""F14 (reliability.md): a tail rewritten with all its hashes is caught by each alone.

The insider has every right in the database and not the signing keys: he replaces the
entries from 120 on and recomputes chains, receipts, head and even the order of things, so
that the database agrees with itself in all respects.
"""

from pathlib import Path

import psycopg
import pytest

from chain.consistency import prove_consistency, verify_consistency
from chain.errors import ProofFailedError, VerificationError
from chain.hashes import TreeHash, leaf_hash, node_hash
from chain.merkle import Node, RightEdge, root_of
from chain.store.auditor import audit_both, audit_database, audit_files, rebuild
from chain.store.database import Database
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.reader import LogReader
from chain.store.signer import RefusedToSignError, Signer, history_of, read_verifier_keys
from tests.chain.store.published import AT, commands, make_home
from tests.chain.store.writing import Command, Event, write

REWRITTEN = 120


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    home = make_home(tmp_path / "home")
    with Publisher(database, home, Signer(home)) as publisher:
        for first in (0, 100):
            write(database, commands(first, 100))
            publisher.publish_once()
    return home


@pytest.fixture
def rewritten(database: Database, home: Path, owner_url: str) -> Database:
    """The database after the insider's work: as long as before, and a bit longer."""
    kept = [leaf_hash(each.entry) for each in LogReader(database).entries(0, REWRITTEN)]
    edge = RightEdge()
    edge.extend(kept)
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM entries WHERE leaf_index >= %s", [REWRITTEN])
        owner.execute("DELETE FROM receipts WHERE first_index >= %s", [REWRITTEN])
        owner.execute("UPDATE head SET size = %s, edge = %s", [REWRITTEN, edge.to_bytes()])
    events = [Event(f"ord_{n % 9}", data={"n": n, "refund": True}) for n in range(REWRITTEN, 230)]
    write(database, [Command(f"new-{n}", [event]) for n, event in enumerate(events)])
    return database


def test_the_database_agrees_with_itself(rewritten: Database, owner_url: str) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM checkpoints")
    assert audit_database(rewritten).findings == ()


def test_the_signer_alone_refuses(rewritten: Database, home: Path) -> None:
    signer = Signer(home)
    leaves = [leaf_hash(each.entry) for each in LogReader(rewritten).entries(0, 230)]

    def at(node: Node) -> TreeHash:
        level, index = node
        if not level:
            return TreeHash(leaves[index])
        return node_hash(at(Node(level - 1, 2 * index)), at(Node(level - 1, 2 * index + 1)))

    proof = prove_consistency(200, 230, lambda nodes: [at(node) for node in nodes])
    with pytest.raises(RefusedToSignError, match="below 200 was changed") as caught:
        signer.sign(230, root_of(leaves), proof, AT)
    assert caught.value.known_size == 200
    with pytest.raises(RefusedToSignError, match="size 200 was signed with root"):
        signer.sign(200, root_of(leaves[:200]), [], AT)


def test_t26_the_holder_of_an_old_checkpoint_alone_sees_it(rewritten: Database, home: Path) -> None:
    """maziyarpanahi/openmed#1644, ejirocodes/better-auth-audit-logs#14."""
    old = history_of(home).last()
    assert old is not None
    leaves = [leaf_hash(each.entry) for each in LogReader(rewritten).entries(0, 200)]
    with pytest.raises(ProofFailedError, match="two roots"):
        verify_consistency(*old, 200, root_of(leaves), [])


def test_the_publisher_refuses(rewritten: Database, home: Path) -> None:
    before = (home / LOG_FOLDER / CHECKPOINT).read_bytes()
    with Publisher(rewritten, home, Signer(home)) as publisher, pytest.raises(VerificationError):
        publisher.publish_once()
    assert (home / LOG_FOLDER / CHECKPOINT).read_bytes() == before
    assert [tree.size for tree in history_of(home)] == [100, 200]


def test_kept_checkpoints_alone_show_between_which_of_them(rewritten: Database, home: Path) -> None:
    for keys in ((), read_verifier_keys(home)):
        report = audit_database(rewritten, keys=keys)
        assert report.first is not None
        assert report.first.index == 100
        assert "entries 100 to 199" in report.first.what


def test_published_files_show_the_very_entry(rewritten: Database, home: Path) -> None:
    report = audit_both(rewritten, home)
    assert report.first is not None
    assert (report.first.index, report.first.where) == (REWRITTEN, "entries")


def test_the_signers_history_shows_it_when_the_checkpoints_were_removed(
    rewritten: Database, home: Path, owner_url: str
) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM checkpoints")
    report = audit_database(rewritten, signed=history_of(home))
    assert report.first is not None
    assert report.first.index == 99
    assert "which was signed, is gone" in report.first.what
    assert any("entries 100 to 199" in each.what for each in report.findings)


def test_nothing_is_rebuilt_from_it(rewritten: Database, home: Path) -> None:
    with pytest.raises(VerificationError, match="nothing was rebuilt"):
        rebuild(rewritten, home, read_verifier_keys(home))
    assert audit_files(home / LOG_FOLDER, keys=read_verifier_keys(home)).findings == ()


def test_an_empty_log_has_no_fault(database: Database, tmp_path: Path) -> None:
    assert audit_database(database).findings == ()
    assert audit_both(database, make_home(tmp_path)).findings == ()


def test_a_log_that_is_not_published_yet_has_no_fault(database: Database, tmp_path: Path) -> None:
    write(database, commands(0, 30))
    assert audit_both(database, make_home(tmp_path)).findings == ()
