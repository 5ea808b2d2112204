"""What the README says to copy works when it is copied: the first sale over HTTP."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain.store.embedded import EmbeddedPostgres
from tests.api.asking import free_port
from tests.chain.store.owners import leaked
from tests.scripts.calling import REPOSITORY, call, environment

BLOCK = re.compile(r"^```bash first-sale\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = ("bash", "curl", "python3")


def blocks() -> list[str]:
    return BLOCK.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))


@pytest.fixture
def first_sale(tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    """The block of the README, run by bash in a folder of its own."""
    for each in PROGRAMS:
        if shutil.which(each) is None:
            pytest.skip(f"{each} is not installed: the README's block asks for it")
    [block] = blocks()
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", block],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment(PATH=programs, PORT=str(free_port())),
        text=True,
        timeout=240,
    )


def test_the_first_sale_of_the_readme_is_in_the_log_and_its_proof_verifies(
    first_sale: "subprocess.CompletedProcess[str]", tmp_path: Path
) -> None:
    assert first_sale.returncode == 0, first_sale.stdout + first_sale.stderr
    house = tmp_path / ".shop"
    sale = json.loads((house / "sale.json").read_text())
    assert sale["raw_key"].startswith("K7QX-93TM-AAAA-000")
    # The block ends with the check, and what it says is so: we ask again, and the log.
    assert f"entry {sale['index']} is in the log" in first_sale.stdout
    proof, policy = house / "sale.tlog-proof", house / "log.policy"
    checked = call("verify", proof, "--policy", policy, "--json")
    assert (checked.code, checked.json["ok"]) == (0, True)
    order = json.loads((house / "order.json").read_text())["order"]
    with EmbeddedPostgres(house / "postgres"):
        history = call("log", "history", order, "--home", house).out
        sold = call("log", "entry", sale["index"], "--home", house).out
    for topic in ("order.placed", "order.paid", "funds.held", "order.delivered"):
        assert topic in history
    assert "key.activated" in sold
    assert sale["key"] in sold
    assert leaked(house / "postgres") == []


def test_the_readme_has_one_block_for_it_and_no_secret_in_an_address() -> None:
    [block] = blocks()
    assert not re.findall(r"\$API[^ \"]*\?[^ \"]*(?:code|key|token)=", block)
