"""E1: a raw key is sealed at intake, and one platform key opens one raw key (U3, U4; T18, T19)."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg.sql import SQL, Identifier

from chain.errors import MalformedError, VerificationError
from chain.sealed import SealedValue, unseal
from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import SealedRow, Vault
from domain.application import Trade
from domain.command import Command
from domain.errors import NotFoundError
from domain.identity.person import IndexKey
from domain.keys.fingerprint import IndexRing
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.keys.platform_key import find_key, open_raw_key
from tests.domain.given import (
    MERCHANT,
    PRODUCT,
    RING,
    SECRET,
    MemoryRecorder,
    MemoryRow,
    MemorySealer,
    World,
    command_of,
    identifier,
    key_of_line,
)
from tests.faults.test_last_key import trade_on

LINES = [f"RAW{number}-KEY{number}" for number in range(1, 6)]


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    create_master_key(tmp_path, os.urandom)
    return Vault(database, FileMasterKey(tmp_path, os.urandom))


@pytest.fixture
def trade(app_url: str) -> Iterator[Trade]:
    with trade_on(app_url) as application:
        yield application


def sealed_rows(world: World) -> Mapping[bytes, MemoryRow]:
    """Return what was kept beside the log, by digest."""
    return cast("MemoryRecorder", world.trade.recorder).sealed


class MemoryOpener:
    """Opens what a `MemorySealer` sealed."""

    def __init__(self, world: World) -> None:
        self._rows = sealed_rows(world)

    def open(self, digest: bytes) -> SealedValue:
        return SealedValue(self._rows[digest].content, digest)


def platform_keys(world: World) -> list[str]:
    """Return the platform keys that were sealed, in their order."""
    values = [value for _, value in world.sealer.values.values()]
    return [each for each in values if len(each) == 29 and each.count("-") == 4]


def test_e1_one_platform_key_opens_one_raw_key() -> None:
    world = World()
    world.stocked(LINES)
    codes = platform_keys(world)
    assert len(set(codes)) == len(LINES)
    opened = [open_raw_key(world.trade, world.sealer, each, RING) for each in codes]
    assert opened == LINES
    assert [find_key(world.trade, each, RING) for each in codes] == [
        key_of_line(number) for number in range(1, 6)
    ]


def test_e1_a_platform_key_is_found_as_it_is_typed() -> None:
    world = World()
    world.stocked(LINES)
    code = platform_keys(world)[0]
    typed = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert find_key(world.trade, typed, RING) == key_of_line(1)


def test_e1_a_mistyped_or_unknown_platform_key_opens_nothing() -> None:
    world = World()
    world.stocked(LINES[:1])
    (code,) = platform_keys(world)
    wrong = ("B" if code[0] == "A" else "A") + code[1:]
    with pytest.raises(MalformedError, match="check symbol"):
        find_key(world.trade, wrong, RING)
    with pytest.raises(NotFoundError):
        find_key(world.trade, "00000-00000-00000-00000-00000", RING)


def test_e1_platform_keys_do_not_follow_from_raw_keys() -> None:
    one, other = World(), World()
    other._count = 50  # other command ids, and so other randomness
    one.stocked(LINES[:1])
    other.stocked(LINES[:1])
    assert platform_keys(one) != platform_keys(other)


def test_e1_neither_raw_nor_platform_key_stands_in_the_log() -> None:
    world = World()
    world.stocked(LINES)
    log = b"".join(each.body() for each in world.events())
    for secret in [*LINES, *platform_keys(world)]:
        assert secret.encode() not in log
        assert secret.replace("-", "").encode() not in log


def test_e1_both_are_sealed_for_the_merchant_and_the_seal_commits_to_the_raw_key() -> None:
    world = World()
    world.stocked(LINES[:1])
    assert {subject for subject, _ in world.sealer.values.values()} == {MERCHANT}
    sealed = next(each for each in world.events() if each.TOPIC == "key.sealed")
    digest = bytes.fromhex(sealed.data()["raw_key"]["sealed"])
    content = MemoryOpener(world).open(digest).content
    assert unseal(content, digest) == LINES[0]
    with pytest.raises(VerificationError):
        unseal(content.replace(b"RAW1", b"RAW2"), digest)
    assert b"salt" not in sealed.body()


class Failing(MemorySealer):
    """A sealer of which every third ciphertext does not open."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0

    def try_open(self, subject: str, row: MemoryRow) -> None:
        self.tried += 1
        if self.tried % 3 == 0:
            raise VerificationError("it does not open")
        super().try_open(subject, row)


def test_t18_a_line_whose_ciphertext_does_not_open_is_refused_and_leaves_nothing() -> None:
    """T18: nothing of it is kept, and the duplicate check works with encryption.

    pluginever/wc-serial-numbers#557, pluginever/wc-serial-numbers#385,
    wpexpertsio/license-manager-for-woocommerce#32.
    """
    world = World()
    world.sealer = Failing()
    brought = world.bring_file("\n".join(LINES).encode(), chunk=2)
    assert brought.reasons.count("not_sealed") >= 2
    assert brought.totals.accepted + brought.totals.rejected == len(LINES)
    kept = sealed_rows(world).values()
    assert len(kept) == 2 * brought.totals.accepted
    text = b"".join(row.content for row in kept)
    for verdict in brought.verdicts:
        raw = LINES[verdict.line - 1].encode()
        assert (raw in text) == (verdict.outcome == "accepted")
    # The refused line can be brought again: no fingerprint of it was kept.
    world.sealer = MemorySealer()
    again = world.bring_file("\n".join(LINES).encode(), identifier("bat", "again"))
    assert again.totals.accepted == brought.totals.rejected


def test_t18_what_is_refused_leaves_its_number_and_reason_alone() -> None:
    world = World()
    world.stocked(["GOOD-KEY", "GOOD KEY", "BADSECRET\x07", "Z" * 600])
    refused = [each for each in world.events() if each.TOPIC == "product.import_line_rejected"]
    assert [sorted(each.data()) for each in refused] == [["fault", "line"]] * 3
    assert b"BADSECRET" not in b"".join(each.body() for each in world.events())


def test_t19_the_real_vault_seals_every_key_and_opens_it_by_its_platform_key(
    trade: Trade,
    vault: Vault,
    database: Database,
) -> None:
    """keygen-sh/keygen-api#45, keygen-sh/keygen-api#684."""
    trade.create_product(command_of("p", vault), PRODUCT, MERCHANT, "SKU-001", None)
    upload = Upload(identifier("bat"), MERCHANT, PRODUCT, LINES)
    trade.import_batch(command_of("b", vault), upload, RING, key_of_line)
    with database.connection() as connection:
        rows = connection.execute("SELECT ciphertext FROM sealed_values").fetchall()
        tags = connection.execute("SELECT count(*), count(DISTINCT key) FROM platform_keys")
        assert tags.fetchone() == (5, 5)
    assert len(rows) == 10
    assert not any(raw.encode() in row for raw in LINES for (row,) in rows)
    codes = []
    for number in range(1, 6):
        events: list[Any] = list(trade.events.get(key_of_line(number)))
        digest = bytes.fromhex(events[1].platform_key["sealed"])
        codes.append(json.loads(vault.open(digest).content)["value"])
    assert [open_raw_key(trade, vault, each, RING) for each in codes] == LINES


def test_t19_what_the_vault_cannot_open_again_is_not_taken_in(
    trade: Trade,
    vault: Vault,
    database: Database,
    tmp_path: Path,
) -> None:
    trade.create_product(command_of("p", vault), PRODUCT, MERCHANT, "SKU-001", None)
    before = trade.recorder.max_notification_id()

    class Broken(Vault):
        """Its ciphertexts are damaged on the way."""

        def seal(self, subject: str, value: object, salt: bytes) -> SealedRow:
            row = super().seal(subject, value, salt)
            return row._replace(ciphertext=row.ciphertext[:-1] + b"\0")

    create_master_key(tmp_path / "broken", os.urandom)
    broken = Broken(database, FileMasterKey(tmp_path / "broken", os.urandom))
    upload = Upload(identifier("bat"), MERCHANT, PRODUCT, LINES)
    trade.import_batch(command_of("b", broken), upload, RING, key_of_line)
    topics = [each.topic for each in trade.recorder.select_notifications((before or 0) + 1, 100)]
    assert topics == [
        "product.import_started",
        *["product.import_line_rejected"] * 5,
        "product.import_finished",
    ]
    with database.connection() as connection:
        for table in ("sealed_values", "fingerprints", "platform_keys"):
            query = SQL("SELECT * FROM {}").format(Identifier(table))
            assert connection.execute(query).fetchall() == []


def test_t19_there_is_no_command_without_a_sealer() -> None:
    meta = command_of().meta
    with pytest.raises(TypeError, match="sealer"):
        Command(meta)  # type: ignore[call-arg]


def test_during_a_rotation_old_and_new_platform_keys_are_found() -> None:
    world = World()
    world.stocked(LINES[:1])
    ring = IndexRing(IndexKey("new", SECRET[::-1]), RING.current)
    world.bring_file(b"LATER", identifier("bat", "later"), ring=ring)
    old, new = platform_keys(world)
    assert find_key(world.trade, old, ring) == key_of_line(1)
    key = find_key(world.trade, new, ring)
    assert world.trade.load(Key, key).state == "sealed"
