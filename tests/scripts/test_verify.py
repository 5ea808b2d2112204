"""Verifying: what is true, what is untrue, what is malformed, and what it needs to run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.calling import REPOSITORY, call, environment

GOLDEN = REPOSITORY / "tests/golden/chain"
PROOF = GOLDEN / "refund.tlog-proof"
POLICY = GOLDEN / "policy"


def test_a_true_proof_ends_with_0_and_says_what_is_true() -> None:
    called = call("verify", PROOF, "--policy", POLICY, "--json")
    assert called.code == 0
    facts = called.json
    assert facts["ok"] is True
    assert (facts["index"], facts["size"], facts["type"]) == (2, 5, "refund.issued")
    assert [each["name"] for each in facts["witnesses"]] == ["w1", "w2", "w3"]


def test_a_person_reads_the_same() -> None:
    called = call("verify", PROOF, "--policy", POLICY)
    assert called.code == 0
    assert called.out.startswith("true: entry 2 is in the log example.com/xiyou/test-log\n")


@pytest.mark.parametrize("line", ["extra", "hash", "root", "signature"])
def test_a_changed_proof_never_ends_with_0(tmp_path: Path, line: str) -> None:
    text = PROOF.read_text()
    lines = text.split("\n")
    number = {"extra": 1, "hash": 3, "root": lines.index("5") + 1, "signature": -2}[line]
    place = len(lines[number]) // 2
    other = "A" if lines[number][place] != "A" else "B"
    lines[number] = lines[number][:place] + other + lines[number][place + 1 :]
    changed = tmp_path / "changed.tlog-proof"
    changed.write_text("\n".join(lines))
    called = call("verify", changed, "--policy", POLICY, "--json")
    assert called.code == 1
    assert called.json["ok"] is False
    assert called.json["error"] == "untrue"


def test_no_changed_byte_of_the_proof_is_accepted(tmp_path: Path) -> None:
    data = PROOF.read_bytes()
    changed = tmp_path / "changed.tlog-proof"
    head = data.index(b"\n\n")
    for place in range(0, head, 23):
        changed.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert call("verify", changed, "--policy", POLICY).code in (1, 2), place


@pytest.mark.parametrize("content", [b"", b"hello\n", PROOF.read_bytes()[:-9] + b"\xff"])
def test_a_malformed_proof_ends_with_2(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.tlog-proof"
    broken.write_bytes(content)
    called = call("verify", broken, "--policy", POLICY, "--json")
    assert called.code == 2
    assert called.json["error"] == "malformed"


def test_a_malformed_policy_ends_with_2_and_names_the_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("log nonsense\n")
    called = call("verify", PROOF, "--policy", policy, "--json")
    assert called.code == 2
    assert str(policy) in called.json["message"]


def test_the_policy_of_another_log_ends_with_1(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    keys = (GOLDEN / "vkeys.txt").read_text().split()
    other = next(each for each in keys if not each.startswith("example.com/xiyou/test-log+"))
    witness = f"witness w {other}\nquorum none\n"
    policy.write_text(witness)
    assert call("verify", PROOF, "--policy", policy).code == 1


def test_a_file_that_is_not_there_ends_with_2() -> None:
    called = call("verify", "/nowhere.tlog-proof", "--policy", POLICY, "--json")
    assert called.code == 2
    assert "nowhere.tlog-proof" in called.json["message"]


def test_the_entry_may_be_given_beside_the_proof(tmp_path: Path) -> None:
    entry = GOLDEN / "entry-2.txt"
    other = GOLDEN / "entry-1.txt"
    assert call("verify", PROOF, "--policy", POLICY, "--entry", entry).code == 0
    assert call("verify", PROOF, "--policy", POLICY, "--entry", other).code == 1


WHAT_IT_LOADED = """
import sys
from scripts.__main__ import run
outcome = run(sys.argv[1:])
assert outcome.code == 0, outcome
ours = {"api", "domain", "projections", "chain.store"}
foreign = {"psycopg", "psycopg_pool", "eventsourcing", "pydantic", "rich", "typer", "fastapi"}
loaded = sorted(
    name for name in sys.modules
    if name in ours | foreign or name.startswith(tuple(each + "." for each in ours | foreign))
)
print(",".join(loaded))
"""


def test_verifying_loads_nothing_of_ours_but_the_chain_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IT_LOADED, "verify", PROOF, "--policy", POLICY],
        capture_output=True,
        check=True,
        cwd=REPOSITORY,
        env=environment(),
        text=True,
    )
    assert done.stdout.strip() == ""
