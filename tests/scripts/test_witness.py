"""`xiyou witness`: made, told what to watch, and served, by a court that has nothing of ours."""

from pathlib import Path

import pytest

from chain.quorum import Policy, PolicyLog
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from scripts.witness import WitnessProcess
from tests.chain.keys import LOG, LOG_PQ, ORIGIN
from tests.chain.store.owners import until
from tests.chain.store.published import commands
from tests.chain.store.writing import write
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
    process.stop()


def test_a_deployment_with_witnesses_says_what_is_final_and_since_when_it_is_not(
    server_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From settings to a verifier's policy: `publish`, `log head`, `policy`, `proof`, `verify`."""
    court = tmp_path / "court"
    vkey = call("witness", "make", "witness.example/court", "--home", court, "--json").json["vkey"]
    with EmbeddedPostgres(server_home / "postgres") as server:
        assert call("migrate", "--home", server_home).code == 0
        policy = tmp_path / "policy"
        assert call("policy", "--home", server_home, "--out", policy).code == 0
        assert call("witness", "watch", policy, "--home", court).code == 0
        database = Database(server.url(user="xiyou_app", database="xiyou"))
        write(database, commands(0, 3))
        with WitnessProcess(court) as witness:
            monkeypatch.setenv("XIYOU_WITNESSES", f"{vkey} {witness.url}")
            monkeypatch.setenv("XIYOU_WITNESS_DEADLINE", "20")
            published = call("publish", "--once", "--home", server_home, "--json").json
        assert (published["size"], published["final"]) == (3, 3)
        write(database, commands(3, 3))
        monkeypatch.setenv("XIYOU_WITNESS_DEADLINE", "1")
        missing = call("publish", "--once", "--home", server_home)
        assert "the quorum of witnesses is missing" in missing.out
        head = call("log", "head", "--home", server_home, "--json").json
        assert (head["size"], head["signed"], head["final"]) == (6, 6, 3)
        assert head["witnesses"]["met"] is False
        words = call("log", "head", "--home", server_home).out
        assert f"MISSING since {head['witnesses']['missing_since']}" in words
        database.close()
        # A verifier of tomorrow asks for the witness; what is final has it.
        trusted = call("policy", "--home", server_home, "--out", policy, "--json").json
        assert (trusted["witnesses"], trusted["quorum"]) == (["witness.example/court"], 1)
        proof = tmp_path / "2.tlog-proof"
        assert call("proof", 2, "--home", server_home, "--out", proof).code == 0
        verified = call("verify", proof, "--policy", policy, "--json").json
        assert [each["name"] for each in verified["witnesses"]] == ["witness.example/court"]
        assert call("audit", "--home", server_home).code == 0
