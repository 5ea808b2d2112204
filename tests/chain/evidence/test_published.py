"""The published files: one source of claims, and a program that needs nothing of ours."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chain.evidence.claims import DATA, NEWEST_BODY_SCHEMA, published
from domain.topics import EVENTS
from tests.chain.evidence.enclose import MARKS, PUBLISHED, enclosed
from tests.chain.evidence.making import POLICY, golden, report

STANDARD = set(sys.stdlib_module_names) | {"cryptography"}
FORBIDDEN = ("区块链存证", "上链", "不可篡改", "司法认可", "immutable", "100 %")


@pytest.mark.parametrize("name", MARKS)
def test_the_single_files_hold_the_claims_of_today(name: str) -> None:
    assert (PUBLISHED / name).read_text() == enclosed(name), (
        "run python -m tests.chain.evidence.enclose"
    )


def test_the_standalone_program_imports_the_standard_library_alone() -> None:
    tree = ast.parse(published("verify.py.txt"))
    found = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert found <= STANDARD


def test_every_event_type_is_of_a_payload_version_that_verifiers_know() -> None:
    assert max(each.SCHEMA for each in EVENTS.values()) <= NEWEST_BODY_SCHEMA


def test_nothing_published_promises_what_may_not_be_promised() -> None:
    for name in ("claims.json", "verify.py.txt", "verify.html"):
        text = published(name).decode()
        assert [word for word in FORBIDDEN if word in text] == []


def test_every_code_and_claim_has_its_words_in_two_languages() -> None:
    for group in ("codes", "colours", "notes", "events", "states", "titles", "reasons"):
        assert all(each["zh"] and each["en"] for each in DATA[group].values())
    used = {code for each in DATA["claims"] for code in each["failed"] + each["not_checked"]}
    assert used | {"blocked"} == set(DATA["codes"])


def run(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    program = folder / "verify.py"
    program.write_bytes(published("verify.py.txt"))
    command = [sys.executable, "-I", str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_the_program_reports_what_the_ledger_reports(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(golden())
    (tmp_path / "policy").write_bytes(POLICY)
    done = run(tmp_path, "package.zip", "--policy", "policy", "--json")
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("verifier")["name"] == "verify.py"
    ours = report(golden())
    del ours["verifier"]
    assert found == ours
    words = run(tmp_path, "package.zip", "--policy", "policy")
    assert words.stdout.startswith("YELLOW")


@pytest.mark.parametrize(
    "policy",
    [b"log nonsense\n", b"", b"\xff\n", POLICY + POLICY[: POLICY.index(b"\n") + 1]],
    ids=["nonsense", "empty", "not-utf8", "one-key-twice"],
)
def test_a_policy_that_is_none_ends_with_2(tmp_path: Path, policy: bytes) -> None:
    """``evidence.md``, section 9, row 19."""
    (tmp_path / "package.zip").write_bytes(golden())
    (tmp_path / "policy").write_bytes(policy)
    done = run(tmp_path, "package.zip", "--policy", "policy")
    assert done.returncode == 2
    assert done.stderr.startswith("error: policy")


def test_a_key_with_a_wrong_id_ends_with_2(tmp_path: Path) -> None:
    """``evidence.md``, section 9, row 19."""
    (tmp_path / "package.zip").write_bytes(golden())
    (tmp_path / "policy").write_bytes(POLICY.replace(b"+8e06e87f+", b"+8e06e87e+"))
    assert run(tmp_path, "package.zip", "--policy", "policy").returncode == 2


def test_a_program_beside_the_manifest_cannot_vouch_for_itself(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(golden())
    (tmp_path / "policy").write_bytes(POLICY)
    (tmp_path / "bundle.json").write_bytes(b"{}")
    done = run(tmp_path, "package.zip", "--policy", "policy", "--json")
    codes = {each["claim"]: each["code"] for each in json.loads(done.stdout)["claims"]}
    assert codes["verifier_outside"] == "verifier_from_package"


WITHOUT = """
import sys
sys.modules["cryptography"] = None
sys.argv = sys.argv[1:]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_without_a_library_signatures_are_not_checked_and_nothing_is_green(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(golden())
    (tmp_path / "policy").write_bytes(POLICY)
    (tmp_path / "verify.py").write_bytes(published("verify.py.txt"))
    arguments = ["verify.py", "package.zip", "--policy", "policy", "--json"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["colour"]) == (3, "yellow")
    codes = {each["claim"]: each["code"] for each in found["claims"]}
    for claim in ("checkpoint_signed", "checkpoint_mldsa44", "witness_quorum", "issued"):
        assert codes[claim] == "no_signature_library"
