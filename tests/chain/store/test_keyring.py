"""A ring of master keys: the newest wraps, every one opens, and none is lost."""

import os
from pathlib import Path

import psycopg
import pytest

from chain.errors import VerificationError
from chain.store.database import Database
from chain.store.master_key import (
    LOOK_AGAIN,
    FileKeyring,
    FileMasterKey,
    VaultUnavailableError,
    add_master_key,
    create_master_key,
)
from chain.store.rewrapping import Wrapped, count_wrapped, rewrap
from chain.store.vault import TAGS, Vault
from tests.chain.store.test_vault import data_keys
from tests.chain.store.writing import write


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_master_key(tmp_path, os.urandom)
    return tmp_path


def test_the_newest_key_is_current_and_the_older_ones_are_found(home: Path) -> None:
    first = FileKeyring(home, os.urandom).current
    for _ in range(10):
        add_master_key(home, os.urandom)
    ring = FileKeyring(home, os.urandom)
    assert len(set(ring.ids)) == 11
    assert ring.ids[0] == first.id
    assert ring.current.id == ring.ids[-1]
    assert ring.current.id == FileMasterKey(home, os.urandom, "vault-master-11.key").id
    wrapped = first.wrap(bytes(32), b"binding")
    found = ring.find(first.id)
    assert found is not None
    assert found.unwrap(wrapped, b"binding") == bytes(32)
    with pytest.raises(VerificationError):
        ring.current.unwrap(wrapped, b"binding")


def test_a_running_ring_notices_a_new_key_in_time_and_what_it_wrapped_at_once(home: Path) -> None:
    clock = Clock()
    ring = FileKeyring(home, os.urandom, clock=clock)
    old = ring.current.id
    add_master_key(home, os.urandom)
    new = FileKeyring(home, os.urandom).current.id
    assert ring.current.id == old
    assert ring.find(new) is not None
    clock.now += LOOK_AGAIN
    assert ring.current.id == new != old


def test_every_key_file_is_its_owners_alone(home: Path) -> None:
    add_master_key(home, os.urandom)
    path = home / "keys" / "vault-master-2.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(VerificationError, match="chmod 600"):
        FileKeyring(home, os.urandom)


def test_without_a_key_there_is_no_ring_and_nothing_to_follow(tmp_path: Path) -> None:
    with pytest.raises(VaultUnavailableError, match=r"vault-master\.key"):
        FileKeyring(tmp_path, os.urandom)
    with pytest.raises(VaultUnavailableError, match="no master key"):
        add_master_key(tmp_path, os.urandom)


def test_a_ring_shows_no_secret(home: Path) -> None:
    secret = (home / "keys" / "vault-master.key").read_text().strip().rsplit("+", 1)[1]
    assert secret not in repr(FileKeyring(home, os.urandom))


def test_rewrapping_goes_on_where_it_was_interrupted(
    database: Database, owner_url: str, home: Path
) -> None:
    ring = FileKeyring(home, os.urandom)
    vault = Vault(database, ring)
    rows = [vault.seal(f"person_{number}", number, os.urandom(16)) for number in range(7)]
    write(database, [], values=rows)
    add_master_key(home, os.urandom)
    newer = FileKeyring(home, os.urandom)
    assert count_wrapped(owner_url, newer) == Wrapped(newest=0, older=7)
    interrupted = rewrap(owner_url, Vault(database, newer), newer, batch=3)
    assert next(interrupted) == 3
    del interrupted
    assert count_wrapped(owner_url, newer) == Wrapped(newest=3, older=4)
    assert list(rewrap(owner_url, Vault(database, newer), newer, batch=3)) == [3, 1]
    assert {key.master_key for key in data_keys(database)} == {newer.current.id}
    # The vault from before the rotation opens what was wrapped anew.
    assert [vault.open(row.digest).digest for row in rows] == [row.digest for row in rows]


def test_rewrapping_stops_at_a_data_key_that_was_changed(
    database: Database, owner_url: str, home: Path
) -> None:
    ring = FileKeyring(home, os.urandom)
    Vault(database, ring).seal("person_1", 1, os.urandom(16))
    with psycopg.connect(owner_url) as owner:
        owner.execute("UPDATE ledger.data_keys SET wrapped = '\\x00'::bytea")
    add_master_key(home, os.urandom)
    newer = FileKeyring(home, os.urandom)
    with pytest.raises(VerificationError, match="does not unwrap"):
        list(rewrap(owner_url, Vault(database, newer), newer))
    assert count_wrapped(owner_url, newer) == Wrapped(newest=0, older=1)


def test_a_data_key_is_wrapped_anew_by_the_owner_and_never_relabelled(
    database: Database, owner_url: str, home: Path
) -> None:
    Vault(database, FileKeyring(home, os.urandom)).seal("person_1", 1, os.urandom(16))
    with database.connection() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE data_keys SET wrapped = ''")
    for change in ("subject = 'person_2'", "id = 'dk_other'", "made_at = now() + '1 hour'"):
        with (
            psycopg.connect(owner_url) as owner,
            pytest.raises(psycopg.Error, match="wrapped anew only"),
        ):
            owner.execute(f"UPDATE ledger.data_keys SET {change}".encode())


def test_tags_are_found_again_over_restarts_and_after_a_new_tag_key(
    database: Database, home: Path
) -> None:
    vault = Vault(database, FileKeyring(home, os.urandom))
    first = vault.tag("code", "ABC")
    assert first == Vault(database, FileKeyring(home, os.urandom)).tag("code", "ABC")
    different = {
        first,
        vault.tag("code", "ABD"),
        vault.tag("device", "ABC"),
        vault.tag("code", "A", "BC"),
    }
    assert len(different) == 4
    vault.add_tag_key()
    assert vault.tag("code", "ABC") != first
    assert vault.tags("code", "ABC")[1:] == [first]
    assert {key.subject for key in data_keys(database)} == {TAGS}


def test_two_processes_that_seal_for_one_subject_stay_under_the_limit_together(
    database: Database, home: Path
) -> None:
    limit = 256
    vaults = [
        Vault(database, FileKeyring(home, os.urandom), values_per_key=limit) for _ in range(4)
    ]
    for number in range(300):
        rows = [each.seal("M-LAN", number, os.urandom(16)) for each in vaults]
        write(database, [], values=rows)
    with database.connection() as connection:
        counts = connection.execute(
            "SELECT count(*) FROM sealed_values GROUP BY data_key"
        ).fetchall()
    assert sum(count for (count,) in counts) == 1200
    assert max(count for (count,) in counts) <= limit
