"""A small log with everything in it, in a database without any guard, to tamper with.

64 entries of several streams, receipts of different sizes, sealed values of two persons,
three kept checkpoints, and the published files.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chain.store.auditor import AuditReport, audit_both, audit_database
from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.publisher import Publisher
from chain.store.signer import Signer
from chain.store.vault import SealedRow, Vault
from tests.chain.store.published import AT, make_home
from tests.chain.store.writing import Command, Event, write

TABLES = ("entries", "head", "receipts", "checkpoints", "sealed_values", "data_keys")
RUNS = (1, 3, 1, 5, 4, 6, 2, 7, 1, 4, 8, 5, 3, 9, 1, 4)
TYPES = ("order.placed", "order.paid", "key.delivered")
CHECKPOINTS = (20, 47, 64)

UNGUARD = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE connamespace = 'ledger'::regnamespace AND contype IN ('f', 'c') LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.owner, each.conname);
  END LOOP;
  FOR each IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE connamespace = 'ledger'::regnamespace AND contype IN ('p', 'u') LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.owner, each.conname);
  END LOOP;
  FOR each IN SELECT attrelid::regclass AS owner, attname FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r' AND attnotnull AND attnum > 0
    LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', each.owner, each.attname);
  END LOOP;
END $$
"""


@dataclass
class Target:
    """The log, and what its parts are."""

    database: Database
    owner_url: str
    home: Path
    vault: Vault
    runs: dict[int, str]
    """The first index of each receipt, and its command."""

    sealed: dict[int, SealedRow]
    """The first index that names each sealed value."""

    def audit_both(self) -> AuditReport:
        return audit_both(self.database, self.home, vault=self.vault)

    def audit_alone(self) -> AuditReport:
        return audit_database(self.database)

    @contextmanager
    def tampered(self, *statements: str) -> Iterator[int]:
        """Run *statements* as the owner; yield how many rows they changed; undo everything."""
        with self._owner() as owner:
            changed = sum(owner.execute(each.encode()).rowcount for each in statements)
        try:
            yield changed
        finally:
            with self._owner() as owner:
                for table in TABLES:
                    owner.execute(f"TRUNCATE {table}".encode())
                    owner.execute(f"INSERT INTO {table} SELECT * FROM saved.{table}".encode())

    def _owner(self) -> psycopg.Connection:
        return psycopg.connect(
            self.owner_url,
            options="-c search_path=ledger -c session_replication_role=replica",
        )


def make_target(database: Database, owner_url: str, home: Path) -> Target:
    make_home(home)
    create_master_key(home, os.urandom)
    vault = Vault(database, FileMasterKey(home, os.urandom))
    runs: dict[int, str] = {}
    sealed: dict[int, SealedRow] = {}
    at = 0
    with Publisher(database, home, Signer(home), clock=lambda: AT) as publisher:
        for number, events in enumerate(RUNS):
            command = Command(f"cmd-{number:02}", [])
            made: list[Event] = []
            rows: list[SealedRow] = []
            for index in range(at, at + events):
                data: dict[str, object] = {"n": index}
                if index % 6 == 2:
                    row = vault.seal(f"person_{index % 4}", {"index": index}, os.urandom(16))
                    data["name"] = {"sealed": row.digest.hex()}
                    rows.append(row)
                    sealed[index] = row
                elif index % 6 == 5:
                    data["name"] = {"sealed": sealed[index - 3].digest.hex()}
                made.append(Event(f"ord_{index * 5 % 11}", TYPES[index % 3], data))
            runs[at] = command.id
            at = write(database, [Command(command.id, made)], values=rows)
            if at in CHECKPOINTS:
                publisher.publish_once()
    assert at == 64
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(UNGUARD)
        owner.execute("CREATE SCHEMA saved")
        for table in TABLES:
            owner.execute(f"CREATE TABLE saved.{table} AS SELECT * FROM ledger.{table}".encode())
    return Target(database, owner_url, home, vault, runs, sealed)
