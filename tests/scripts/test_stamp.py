"""`xiyou stamp` and `xiyou authority`: a time for what is published, labelled TEST ONLY."""

from hashlib import sha256
from pathlib import Path

import pytest

from chain.store.openssl import has_openssl
from scripts.authority import AuthorityProcess
from tests.scripts.calling import call, spawn
from tests.scripts.conftest import Demo

pytestmark = pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")


def test_the_published_checkpoint_is_stamped_and_the_label_shows(
    server_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = Demo(server_home, spawn("demo", "--home", server_home, "--orders", 5, "--json"))
    without = call("stamp", "--home", demo.home)
    assert (without.code, "XIYOU_STAMP_AUTHORITIES" in without.err) == (4, True)
    with AuthorityProcess(tmp_path / "authority") as authority:
        monkeypatch.setenv("XIYOU_STAMP_AUTHORITIES", f"{authority.url} {authority.root}")
        first = call("stamp", "--home", demo.home, "--json")
        words = call("stamp", "--home", demo.home).out
    assert first.code == 0, first.err
    assert (first.json["size"], first.json["test"]) == (demo.facts["size"], True)
    assert words.startswith("TEST ONLY")
    stamped = Path(first.json["file"])
    assert stamped.with_suffix(".txt").read_bytes() == (demo.home / "log/checkpoint").read_bytes()
    # The token is on record by its digest, once (evidence.md, section 7).
    stream = f"stamp/{first.json['size']:012d}"
    history = call("log", "history", stream, "--home", demo.home, "--json").out
    assert history.count("evidence.anchored") == 1
    assert sha256(stamped.read_bytes()).hexdigest() in history
    assert first.json["recorded"] == 1


def test_roots_that_cannot_be_read_are_named(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIYOU_STAMP_AUTHORITIES", f"http://127.0.0.1:9/ {tmp_path / 'none.pem'}")
    called = call("stamp", "--home", demo.home)
    assert (called.code, "none.pem" in called.err) == (4, True)
