"""`xiyou witness`: made, told what to watch, and served, by a court that has nothing of ours."""

from pathlib import Path

from chain.quorum import Policy, PolicyLog
from scripts.witness import WitnessProcess
from tests.chain.keys import LOG, LOG_PQ, ORIGIN
from tests.chain.store.owners import until
from tests.scripts.calling import call


def policy_file(folder: Path) -> Path:
    path = folder / "log.policy"
    keys = (LOG.verifier_key, LOG_PQ.verifier_key)
    path.write_bytes(Policy(logs=tuple(PolicyLog(key) for key in keys)).to_bytes())
    return path


def test_a_witness_is_made_watches_and_says_where_it_stands(tmp_path: Path) -> None:
    home = tmp_path / "witness"
    made = call("witness", "make", "witness.example/court", "--home", home, "--json")
    assert made.code == 0
    vkey = made.json["vkey"]
    policy = policy_file(tmp_path)
    assert call("witness", "watch", policy, "--home", home, "--json").json["added"] == [ORIGIN]
    assert call("witness", "watch", policy, "--home", home, "--json").json["known"] == [ORIGIN]
    head = call("witness", "head", "--home", home, "--json").json
    assert head == {"ok": True, "vkey": vkey, "logs": [{"origin": ORIGIN, "size": None}]}
    with WitnessProcess(home) as process:
        assert process.vkey.text() == vkey
        # A second one on the same memory is refused.
        assert call("witness", "head", "--home", home).code == 3


def test_what_is_wrong_is_said_with_its_code(tmp_path: Path) -> None:
    home = tmp_path / "witness"
    assert call("witness", "head", "--home", home).code == 4
    assert call("witness", "make", "a name", "--home", home).code == 2
    assert call("witness", "make", "w", "--home", home, "--kind", "rsa").code == 2
    assert call("witness", "make", "w", "--home", home).code == 0
    assert "already" in call("witness", "make", "w", "--home", home).err
    (tmp_path / "bad").write_text("log nonsense\n")
    bad = call("witness", "watch", tmp_path / "bad", "--home", home)
    assert (bad.code, "line 1" in bad.err) == (2, True)
    assert call("witness", "watch", tmp_path / "none", "--home", home).code == 2


def test_a_served_witness_ends_with_its_parent(tmp_path: Path) -> None:
    home = tmp_path / "witness"
    call("witness", "make", "w", "--home", home)
    process = WitnessProcess(home)
    assert process._process.stdin is not None
    process._process.stdin.close()
    until(lambda: process._process.poll() == 0, 20)
    process._process.stdin = None
    process.kill()
