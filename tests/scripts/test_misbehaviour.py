"""`xiyou misbehaviour`, as somebody runs it who holds two checkpoints and a policy."""

from pathlib import Path

import pytest

from chain.quorum import Policy, PolicyLog
from chain.tiles import tiles_of
from tests.chain.keys import LOG, LOG_PQ
from tests.chain.test_misbehaviour import note, tree
from tests.chain.tree import leaves
from tests.scripts.calling import call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = (LOG.verifier_key, LOG_PQ.verifier_key)
    (tmp_path / "policy").write_bytes(Policy(tuple(PolicyLog(key) for key in keys)).to_bytes())
    for name, of in (("honest", leaves(5)), ("fork", tree(5, 2)), ("later", tree(9, 2))):
        (tmp_path / name).write_bytes(note(of))
    fork = tree(9, 2)
    for tile in tiles_of(9):
        path = tmp_path / "log" / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(fork[:9]))
    return tmp_path


def make(folder: Path, one: str, other: str, *more: object) -> int:
    out, policy = folder / "proof", folder / "policy"
    notes = (folder / one, folder / other)
    return call("misbehaviour", "make", *notes, "--policy", policy, "--out", out, *more).code


@pytest.mark.parametrize(("other", "kind"), [("fork", "split view"), ("later", "rewritten")])
def test_two_contradicting_checkpoints_make_a_proof_that_verifies(
    folder: Path, other: str, kind: str
) -> None:
    more = ("--log", folder / "log") if other == "later" else ()
    assert make(folder, "honest", other, *more) == 0
    assert (folder / "proof").stat().st_size <= 4096
    called = call(
        "misbehaviour", "verify", folder / "proof", "--policy", folder / "policy", "--json"
    )
    assert (called.code, called.json["kind"]) == (0, kind)
    words = call("misbehaviour", "verify", folder / "proof", "--policy", folder / "policy").out
    assert "has misbehaved" in words


def test_what_shows_nothing_ends_with_1_and_what_is_malformed_with_2(folder: Path) -> None:
    assert make(folder, "honest", "honest") == 1
    # The tiles of the larger tree are needed, and named.
    assert make(folder, "honest", "later") == 2
    assert make(folder, "honest", "nothing") == 2
    (folder / "proof").write_bytes(b"xiyou-misbehaviour/1\n")
    called = call("misbehaviour", "verify", folder / "proof", "--policy", folder / "policy")
    assert (called.code, "proof" in called.err) == (2, True)
