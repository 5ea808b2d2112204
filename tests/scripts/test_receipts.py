"""`xiyou receipts`: a buyer's own copy of what concerns it, verified without us."""

from pathlib import Path

from chain.canonical import parse
from chain.entry import Entry
from tests.scripts.calling import call
from tests.scripts.conftest import Demo


def test_a_buyer_gets_every_event_of_the_order_with_its_proof(demo: Demo, tmp_path: Path) -> None:
    stream = demo.facts["order"]["stream"]
    history = call("log", "history", stream, "--home", demo.home, "--json").json["entries"]
    buyer = history[0]["body"]["meta"]["actor"]
    out = tmp_path / "mine"
    called = call("receipts", "--party", buyer, "--out", out, "--home", demo.home, "--json")
    assert called.code == 0, called.err
    facts = called.json
    assert facts["final"] == len(facts["indexes"])
    assert {each["index"] for each in history} <= set(facts["indexes"])
    policy = tmp_path / "policy"
    assert call("policy", "--home", demo.home, "--out", policy).code == 0
    for index in facts["indexes"]:
        proof, entry = out / f"{index:012d}.tlog-proof", out / f"{index:012d}.txt"
        verified = call(
            "verify", proof, "--entry", entry, "--policy", tmp_path / "policy", "--json"
        )
        assert (verified.code, verified.json["index"]) == (0, index)
        assert parse(Entry.parse(entry.read_bytes()).body)
    again = call("receipts", "--party", buyer, "--out", out, "--home", demo.home, "--json")
    assert again.json == facts


def test_a_party_that_nobody_names_ends_with_2(demo: Demo, tmp_path: Path) -> None:
    for party in ("nobody", " "):
        out = tmp_path / "none"
        assert call("receipts", "--party", party, "--out", out, "--home", demo.home).code == 2
