"""Proofs and policies by command: what one writes another verifies."""

from pathlib import Path

import pytest

from tests.scripts.calling import call
from tests.scripts.conftest import Demo


@pytest.fixture
def policy(demo: Demo, tmp_path: Path) -> Path:
    path = tmp_path / "log.policy"
    called = call("policy", "--home", demo.home, "--out", path, "--json")
    assert called.code == 0
    assert called.json["policy"] == path.read_text()
    assert [each.split()[0] for each in called.json["keys"]] == ["ED25519", "ML_DSA_44"]
    return path


@pytest.mark.parametrize("before_the_end", [1, 2, 700])
def test_a_proof_by_command_verifies_by_command(
    demo: Demo, policy: Path, tmp_path: Path, before_the_end: int
) -> None:
    index = demo.facts["size"] - before_the_end
    out = tmp_path / "entry.tlog-proof"
    made = call("proof", index, "--home", demo.home, "--out", out, "--json")
    assert made.code == 0
    assert made.json["bytes"] == out.stat().st_size
    verified = call("verify", out, "--policy", policy, "--json")
    assert verified.code == 0
    assert (verified.json["index"], verified.json["size"]) == (index, demo.facts["size"])


def test_both_spellings_of_the_command_write_the_same(demo: Demo, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call("proof", 3, "--home", demo.home, "--out", one).code == 0
    assert call("log", "proof", 3, "--home", demo.home, "--out", other).code == 0
    assert one.read_bytes() == other.read_bytes()


def test_the_policy_of_another_log_does_not_accept_the_proof(
    demo: Demo, policy: Path, tmp_path: Path, server_home: Path
) -> None:
    assert call("migrate", "--home", server_home).code == 0
    other = tmp_path / "other.policy"
    assert call("policy", "--home", server_home, "--out", other).code == 0
    called = call("verify", demo.facts["proof"]["file"], "--policy", other, "--json")
    assert called.code == 1
    assert "knows no log" in called.json["message"]
    unpublished = call("proof", 0, "--home", server_home)
    assert unpublished.code == 2
    assert "xiyou publish" in unpublished.err


def test_an_entry_that_is_not_published_has_no_proof(demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "none"
    called = call("proof", demo.facts["size"], "--home", demo.home, "--out", out, "--json")
    assert called.code == 2
    assert not out.exists()


def test_a_policy_without_a_file_goes_to_standard_output(demo: Demo, policy: Path) -> None:
    assert call("policy", "--home", demo.home).out == policy.read_text()
