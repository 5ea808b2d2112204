"""E2: the wrapping keys rotate under load; what is old opens, and what was moved never does."""

import inspect
import multiprocessing
import os
import time

import psycopg
import pytest

from api.settings import Settings
from chain.errors import ChainError, VerificationError
from chain.inclusion import prove_inclusion, verify_inclusion
from chain.sealed import unseal
from chain.store.auditor import audit_database
from chain.store.forgetting import forget, values_of
from chain.store.master_key import FileKeyring, MasterKey, VaultUnavailableError, add_master_key
from chain.store.rewrapping import count_wrapped, rewrap
from chain.store.vault import ErasedValueError, Vault
from domain.errors import WrongPartyError
from domain.identity.account import account_of
from domain.identity.erasure import erased
from domain.keys.keyring import KeyKeyringRotated
from domain.orders.sales import Basket
from tests.domain.given import LATER, MERCHANT, NOW, PRICE, World, identifier
from tests.domain.identity.test_a7_end import reading, state
from tests.domain.keys.deployed import Deployed, command_of, imported, read_on, write_on

ROTATIONS = 3 * int(os.environ.get("XIYOU_TEST_FAULT_SCALE", "1"))
SPAWN = multiprocessing.get_context("spawn")


def rotate(world: Deployed, owner_url: str) -> FileKeyring:
    """Rotate and rewrap once, and tell the log; return the ring."""
    before = FileKeyring(world.home, os.urandom)
    add_master_key(world.home, os.urandom)
    ring = FileKeyring(world.home, os.urandom)
    world.do("rotate_keyring", before.current.id, ring.current.id)
    for _ in rewrap(owner_url, world.vault, ring, batch=2):
        pass
    found = count_wrapped(owner_url, ring)
    world.do("note_rewrapped", ring.current.id, found.newest, found.older)
    return ring


def test_e2_f22_a_writer_and_a_reader_go_on_while_the_keys_rotate(
    world: Deployed, app_url: str, schema_owner_url: str
) -> None:
    with SPAWN.Manager() as manager, SPAWN.Pool(2) as pool:
        stop = manager.Event()
        writing = pool.apply_async(write_on, (app_url, world.home, stop, 5))
        reading = pool.apply_async(read_on, (app_url, world.home, stop))
        for _ in range(ROTATIONS):
            size = world.trade.recorder.max_notification_id() or 0
            while (world.trade.recorder.max_notification_id() or 0) < size + 60:
                assert not writing.ready()
                assert not reading.ready()
                time.sleep(0.02)
            ring = rotate(world, schema_owner_url)
        time.sleep(0.8)  # the writer has noticed the newest key by now, and writes under it
        stop.set()
        written, opened = writing.get(60), reading.get(60)
    assert len(written) > 10 * ROTATIONS
    assert opened > 100
    for digest, raw in written:
        assert unseal(world.vault.open(digest).content, digest) == raw
    with world.database.connection() as connection:
        row = connection.execute(
            "SELECT k.master_key FROM sealed_values s JOIN data_keys k ON k.id = s.data_key"
            " WHERE s.digest = %s",
            [written[-1][0]],
        ).fetchone()
    assert row == (ring.current.id,), "new writes use the new version"
    list(rewrap(schema_owner_url, world.vault, ring))
    assert count_wrapped(schema_owner_url, ring).older == 0
    topics = world.topics()
    assert topics.count("key.keyring_rotated") == topics.count("key.rewrapped") == ROTATIONS
    report = audit_database(world.database, vault=world.vault, processes=1)
    assert report.findings == ()


def test_e2_once_rewrapped_the_older_master_keys_open_nothing_that_is_needed(
    world: Deployed, schema_owner_url: str
) -> None:
    world.do("create_product", identifier("prd"), MERCHANT, "SKU")
    digest = imported(world, MERCHANT, identifier("prd"), "a", "RAW-1")
    rotate(world, schema_owner_url)
    (world.home / "keys" / "vault-master.key").unlink()
    alone = Vault(world.database, FileKeyring(world.home, os.urandom))
    assert unseal(alone.open(digest).content, digest) == "RAW-1"


MOVES = {
    "row": "ciphertext = (SELECT ciphertext FROM ledger.sealed_values WHERE digest = %(other)s)",
    "subject": "data_key = (SELECT data_key FROM ledger.sealed_values WHERE digest = %(foreign)s)",
    "row-and-subject": "(data_key, ciphertext) = (SELECT data_key, ciphertext"
    " FROM ledger.sealed_values WHERE digest = %(foreign)s)",
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("rotated", [False, True], ids=["before", "after-rotation"])
def test_e2_f22_a_ciphertext_moved_to_another_row_or_merchant_does_not_open(
    world: Deployed, owner_url: str, schema_owner_url: str, move: str, *, rotated: bool
) -> None:
    for merchant in ("M-LAN", "M-ZHU"):
        world.do("create_product", identifier("prd", merchant), merchant, "SKU")
    ours, other = (
        imported(world, "M-LAN", identifier("prd", "M-LAN"), name, f"RAW-{name}") for name in "ab"
    )
    foreign = imported(world, "M-ZHU", identifier("prd", "M-ZHU"), "c", "RAW-c")
    if rotated:
        rotate(world, schema_owner_url)
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            f"UPDATE ledger.sealed_values SET {MOVES[move]} WHERE digest = %(ours)s".encode(),
            {"ours": ours, "other": other, "foreign": foreign},
        )
    with pytest.raises(VerificationError, match="does not open"):
        world.vault.open(ours)
    assert unseal(world.vault.open(other).content, other) == "RAW-b"
    assert audit_database(world.database, vault=world.vault, processes=1).findings


@pytest.mark.parametrize("column", ["wrapped", "master_key"])
def test_e2_a_data_key_moved_to_another_merchant_does_not_open(
    world: Deployed, owner_url: str, column: str, schema_owner_url: str
) -> None:
    for merchant in ("M-LAN", "M-ZHU"):
        world.do("create_product", identifier("prd", merchant), merchant, "SKU")
        if merchant == "M-LAN":
            ours = imported(world, merchant, identifier("prd", merchant), "a", "RAW-a")
            add_master_key(world.home, os.urandom)
            time.sleep(0.6)
    imported(world, "M-ZHU", identifier("prd", "M-ZHU"), "c", "RAW-c")
    with psycopg.connect(owner_url) as owner:
        changed = owner.execute(
            f"UPDATE ledger.data_keys SET {column} = (SELECT {column} FROM ledger.data_keys"
            " WHERE subject = 'M-ZHU') WHERE subject = 'M-LAN'".encode()
        ).rowcount
    assert changed == 1
    with pytest.raises(VerificationError):
        world.vault.open(ours)


def test_e2_a_value_of_another_entry_is_not_what_the_entry_commits_to(world: Deployed) -> None:
    world.do("create_product", identifier("prd"), MERCHANT, "SKU")
    one, other = (
        imported(world, MERCHANT, identifier("prd"), name, f"RAW-{name}") for name in "ab"
    )
    with pytest.raises(VerificationError, match="not the one"):
        unseal(world.vault.open(other).content, one)


def test_e2_f22_a_destroyed_key_makes_that_persons_values_unreadable_and_no_proof(
    world: Deployed, schema_owner_url: str, owner_url: str
) -> None:
    buyers = [identifier("usr", name) for name in ("gone", "stays")]
    codes = {buyer: served(world, buyer) for buyer in buyers}
    size, root, leaves = state(world.database)
    proofs = [prove_inclusion(index, size, reading(leaves)) for index in range(size)]
    gone, stays = buyers
    # A crash between the destruction and its event looks like this: the log does not say it.
    forget(schema_owner_url, [gone])
    report = audit_database(world.database, vault=world.vault, processes=1)
    assert {each.where for each in report.findings} == {"sealed_values"}
    world.do("open_account", gone)
    world.trade.ask_erasure(command_of("ask", world.vault, actor="one"), gone, NOW)
    agreed = command_of("erase", world.vault, actor="other", role="staff")
    world.trade.erase_person(agreed, gone, LATER)
    listed = [each.hex() for each in values_of(world.database, [gone, account_of(gone)])]
    world.trade.list_erasures(command_of("list", world.vault, actor="other"), "2026-11-23", listed)
    forget(schema_owner_url, [gone, account_of(gone)])

    with pytest.raises(ErasedValueError, match="erased"):
        world.vault.open(codes[gone])
    assert isinstance(unseal(world.vault.open(codes[stays]).content, codes[stays]), str)
    known = erased(world.trade.recorder)
    assert known.decided == {gone, account_of(gone)}
    assert known.judged() == set(listed)
    judged = known.judged()
    report = audit_database(world.database, vault=world.vault, erased=judged, processes=1)
    assert report.findings == ()
    assert report.erased == 2  # the payer and the code
    later = state(world.database)[2]
    for index, proof in enumerate(proofs):
        verify_inclusion(later[index], index, size, proof, root)

    # What goes without a logged erasure is damage, whatever the database says beside it.
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            "INSERT INTO ledger.destroyed_values SELECT digest, data_key, %s"
            " FROM ledger.sealed_values WHERE digest = %s",
            # Nor does it help to call it one of somebody who was.
            [gone, codes[stays]],
        )
        owner.execute("DELETE FROM ledger.sealed_values WHERE digest = %s", [codes[stays]])
    report = audit_database(world.database, vault=world.vault, erased=judged, processes=1)
    assert [each.where for each in report.findings] == ["sealed_values"]
    assert "does not say that it was erased" in report.findings[0].what


def served(world: Deployed, buyer: str) -> bytes:
    """Let *buyer* buy a key and get a code; return the digest of the code's sealed value."""
    product = identifier("prd", buyer)
    world.do("create_product", product, MERCHANT, buyer[-8:])
    imported(world, MERCHANT, product, buyer, f"RAW-{buyer[-8:]}")
    order, checkout = identifier("ord", buyer), identifier("chk", buyer)
    world.do("place_order", Basket(order, checkout, buyer, identifier("key", buyer), PRICE))
    payment = identifier("pay", buyer)
    world.do("initiate_payment", payment, checkout, PRICE)
    world.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
    ids = world.do("deliver_order", order, LATER)
    [issued] = world.trade.recorder.select_notifications(
        ids[0], len(ids), stop=ids[-1], topics=["voucher.issued"]
    )
    event = world.trade.mapper.to_domain_event(issued)
    return bytes.fromhex(event.data()["code"]["sealed"])  # type: ignore[attr-defined]


def test_e2_the_log_tells_of_rotations_in_their_order_alone() -> None:
    world = World()
    with pytest.raises(WrongPartyError):
        world.do("note_rewrapped", "master_a", 1, 0)
    assert world.do("rotate_keyring", "master_a", "master_b") == ["key.keyring_rotated"]
    with pytest.raises(WrongPartyError, match="master_b"):
        world.do("rotate_keyring", "master_a", "master_c")
    assert world.do("note_rewrapped", "master_b", 3, 2) == ["key.rewrapped"]
    assert world.trade.keyring().state == "older_in_use"
    assert world.do("note_rewrapped", "master_b", 5, 0) == ["key.rewrapped"]
    assert world.trade.keyring().state == "whole"
    [rotated] = [each for each in world.events() if isinstance(each, KeyKeyringRotated)]
    assert (rotated.originator_id, rotated.new) == ("keyring/vault", "master_b")


class DownKeyring:
    """A key management service that does not answer."""

    @property
    def current(self) -> MasterKey:
        raise VaultUnavailableError("the key service does not answer")

    def find(self, key_id: str) -> None:
        raise VaultUnavailableError(f"{key_id}: the key service does not answer")


def test_f21_without_the_vault_a_key_is_reserved_and_nothing_is_taken_in_or_shown(
    world: Deployed,
) -> None:
    product = identifier("prd")
    world.do("create_product", product, MERCHANT, "SKU")
    digest = imported(world, MERCHANT, product, "a", "RAW-1")
    down = Vault(world.database, DownKeyring())
    before = world.trade.recorder.max_notification_id()
    with pytest.raises(VaultUnavailableError):
        imported(
            Deployed(world.home, world.database, down, world.trade, 100),
            MERCHANT,
            product,
            "b",
            "RAW-2",
        )
    assert world.trade.recorder.max_notification_id() == before
    for ask in (lambda: down.open(digest), lambda: down.tag("code", "x")):
        with pytest.raises(VaultUnavailableError):
            ask()
    basket = Basket(
        identifier("ord"), identifier("chk"), identifier("usr"), identifier("key", "a"), PRICE
    )
    assert world.do("place_order", basket, sealer=down)


def test_t19_encryption_cannot_be_switched_off(
    world: Deployed, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """keygen-sh/keygen-api#45, keygen-sh/keygen-api#684."""
    knobs = {*Settings.model_fields, *inspect.signature(Vault).parameters}
    assert not any(word in knob for knob in knobs for word in ("crypt", "plain", "clear"))
    for name in ("XIYOU_ENCRYPTION", "CIPHER_TOPIC", "IS_ENCRYPTION_ENABLED"):
        monkeypatch.setenv(name, "off")
    world.do("create_product", identifier("prd"), MERCHANT, "SKU")
    digest = imported(world, MERCHANT, identifier("prd"), "a", "RAW-SECRET-1")
    with psycopg.connect(owner_url) as owner:
        rows = owner.execute("SELECT ciphertext FROM ledger.sealed_values").fetchall()
        assert rows
        assert not any(b"RAW-SECRET-1" in row for (row,) in rows)
        content = world.vault.open(digest).content
        owner.execute("UPDATE ledger.sealed_values SET ciphertext = %s", [content])
    with pytest.raises(ChainError, match="does not open"):
        world.vault.open(digest)


def test_t10_of_a_stolen_database_nothing_is_read_or_guessed(
    world: Deployed, owner_url: str
) -> None:
    """T10 of ``reliability.md``, section 3: no plaintext, no hash to try candidates against."""
    from hashlib import blake2b, sha256  # noqa: PLC0415 — what a thief would try

    raw = "RAW-0042"
    world.do("create_product", identifier("prd"), MERCHANT, "SKU")
    imported(world, MERCHANT, identifier("prd"), "a", raw)
    tag = world.vault.tag("code", raw)
    tables = ("entries", "sealed_values", "data_keys", "receipts", "head", "destroyed_values")
    with psycopg.connect(owner_url) as owner:
        dump = b"".join(
            row
            for table in tables
            for (row,) in owner.execute(
                f"SELECT convert_to(t::text, 'UTF8') FROM ledger.{table} t".encode()
            )
        )
        dump += b"".join(row for (row,) in owner.execute("SELECT entry FROM ledger.entries"))
    assert raw.encode() not in dump
    assert raw.encode().hex().encode() not in dump
    for digest in (sha256, blake2b):
        assert digest(raw.encode()).hexdigest().encode() not in dump
    assert tag.split(":")[1].encode() not in dump
