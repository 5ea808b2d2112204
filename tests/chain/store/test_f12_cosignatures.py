"""F12 for cosignatures: a changed, swapped or invented one is found and named."""

from pathlib import Path

import psycopg
import pytest

from chain.checkpoint import Checkpoint
from chain.note import Note, make_signature
from chain.store.auditor import AuditReport, audit_both, audit_database
from chain.store.database import Database
from chain.store.publisher import Publisher
from chain.store.reader import LogReader
from chain.store.signer import Signer
from tests.chain.keys import W1, W2, signers
from tests.chain.store.published import commands, make_home
from tests.chain.store.writing import write

KEYS = [W1.verifier_key, W2.verifier_key]
SIZES = (5, 9)


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    """A log with two checkpoints, each cosigned by two witnesses."""
    home = make_home(tmp_path)
    with Publisher(database, home, Signer(home)) as publisher:
        start = 0
        for size in SIZES:
            write(database, commands(start, size - start))
            publisher.publish_once()
            note = LogReader(database).checkpoint(size)
            assert note is not None
            text = Note.parse(note).text
            assert Checkpoint.parse(text).size == size
            with database.connection() as connection:
                for position, key in enumerate((W1, W2)):
                    line = make_signature(text, signers(key)[0], 1_795_000_000)
                    connection.execute(
                        "INSERT INTO cosignatures VALUES (%s, %s, %s, %s, %s)",
                        [size, line.name, line.key_id, line.line(), position],
                    )
            start = size
    return home


def audit(database: Database, *, by_form: bool = False) -> AuditReport:
    return audit_database(database, witnesses=[] if by_form else KEYS, processes=1)


def test_true_cosignatures_have_no_fault(database: Database, home: Path) -> None:
    assert audit(database).findings == ()
    assert audit(database, by_form=True).findings == ()
    # They came after it was published, and are no fault of the published file.
    assert audit_both(database, home, witnesses=KEYS, processes=1).findings == ()


NINTH = f"size = 9 AND name = '{W2.name}'"
CHANGES = {
    # What is done; whether it shows without the witnesses' keys.
    f"UPDATE cosignatures SET line = overlay(line placing 'A' from 60) WHERE {NINTH}": False,
    f"UPDATE cosignatures SET line = 'x' WHERE {NINTH}": True,
    f"UPDATE cosignatures SET line = NULL WHERE {NINTH}": True,
    f"UPDATE cosignatures SET line = line || E'\\n' WHERE {NINTH}": True,
    f"UPDATE cosignatures SET name = 'w' WHERE {NINTH}": True,
    f"UPDATE cosignatures SET name = NULL WHERE {NINTH}": True,
    f"UPDATE cosignatures SET key_id = set_byte(key_id, 0, 7) WHERE {NINTH}": True,
    f"UPDATE cosignatures SET key_id = NULL WHERE {NINTH}": True,
    f"UPDATE cosignatures SET position = 4 WHERE {NINTH}": True,
    f"UPDATE cosignatures SET position = NULL WHERE {NINTH}": True,
    f"UPDATE cosignatures SET line = (SELECT line FROM cosignatures WHERE size = 5"
    f" AND name = '{W2.name}') WHERE {NINTH}": False,
    "DELETE FROM cosignatures WHERE size = 9 AND position = 0": True,
    "INSERT INTO cosignatures SELECT 9, 'w', key_id, line, 2 FROM cosignatures"
    f" WHERE {NINTH}": True,
}


@pytest.mark.parametrize(("statement", "shows_by_form"), CHANGES.items())
def test_a_changed_cosignature_is_found_at_its_checkpoint(
    database: Database, home: Path, owner_url: str, statement: str, *, shows_by_form: bool
) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("ALTER TABLE cosignatures DROP CONSTRAINT cosignatures_pkey")
        for column in ("name", "key_id", "line", "position"):
            owner.execute(f"ALTER TABLE cosignatures ALTER {column} DROP NOT NULL".encode())
        assert owner.execute(statement.encode()).rowcount == 1
    first = audit(database).first
    assert first is not None
    assert (first.index, first.where) == (8, "cosignatures, size 9")
    assert bool(audit(database, by_form=True).findings) == shows_by_form


def test_a_cosignature_of_no_checkpoint_is_found(
    database: Database, home: Path, owner_url: str
) -> None:
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE cosignatures SET size = 7 WHERE size = 9")
    first = audit(database).first
    assert first is not None
    assert (first.index, "not kept" in first.what) == (6, True)


def test_the_application_may_add_and_change_nothing(database: Database, home: Path) -> None:
    for statement in ("DELETE FROM cosignatures", "UPDATE cosignatures SET line = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.connection() as one:
            one.execute(statement.encode())
