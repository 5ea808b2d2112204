"""The demo from end to end, as a user runs it: every claim of its story holds."""

import signal
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from chain.store.openssl import has_openssl
from chain.tiles import bundle_of
from scripts import browser
from scripts.story import tamper
from tests.chain.store.owners import until
from tests.scripts.calling import call, command_line, environment, spawn
from tests.scripts.conftest import Demo

VERIFIERS = ["xiyou verify", "verify.py", *(["verify.html"] if browser.PROGRAM else [])]


def test_the_demo_ends_well_and_every_check_holds(demo: Demo) -> None:
    assert demo.called.code == 0, demo.called.err
    facts = demo.facts
    assert facts["ok"] is True
    assert set(facts["checks"]) == {
        *("checkpoint", "order", "proof", "tampering", "audit", "rulings", "money"),
        *(f"package_{name}" for name in VERIFIERS),
    }
    trade = facts["trade"]
    assert trade["rulings"]["made"] == trade["rulings"]["same"] > 0
    assert {"sanction.applied", "sanction.lifted", "credit.recomputed"} <= trade["counts"].keys()
    assert trade["counts"]["product.import_line_rejected"] > 0
    assert trade["median_s"]["with_rules"] < trade["median_s"]["all_manual"]
    assert all(facts["checks"].values())


def test_json_alone_stands_on_standard_output_and_the_story_on_the_other(demo: Demo) -> None:
    assert demo.called.out.count("\n") == 1
    assert "5. A copy of the published log, one byte of one entry changed" in demo.called.err


def test_the_story_shows_an_order_that_was_refunded(demo: Demo) -> None:
    order = demo.facts["order"]
    assert order["types"][0] == "order.placed"
    assert "refund.executed" in order["types"]
    assert order["refund_index"] in order["indexes"]
    assert order["stream"].startswith("ord_")


def test_the_proof_that_it_wrote_verifies_with_the_command(demo: Demo) -> None:
    proof = demo.facts["proof"]
    called = call("verify", proof["file"], "--policy", proof["policy"], "--json")
    assert called.code == 0
    assert called.json["index"] == demo.facts["order"]["refund_index"]
    assert b64decode(called.json["root"]) == b64decode(proof["root"])


def test_the_tampered_copy_was_seen_through_at_its_very_entry(demo: Demo) -> None:
    tampered = demo.facts["tampered"]
    assert tampered["found"]["index"] == tampered["index"] == demo.facts["order"]["refund_index"]


def test_the_real_log_was_never_touched_and_no_copy_is_left(demo: Demo) -> None:
    assert call("audit", "--home", demo.home).code == 0
    assert [each.name for each in demo.home.iterdir() if each.name.startswith("tamper")] == []


def test_rates_sizes_and_memory_are_measured(demo: Demo) -> None:
    facts = demo.facts
    assert facts["events"] > 60 * 10
    # What the package put on record came after the trade.
    assert 0 < facts["size"] - facts["events"] < 10
    for name in ("events_per_second", "database_bytes", "published_bytes", "peak_memory_bytes"):
        assert facts[name] > 0, name


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_the_exported_dispute_is_green_and_the_forged_one_red(demo: Demo, verifier: str) -> None:
    found = demo.facts["package"]["verifiers"][verifier]
    assert found["colour"] == "green"
    assert found["forged"] == "red, inclusion root"


def test_the_package_is_witnessed_and_stamped_from_outside(demo: Demo) -> None:
    """J3, with all that outsiders give: what nobody has checked is left to who has the tool."""
    package = demo.facts["package"]
    policy = demo.facts["proof"]["policy"]
    called = call("verify", package["file"], "--policy", policy, "--json")
    claims = {each["claim"]: (each["verdict"], each["code"]) for each in called.json["claims"]}
    assert claims["witness_quorum"] == ("verified", None)
    assert claims["history_complete"] == ("verified", None)
    witnesses = {each["name"] for each in called.json["checkpoint"]["witnesses"]}
    assert witnesses == {"court.test", "association.test"}
    if has_openssl():
        assert claims["timestamps"] == ("not_checked", "test_authority")
        assert package["verifiers"]["xiyou verify"]["not_verified"].get("timestamps") is None


def test_without_a_policy_from_elsewhere_nothing_turns_green(demo: Demo) -> None:
    called = call("verify", demo.facts["package"]["file"], "--json")
    assert called.json["colour"] == "yellow"


def test_a_second_demo_goes_on_with_the_same_log_and_reads_in_100_columns(
    tmp_path: Path, server_home: Path
) -> None:
    first = spawn("demo", "--home", server_home, "--orders", 8, "--json")
    # The demo's own export is on record too.
    size = call("log", "head", "--home", server_home, "--json").json["size"]
    again = spawn("demo", "--home", server_home, "--orders", 8, PYTHONIOENCODING="ascii")
    assert (first.code, again.code) == (0, 0), again.err
    assert f"{size:,} entries from earlier runs" in again.out
    assert "xiyou.local/" in again.out
    assert "\x1b" not in again.out
    story = [each for each in again.out.splitlines() if str(server_home) not in each]
    assert max(len(each) for each in story) <= 100
    assert call("log", "head", "--home", server_home, "--json").json["size"] > first.json["size"]


def test_without_a_home_it_works_in_a_folder_here(tmp_path: Path) -> None:
    called = spawn("demo", "--orders", 4, cwd=tmp_path)
    assert called.code == 0, called.err
    assert str(tmp_path / ".demo") in called.out
    assert (tmp_path / ".demo" / "log" / "checkpoint").is_file()


@pytest.mark.parametrize("index", [0, 255, 256, 600])
def test_tampering_changes_one_byte_of_one_entry_in_the_copy_alone(
    demo: Demo, tmp_path: Path, index: int
) -> None:
    size = demo.facts["size"]
    path = bundle_of(index, size).path
    real = demo.home / "log" / path
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).hardlink_to(real)
    before = real.read_bytes()
    tamper(tmp_path, index, size)
    assert real.read_bytes() == before
    changed = [a != b for a, b in zip(before, (tmp_path / path).read_bytes(), strict=True)]
    assert sum(changed) == 1


def test_a_demo_stopped_by_hand_ends_soon_and_whole(server_home: Path) -> None:
    with subprocess.Popen(
        command_line("demo", "--home", server_home, "--orders", 50_000, "--json"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        until((server_home / "log" / "checkpoint").exists, 30)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped by hand" in out
    assert call("audit", "--home", server_home, "--database").code == 0
