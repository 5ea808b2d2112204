"""F12 (reliability.md): no column of a table that evidence rests on changes unnoticed.

As the database's owner, with triggers off and every constraint dropped, each column of
each table is changed, emptied and swapped between rows, and each table loses and gains a
row. The audit of the whole home names the first bad leaf index, exactly. The audit of the
database alone, without keys and vault, finds what it can: what it cannot is listed with
the reason.
"""

from collections.abc import Iterator

import psycopg
import pytest

from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from tests.chain.store.tampering import Target, make_target


@pytest.fixture(scope="module")
def target(
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Target]:
    name = "f12"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}".encode())
    database = Database(postgres_server.url(user="xiyou_app", database=name))
    home = tmp_path_factory.mktemp("home")
    yield make_target(database, postgres_server.url(database=name), home)
    database.close()
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


# Which row, another one for swaps, and the leaf index at which a fault in the row shows.
# Index 14 begins a receipt of 6, 34 one of 8.
ENTRY, OTHER_ENTRY = "leaf_index = 17", "leaf_index = 40"
RECEIPT, OTHER_RECEIPT = "first_index = 14", "first_index = 34"
CHECKPOINT, OTHER_CHECKPOINT = "size = 20", "size = 47"
# Entry 14 is the first that names a value of its person, entry 8 names another's.
SEALED = "digest = (SELECT digest FROM named WHERE leaf_index = 14)"
OTHER_SEALED = "digest = (SELECT digest FROM named WHERE leaf_index = 8)"

CHANGES: list[tuple[str, str, str, int | None]] = [
    # table, column, another value, the index that must be named
    ("entries", "leaf_index", "1000", 17),
    ("entries", "leaf_index", "-1", -1),
    ("entries", "leaf_index", "18", 17),
    ("entries", "stream", "stream || 'x'", 17),
    ("entries", "seq", "seq + 1", 17),
    ("entries", "type", "'order.paid'", 17),
    ("entries", "entry", "set_byte(entry, 20, 50)", 17),  # at
    ("entries", "entry", "set_byte(entry, 47, 48)", 17),  # prev
    ("entries", "entry", "set_byte(entry, octet_length(entry) - 70, 120)", 17),  # body
    ("entries", "entry", "substr(entry, 1, octet_length(entry) - 1)", 17),
    ("entries", "entry", "entry || '\\x0a'", 17),
    ("entries", "entry", "'\\x'", 17),
    ("receipts", "command_id", "command_id || 'x'", 14),
    ("receipts", "first_index", "first_index + 1", 14),
    ("receipts", "first_index", "first_index - 1", 13),
    ("receipts", "first_index", "500", 14),
    ("receipts", "events", "events + 1", 14),
    ("receipts", "events", "events - 1", 14),
    ("receipts", "events", "-3", 14),
    ("receipts", "events", "1000", 14),
    ("receipts", "digest", "set_byte(digest, 31, get_byte(digest, 31) # 1)", 14),
    ("checkpoints", "size", "21", 19),
    ("checkpoints", "size", "1000", 19),
    ("checkpoints", "note", "overlay(note placing 'A' from 90)", 19),  # Ed25519
    ("checkpoints", "note", "overlay(note placing 'B' from 900)", 19),  # ML-DSA-44
    ("checkpoints", "note", "substr(note, 1, length(note) - 9)", 19),
    ("checkpoints", "note", "regexp_replace(note, '\\n— [^\\n]*\\n$', E'\\n')", 19),
    ("sealed_values", "digest", "set_byte(digest, 0, get_byte(digest, 0) # 1)", 14),
    ("sealed_values", "data_key", "'dk_other'", 14),
    ("sealed_values", "ciphertext", "set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)", 14),
    ("sealed_values", "ciphertext", "'\\x'", 14),
]
HEAD_CHANGES: list[tuple[str, str, int | None]] = [
    ("only_row", "false", None),
    ("only_row", "NULL", None),
    ("size", "63", 63),
    ("size", "65", 64),
    ("size", "-2", 0),
    ("size", "NULL", 0),
    ("at", "'2026-11-22T10:00:00.630001Z'", 63),
    ("at", "''", 63),
    ("at", "NULL", 63),
    ("edge", "set_byte(edge, 5, get_byte(edge, 5) # 1)", 0),
    ("edge", "''", 0),
    ("edge", "NULL", 0),
]
KEY_CHANGES: list[tuple[str, str]] = [
    ("id", "'dk_other'"),
    ("id", "NULL"),
    ("subject", "'person_9'"),
    ("subject", "NULL"),
    ("master_key", "'master_0000000000000000'"),
    ("master_key", "NULL"),
    ("wrapped", "set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"),
    ("wrapped", "NULL"),
    ("made_at", "made_at + interval '1 microsecond'"),
    ("made_at", "'infinity'"),
    ("made_at", "NULL"),
]
ROWS = {
    "entries": (ENTRY, OTHER_ENTRY, 17),
    "receipts": (RECEIPT, OTHER_RECEIPT, 14),
    "checkpoints": (CHECKPOINT, OTHER_CHECKPOINT, 19),
    "sealed_values": (SEALED, OTHER_SEALED, 8),
}
COLUMNS = {
    "entries": ("leaf_index", "stream", "seq", "type", "entry"),
    "receipts": ("command_id", "first_index", "events", "digest"),
    "checkpoints": ("size", "note"),
    "sealed_values": ("digest", "data_key", "ciphertext"),
    "data_keys": ("id", "subject", "master_key", "wrapped", "made_at"),
    "head": ("only_row", "size", "at", "edge"),
}
PERSON = "subject = 'person_2'"
OTHER_PERSON = "subject = 'person_0'"

# What the database alone, without keys, signer and vault, cannot show.
NEEDS_VAULT = "what is encrypted can be judged by the vault alone"
NEEDS_SIGNER = "that a checkpoint once was there, the signer's history alone remembers"
NEEDS_KEYS = "a signature needs the log's keys"


def named(target: Target) -> str:
    """Return a common table expression that says which entry names which digest first."""
    values = ", ".join(
        f"({index}, '\\x{row.digest.hex()}'::bytea)" for index, row in target.sealed.items()
    )
    return f"WITH named (leaf_index, digest) AS (VALUES {values}) "


def check(target: Target, statement: str, index: int | None, alone: str | None = None) -> None:
    """Tamper, and audit both ways; *alone* says why the database alone need not find it."""
    with target.tampered(statement) as changed:
        assert changed > 0
        both, only = target.audit_both(), target.audit_alone()
    assert both.first is not None, "not found"
    assert both.first.index == index, both.findings
    if alone is None:
        assert only.first is not None, "not found in the database alone"
        assert only.first.index == index, only.findings
    else:
        assert not only.findings, "found after all: strike the reason from the list"


def reason(table: str, column: str, statement: str) -> str | None:
    if table == "checkpoints":
        lost = "placing" in statement or "regexp" in statement
        return NEEDS_KEYS if lost else None
    if (table, column) in {("sealed_values", "ciphertext"), ("sealed_values", "data_key")}:
        return None if "dk_other" in statement or column == "data_key" else NEEDS_VAULT
    return None


def test_the_untouched_log_has_no_fault(target: Target) -> None:
    report = target.audit_both()
    assert report.findings == ()
    assert report.size == 64
    assert target.audit_alone().findings == ()


def test_every_column_is_covered(target: Target) -> None:
    with psycopg.connect(target.owner_url) as owner:
        found = owner.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'ledger' AND table_name IN"
            " ('entries', 'head', 'receipts', 'checkpoints', 'sealed_values', 'data_keys')"
        ).fetchall()
    assert {(t, c) for t, columns in COLUMNS.items() for c in columns} == set(found)


@pytest.mark.parametrize(("table", "column", "value", "index"), CHANGES)
def test_a_changed_value_is_found(
    target: Target, table: str, column: str, value: str, index: int
) -> None:
    statement = f"{named(target)} UPDATE {table} SET {column} = {value} WHERE {ROWS[table][0]}"
    check(target, statement, index, reason(table, column, statement))


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in ROWS for c in COLUMNS[t]])
def test_an_emptied_value_is_found(target: Target, table: str, column: str) -> None:
    index = {"entries": 17, "receipts": 14, "checkpoints": 19, "sealed_values": 14}[table]
    statement = f"{named(target)} UPDATE {table} SET {column} = NULL WHERE {ROWS[table][0]}"
    without = NEEDS_VAULT if column == "ciphertext" else None
    check(target, statement, index, without)


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in ROWS for c in COLUMNS[t]])
def test_swapped_values_are_found(target: Target, table: str, column: str) -> None:
    one, other, index = ROWS[table]
    statement = (
        f"{named(target)} UPDATE {table} AS mine SET {column} = theirs.{column}"
        f" FROM {table} AS theirs WHERE"
        f" (mine.{one} AND theirs.{other}) OR (mine.{other} AND theirs.{one})"
    )
    check(target, statement, index, NEEDS_VAULT if table == "sealed_values" else None)


@pytest.mark.parametrize(
    ("table", "index", "alone"),
    [
        ("entries", 17, None),
        ("receipts", 14, None),
        ("checkpoints", 19, NEEDS_SIGNER),
        ("sealed_values", 14, None),
    ],
)
def test_a_deleted_row_is_found(target: Target, table: str, index: int, alone: str | None) -> None:
    check(target, f"{named(target)} DELETE FROM {table} WHERE {ROWS[table][0]}", index, alone)


INSERTED: list[tuple[str, str, int | None, str | None]] = [
    ("entries", f"SELECT * FROM entries WHERE {ENTRY}", 17, None),
    ("entries", f"SELECT 64, stream, seq + 1, type, entry FROM entries WHERE {ENTRY}", 64, None),
    ("entries", f"SELECT NULL, stream, seq, type, entry FROM entries WHERE {ENTRY}", None, None),
    ("head", "SELECT * FROM head", None, None),
    ("receipts", f"SELECT * FROM receipts WHERE {RECEIPT}", 14, None),
    (
        "receipts",
        f"SELECT 'a', first_index, events, digest FROM receipts WHERE {RECEIPT}",
        14,
        None,
    ),
    (
        "receipts",
        f"SELECT 'z', first_index, events, digest FROM receipts WHERE {RECEIPT}",
        14,
        None,
    ),
    ("receipts", f"SELECT 'z', 64, events, digest FROM receipts WHERE {RECEIPT}", 64, None),
    ("receipts", f"SELECT 'z', NULL, events, digest FROM receipts WHERE {RECEIPT}", None, None),
    ("checkpoints", f"SELECT * FROM checkpoints WHERE {CHECKPOINT}", 19, None),
    ("checkpoints", f"SELECT 30, note FROM checkpoints WHERE {CHECKPOINT}", 19, None),
    ("sealed_values", "SELECT sha256(digest), data_key, ciphertext FROM sealed_values", None, None),
    ("sealed_values", "SELECT * FROM sealed_values", None, None),
    (
        "data_keys",
        "SELECT 'dk_x', subject, master_key, wrapped, made_at FROM data_keys",
        None,
        NEEDS_VAULT,
    ),
    ("data_keys", "SELECT * FROM data_keys", None, None),
]


@pytest.mark.parametrize(("table", "rows", "index", "alone"), INSERTED)
def test_an_inserted_row_is_found(
    target: Target, table: str, rows: str, index: int | None, alone: str | None
) -> None:
    check(target, f"INSERT INTO {table} {rows}", index, alone)


@pytest.mark.parametrize(("column", "value", "index"), HEAD_CHANGES)
def test_a_changed_head_is_found(
    target: Target, column: str, value: str, index: int | None
) -> None:
    check(target, f"UPDATE head SET {column} = {value}", index)


def test_a_deleted_head_is_found(target: Target) -> None:
    check(target, "DELETE FROM head", None)


@pytest.mark.parametrize(("column", "value"), KEY_CHANGES)
def test_a_changed_data_key_is_found(target: Target, column: str, value: str) -> None:
    alone = None if column == "id" else NEEDS_VAULT
    check(target, f"UPDATE data_keys SET {column} = {value} WHERE {PERSON}", 2, alone)


# Both persons' keys are wrapped by one master key: swapping its name changes nothing.
@pytest.mark.parametrize("column", [c for c in COLUMNS["data_keys"] if c != "master_key"])
def test_swapped_data_keys_are_found(target: Target, column: str) -> None:
    statement = (
        f"UPDATE data_keys AS mine SET {column} = theirs.{column} FROM data_keys AS theirs"
        f" WHERE (mine.{PERSON} AND theirs.{OTHER_PERSON})"
        f" OR (mine.{OTHER_PERSON} AND theirs.{PERSON})"
    )
    check(target, statement, 2, NEEDS_VAULT)


def test_a_deleted_data_key_is_found(target: Target) -> None:
    check(target, f"DELETE FROM data_keys WHERE {PERSON}", 2)


def test_of_a_data_key_that_sealed_nothing_no_evidence_is_lost(target: Target) -> None:
    with target.tampered(
        "DELETE FROM sealed_values WHERE false",
        "INSERT INTO data_keys SELECT * FROM data_keys WHERE false",
    ):
        target.vault.prepare(["person_new"])
        assert target.audit_both().findings == ()
    # Undone, which removed that key: nothing was ever sealed under it.
    assert target.audit_both().findings == ()


@pytest.mark.parametrize("index", range(64))
def test_one_changed_byte_of_any_entry_is_named_by_the_database_alone(
    target: Target, index: int
) -> None:
    # The body's last digit: nothing but hashes can tell.
    statement = (
        "UPDATE entries SET entry = set_byte(entry, octet_length(entry) - 5,"
        f" 50) WHERE leaf_index = {index}"
    )
    with target.tampered(statement):
        both, only = target.audit_both(), target.audit_alone()
    assert both.first is not None
    assert both.first.index == index
    assert only.first is not None
    assert only.first.index is not None
    first = max(start for start in target.runs if start <= index)
    assert first <= only.first.index <= index, only.findings
