"""The doctor on a real deployment: well, and with each thing wrong that can be made so."""

import json
import os
from pathlib import Path
from secrets import token_bytes

import psycopg
import pytest

from api.bootstrap import Deployment
from api.doctor.finding import CHECKS, Finding
from api.settings import Settings
from domain.command import Command
from domain.event import Meta
from domain.orders.events import OrderPlaced
from domain.orders.order import Order
from projections.store.platform import become_platform
from projections.store.runner import Runner, catch_up
from scripts.doctor import examine
from scripts.migrate import migrate
from tests.api.conftest import no_settings, settings
from tests.domain.given import identifier
from tests.scripts.calling import call

__all__ = ["no_settings", "settings"]

TEST_SERVER = {4, 5}
"""The suite's server is told not to wait for the disk."""


@pytest.fixture
def shop(settings: Settings) -> Settings:
    with Deployment(settings, migrate) as ledger:
        meta = Meta("M-LAN", "merchant", "test", "web", "cmd/1", "cmd/1")
        command = Command(meta, ledger.vault, token_bytes)
        ledger.trade.create_product(command, identifier("prd"), "M-LAN", "SKU", None, None, None)
        ledger.publisher.publish_once()
    return settings


def found(
    settings: Settings, *, deep: bool = False, lock: Path | None = None
) -> dict[int, Finding]:
    with Deployment(settings) as ledger:
        findings = examine(ledger, deep=deep, **({"lock": lock} if lock else {}))
    return {each.check.number: each for each in findings}


def bad(settings: Settings) -> set[int]:
    findings = found(settings).values()
    return {each.check.number for each in findings if each.state == "bad"} - TEST_SERVER


def test_all_twenty_five_are_there_and_each_says_what_why_and_the_remedy() -> None:
    assert sorted(CHECKS) == list(range(1, 26))
    for each in CHECKS.values():
        assert all((each.what, each.why, each.fix))


def test_a_good_deployment_is_well(shop: Settings) -> None:
    findings = found(shop, deep=True)
    wrong = {n: each.found for n, each in findings.items() if each.state == "bad"}
    assert wrong.keys() <= TEST_SERVER, wrong
    skipped = {n for n, each in findings.items() if each.state == "skipped"}
    assert skipped <= {9, 17, 21, 24}


def test_f12_a_changed_entry_is_named(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("ALTER TABLE ledger.entries DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger.entries SET entry = entry || '\\x20'::bytea")
    assert 18 in bad(shop)
    assert found(shop)[18].found.startswith("entry 0 ")


def test_f12_a_missing_entry_is_a_gap(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("ALTER TABLE ledger.entries DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM ledger.entries")
    assert 20 in bad(shop)


def test_f15_a_log_below_what_was_signed(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("ALTER TABLE ledger.head DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger.head SET size = 0, edge = ''")
    assert 15 in bad(shop)


def test_an_older_schema(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("UPDATE ledger.alembic_version SET version_num = '0003'")
    assert bad(shop) == {7}


def test_t3_a_role_that_may_change_the_log(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("GRANT UPDATE ON ledger.entries TO xiyou_app")
    assert bad(shop) == {8}
    assert found(shop)[8].found == "it may UPDATE entries"


def test_an_interrupted_key_that_nobody_finishes(shop: Settings, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            "INSERT INTO ledger.idempotency_keys (digest, operation, body, begun)"
            " VALUES (%s, 'POST /v1/x', %s, 0)",
            [bytes(32), bytes(32)],
        )
    assert bad(shop) == {23}


def test_files_left_over_secrets_lost_and_debugging(shop: Settings) -> None:
    (shop.home / "log" / ".checkpoint.17").write_bytes(b"")
    (shop.home / "keys" / "import.secret").unlink()
    assert bad(shop.model_copy(update={"debug": True})) == {1, 19, 25}


def test_a_master_key_that_others_may_read(shop: Settings) -> None:
    [key] = (shop.home / "keys").glob("*master*")
    key.chmod(0o644)
    assert bad(shop) == {13}


def test_another_version_than_locked(shop: Settings, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("fastapi==0.0.1 \\\n    --hash=sha256:00\npsycopg==3 ; os_name == 'x'\n")
    finding = found(shop, lock=lock)[2]
    assert (finding.state, finding.found.split(",")[0]) == (
        "bad",
        "other than locked: fastapi 0.165.0",
    )


def test_the_command_ends_with_1_and_says_why(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop.database_url
    assert url is not None
    monkeypatch.setenv("XIYOU_DATABASE_URL", url.get_secret_value())
    done = call("doctor", "--home", shop.home, "--json")
    assert done.code == 1, "the suite's server does not write through"
    assert "D4" in done.json["bad"]
    assert len(done.json["checks"]) == 25
    said = call("doctor", "--home", shop.home)
    assert said.code == 1
    assert "fix: set fsync" in said.out
    assert json.dumps(os.environ["XIYOU_DATABASE_URL"]) not in done.out


def test_a_view_without_its_row_security_is_named(shop: Settings, owner_url: str) -> None:
    assert found(shop)[9].state == "good"
    with psycopg.connect(owner_url) as owner:
        owner.execute("ALTER TABLE views_b.orders NO FORCE ROW LEVEL SECURITY")
    assert "views_b.orders" in found(shop)[9].found


def test_a_view_that_is_another_than_its_replay_is_found(shop: Settings, owner_url: str) -> None:
    with Deployment(shop) as ledger:
        order = Order(identifier("ord"))
        meta = Meta("usr", "consumer", "test", "web", "cmd/2", "cmd/2")
        command = Command(meta, ledger.vault, token_bytes)
        parties = (identifier("chk"), identifier("usr"), "M-LAN", identifier("prd"))
        order.happen(command, OrderPlaced(*order.follows(command), *parties, 1, 5, "CNY"))
        ledger.trade.save(*command.events, command_id=command.id)
        ledger.publisher.publish_once()
        runner = Runner(ledger.database)
        catch_up(runner)
        runner.close()
    assert found(shop)[21].state == "good"
    with psycopg.connect(owner_url) as owner:
        become_platform(owner)
        owner.execute("UPDATE views_a.orders SET amount = 6")
    assert "is another order" in found(shop)[21].found
    with psycopg.connect(owner_url) as owner:
        owner.execute("UPDATE views.slots SET version = 99 WHERE view = 'daily'")
    assert "daily" in found(shop)[21].found
