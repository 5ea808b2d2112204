"""Forgetting destroys one subject's keys and values, all of them, and nobody else's."""

import os
from pathlib import Path

import psycopg
import pytest

from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.forgetting import Forgotten, forget
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import ErasedValueError, SealedRow, Vault
from tests.chain.store.writing import write


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    create_master_key(tmp_path, os.urandom)
    return Vault(database, FileMasterKey(tmp_path, os.urandom), values_per_key=2)


@pytest.fixture
def schema_owner_url(postgres_server: EmbeddedPostgres, database_name: str) -> str:
    return postgres_server.url(user="xiyou_owner", database=database_name)


def sealed(database: Database, vault: Vault, subject: str, count: int) -> list[SealedRow]:
    rows = [vault.seal(subject, number, os.urandom(16)) for number in range(count)]
    write(database, [], values=rows)
    return rows


def test_a_subject_is_forgotten_with_all_of_its_keys_and_values(
    database: Database, vault: Vault, schema_owner_url: str
) -> None:
    gone = sealed(database, vault, "person_1", 5)
    kept = sealed(database, vault, "person_10", 2)
    assert forget(schema_owner_url, ["person_1"]) == Forgotten(keys=3, values=5)
    for row in gone:
        with pytest.raises(ErasedValueError):
            vault.open(row.digest)
    assert [vault.open(row.digest).digest for row in kept] == [row.digest for row in kept]


def test_what_a_restored_backup_brings_back_is_destroyed_again(
    database: Database, vault: Vault, schema_owner_url: str, owner_url: str
) -> None:
    [row] = sealed(database, vault, "person_1", 1)
    with psycopg.connect(owner_url) as owner:
        kept = owner.execute("SELECT * FROM ledger.data_keys").fetchone()
        assert forget(schema_owner_url, ["person_1"]) == (1, 1)
        assert kept is not None
        owner.execute("INSERT INTO ledger.data_keys VALUES (%s, %s, %s, %s, %s)", kept)
    write(database, [], values=[row])
    assert vault.open(row.digest).digest == row.digest
    assert forget(schema_owner_url, ["person_1"]) == (1, 1)
    with pytest.raises(ErasedValueError):
        vault.open(row.digest)


def test_forgetting_again_does_nothing_and_succeeds(
    database: Database, vault: Vault, schema_owner_url: str
) -> None:
    sealed(database, vault, "person_1", 1)
    assert forget(schema_owner_url, ["person_1"]) == (1, 1)
    assert forget(schema_owner_url, ["person_1"]) == (0, 0)
    assert forget(schema_owner_url, []) == (0, 0)


def test_a_vault_that_still_has_the_key_in_memory_keeps_nothing_under_it(
    database: Database, vault: Vault, schema_owner_url: str
) -> None:
    sealed(database, vault, "person_1", 1)
    late = vault.seal("person_1", "late", os.urandom(16))
    forget(schema_owner_url, ["person_1"])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        write(database, [], values=[late])


def test_the_applications_role_may_not(database: Database, vault: Vault, app_url: str) -> None:
    [row] = sealed(database, vault, "person_1", 1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        forget(app_url, ["person_1"])
    assert vault.open(row.digest).digest == row.digest
