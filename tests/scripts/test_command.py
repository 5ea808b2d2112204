"""The command as a whole: help, versions, usage, exit codes, and no stack traces."""

from pathlib import Path

import pytest

from scripts.__main__ import COMMANDS
from tests.scripts.calling import call, spawn
from tests.scripts.conftest import Demo

GROUPS = {
    "views": ("run", "list", "rebuild", "digest"),
    "index": ("run", "commit", "prove"),
    "log": ("head", "entry", "history", "proof"),
    "witness": ("make", "watch", "serve", "head"),
    "misbehaviour": ("make", "verify"),
    "evidence": ("export", "rebuild", "certificate", "record"),
    "certificate": ("verify", "show", "status", "key"),
    "import": ("keys", "check"),
    "keys": (),
    "disputes": (),
    "config": ("check",),
    "feed": ("pull", "files"),
    "clients": ("make", "list", "revoke"),
    "webhooks": ("add", "rotate", "list", "run"),
}
SUBCOMMANDS = [[group, each] for group, names in GROUPS.items() for each in names]


@pytest.mark.parametrize("name", [*([each] for each in COMMANDS), *SUBCOMMANDS])
def test_every_command_has_help(name: list[str]) -> None:
    called = call(*name, "--help")
    assert called.code == 0
    assert called.out.lower().startswith("usage: xiyou " + " ".join(name))
    # A group's own help names its commands.
    assert "--json" in called.out or name[0] in GROUPS


def test_without_a_command_it_says_which_there_are() -> None:
    called = call()
    assert called.code == 0
    assert all(f"  {name} " in called.out for name in COMMANDS)
    assert "Exit codes" in called.out
    assert call("--help").out == called.out


def test_it_knows_its_version() -> None:
    called = call("--version", "--json")
    assert called.code == 0
    assert called.json["version"][0].isdigit()


def test_an_unknown_command_ends_with_2_and_proposes_a_known_one() -> None:
    called = call("verfy")
    assert called.code == 2
    assert "did you mean verify?" in called.err
    assert called.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["log"],
        ["log", "entry"],
        ["log", "entry", "--json", "-1"],
        ["log", "entry", "one"],
        ["proof"],
        ["verify"],
        ["verify", "x", "--policy"],
        ["demo", "--orders", "0"],
        ["demo", "--orders", "5", "--data", __file__],
        ["demo", "--data", "/nowhere.csv"],
        ["audit", "--resume"],
        ["bench", "nothing"],
        ["serve", "--port", "70000"],
        ["publish", "--often"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_without_a_stack_trace(arguments: list[str]) -> None:
    called = call(*arguments)
    assert called.code == 2
    if "--json" in arguments:
        assert called.json["error"] == "malformed"
    else:
        assert "Traceback" not in called.err + called.out
        assert called.err.startswith("error: ") or called.out.startswith("Usage")


@pytest.mark.parametrize(
    "arguments",
    [
        ["disputes", "median"],
        ["log", "head"],
        ["log", "entry", "0"],
        ["audit"],
        ["publish", "--once"],
        ["serve"],
    ],
    ids=" ".join,
)
def test_a_folder_without_a_log_ends_with_4_and_a_remedy(
    tmp_path: Path, arguments: list[str]
) -> None:
    called = call(*arguments, "--home", tmp_path / "none", "--json")
    assert called.code == 4
    assert called.json["error"] == "environment"
    assert "xiyou demo" in called.json["message"]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["policy", "proof"])
def test_what_needs_no_database_says_which_file_is_missing(tmp_path: Path, name: str) -> None:
    called = call(name, *(["0"] if name == "proof" else []), "--home", tmp_path)
    assert called.code == 4
    assert "log.vkeys" in called.err


def test_a_misspelt_setting_ends_with_2_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_UR", "postgresql://app:hunter2@nowhere/x")
    monkeypatch.setenv("XIYOU_PUBLISH_INTERVAL", "often")
    called = call("log", "head", "--home", tmp_path, "--json")
    assert called.code == 2
    assert len(called.json["faults"]) == 2
    assert "XIYOU_DATABASE_UR:" in called.out
    assert "hunter2" not in called.out + called.err


def test_a_database_out_of_reach_ends_with_4_and_says_no_password(
    monkeypatch: pytest.MonkeyPatch, demo: Demo
) -> None:
    url = "postgresql://app:hunter2@127.0.0.1:1/x?connect_timeout=2"
    monkeypatch.setenv("XIYOU_DATABASE_URL", url)
    called = call("log", "head", "--home", demo.home, "--json")
    assert called.code == 4
    assert "XIYOU_DATABASE_URL" in called.json["message"]
    assert "hunter2" not in called.out + called.err


def test_migrating_another_database_needs_its_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_URL", "postgresql://app@127.0.0.1:1/x")
    called = call("migrate", "--home", tmp_path / "home", "--json")
    assert called.code == 4
    assert "XIYOU_OWNER_DATABASE_URL" in called.json["message"]


def test_a_database_given_by_its_url_is_migrated_and_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, owner_url: str, app_url: str
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("XIYOU_DATABASE_URL", app_url)
    monkeypatch.setenv("XIYOU_OWNER_DATABASE_URL", owner_url)
    monkeypatch.setenv("XIYOU_ORIGIN", "ledger.example/2026")
    assert call("migrate", "--home", home).code == 0
    assert not (home / "postgres").exists()
    facts = call("log", "head", "--home", home, "--json").json
    assert (facts["origin"], facts["size"]) == ("ledger.example/2026", 0)
    monkeypatch.setenv("XIYOU_ORIGIN", "ledger.example/2027")
    refused = call("log", "head", "--home", home)
    assert refused.code == 4
    assert "ledger.example/2026" in refused.err


def test_migrating_an_embedded_database_makes_a_log_once(server_home: Path) -> None:
    first = spawn("migrate", "--home", server_home, "--json")
    again = spawn("migrate", "--home", server_home, "--json")
    assert (first.code, again.code) == (0, 0)
    assert first.json == again.json
    assert first.json["origin"].startswith("xiyou.local/")


def test_where_a_fault_arose_is_shown_to_developers_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "Traceback" not in call("log", "head", "--home", tmp_path).err
    monkeypatch.setenv("XIYOU_DEBUG", "1")
    assert "Traceback" in call("log", "head", "--home", tmp_path).err
