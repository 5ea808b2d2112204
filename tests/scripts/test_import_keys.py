"""``xiyou import``: a file into stock, from the command line, and what is in stock checked."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.bootstrap import Deployment
from api.settings import Settings
from domain.identifiers import make
from domain.keys.key import Key
from scripts.import_keys import commands
from scripts.migrate import migrate
from tests.scripts.calling import Called, call

MERCHANT, PRODUCT = "M-LAN", make("prd", 1, 1)
LINES = "QQQQ-0001\r\n\r\nQQQQ 0001\nqqqq-0001\nQQQQ-0002"


@pytest.fixture
def ledger(
    tmp_path: Path, app_url: str, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """A deployment on a fresh database, named to the command by the environment."""
    monkeypatch.setenv("XIYOU_DATABASE_URL", app_url)
    monkeypatch.setenv("XIYOU_OWNER_DATABASE_URL", owner_url)
    with Deployment(Settings(home=tmp_path / "home"), migrate) as opened:
        opened.trade.create_product(commands(opened, MERCHANT)("p"), PRODUCT, MERCHANT, "SKU")
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.txt"
    path.write_bytes(LINES.encode())
    return path


def bring(ledger: Deployment, file: Path, *more: object) -> Called:
    return call(
        *("import", "keys", file, "--merchant", MERCHANT, "--product", PRODUCT),
        *("--home", ledger.home, "--json", *more),
    )


def test_a_file_is_brought_and_reported_line_by_line(
    ledger: Deployment, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    called = bring(ledger, file, "--report", report)
    assert called.code == 0
    facts = called.json
    assert (facts["lines"], facts["accepted"], facts["quarantined"], facts["rejected"]) == (
        *(5, 3, 1, 2),
    )
    rows = [line.split(",") for line in report.read_text().splitlines()]
    assert rows[0] == ["line", "outcome", "reason", "key"]
    assert [row[:3] for row in rows[1:]] == [
        ["1", "accepted", ""],
        ["2", "rejected", "empty"],
        ["3", "rejected", "duplicate"],
        ["4", "quarantined", "case_collision"],
        ["5", "accepted", ""],
    ]
    assert ledger.trade.load(Key, rows[1][3]).state == "sealed"
    said = called.out + called.err + report.read_text()
    assert "QQQQ" not in said.upper()
    assert not report.with_name("report.csv.part").exists()


def test_the_same_command_again_goes_on_and_here_has_nothing_to_do(
    ledger: Deployment, file: Path
) -> None:
    first = bring(ledger, file).json
    before = ledger.reader.size()
    again = bring(ledger, file).json
    assert (again["batch"], again["known_before"]) == (first["batch"], 5)
    assert ledger.reader.size() == before


def test_keys_are_listed_when_that_is_asked_for(ledger: Deployment, file: Path) -> None:
    facts = bring(ledger, file, "--list").json
    assert (facts["listed"], facts["not_listed_because"]) == (2, None)
    assert bring(ledger, file, "--list").json["listed"] == 0


def test_why_keys_were_not_listed_is_said(ledger: Deployment, file: Path) -> None:
    trade, new = ledger.trade, commands(ledger, MERCHANT)
    bring(ledger, file)
    trade.open_account(new("account"), MERCHANT)
    refused = bring(ledger, file, "--list")
    assert refused.code == 3
    assert "not verified" in refused.json["message"]


def test_another_file_under_the_same_batch_ends_with_3(
    ledger: Deployment, file: Path, tmp_path: Path
) -> None:
    batch = make("bat", 1, 1)
    assert bring(ledger, file, "--batch", batch).code == 0
    other = tmp_path / "other.txt"
    other.write_text("ZZZZ-0001")
    called = bring(ledger, other, "--batch", batch)
    assert called.code == 3
    assert "another file" in called.json["message"]
    assert "ZZZZ" not in called.out + called.err


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--batch", "bat_x"], 2),
        (["--units", "0"], 2),
        (["--reviewer", "staff-1"], 3),
        (["--product", make("prd", 1, 2)], 3),
        (["--merchant", "M-ZHU"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_cannot_be_brings_nothing(
    ledger: Deployment, file: Path, more: list[str], code: int
) -> None:
    before = ledger.reader.size()
    assert bring(ledger, file, *more).code == code
    assert ledger.reader.size() == before


def test_a_pipe_is_no_file(ledger: Deployment, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    called = bring(ledger, pipe)
    assert called.code == 2
    assert "no pipe" in called.json["message"]


def test_the_report_is_never_the_file_itself(ledger: Deployment, file: Path) -> None:
    assert bring(ledger, file, "--report", file).code == 2
    assert file.read_bytes() == LINES.encode()


def test_t19_without_index_key_or_master_key_nothing_is_brought(
    ledger: Deployment, file: Path
) -> None:
    before = ledger.reader.size()
    for name in ("fingerprint.secret", "vault-master.key"):
        path = ledger.home / "keys" / name
        kept = path.read_bytes()
        path.unlink()
        called = bring(ledger, file)
        assert called.code == 4
        assert name in called.json["message"]
        path.write_bytes(kept)
        path.chmod(0o600)
    assert ledger.reader.size() == before


def test_stock_is_checked_against_the_log(ledger: Deployment, file: Path, app_url: str) -> None:
    bring(ledger, file)
    good = call("import", "check", "--home", ledger.home, "--json")
    assert good.code == 0
    assert good.json["fingerprints"] == {"rows": 3, "differing": 0}
    assert good.json["platform_keys"] == {"rows": 3, "differing": 0}
    assert (good.json["batches"], good.json["unbalanced"]) == (1, [])
    with psycopg.connect(app_url) as connection:
        connection.execute("DELETE FROM ledger.fingerprints WHERE folded IS NULL")
    bad = call("import", "check", "--home", ledger.home, "--json")
    assert bad.code == 1
    assert bad.json["fingerprints"] == {"rows": 3, "differing": 1}
