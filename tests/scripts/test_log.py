"""Looking at the log, in words and in JSON."""

import pytest

from tests.scripts.calling import call
from tests.scripts.conftest import Demo


def test_the_head_has_size_root_and_the_published_checkpoint(demo: Demo) -> None:
    facts = call("log", "head", "--home", demo.home, "--json").json
    assert facts["size"] == demo.facts["size"]
    assert facts["root"] == demo.facts["root"]
    assert facts["checkpoint"] == (demo.home / "log" / "checkpoint").read_text()
    words = call("log", "head", "--home", demo.home).out
    assert facts["root"] in words


def test_an_entry_is_shown_as_it_was_hashed(demo: Demo) -> None:
    index = demo.facts["order"]["refund_index"]
    called = call("log", "entry", index, "--home", demo.home)
    assert called.code == 0
    assert called.out.count("\n") == 2
    facts = call("log", "entry", index, "--home", demo.home, "--json").json
    assert facts["type"] == "refund.executed"
    assert facts["stream"] == demo.facts["order"]["stream"]
    assert facts["body"]["data"]["amount"] > 0


def test_an_entry_beyond_the_end_ends_with_2(demo: Demo) -> None:
    called = call("log", "entry", demo.facts["size"], "--home", demo.home, "--json")
    assert called.code == 2
    assert str(demo.facts["size"]) in called.json["message"]


def test_a_history_is_a_chain_of_versions(demo: Demo) -> None:
    stream = demo.facts["order"]["stream"]
    entries = call("log", "history", stream, "--home", demo.home, "--json").json["entries"]
    assert [each["seq"] for each in entries] == list(range(1, len(entries) + 1))
    hashes = [each["chain_hash"] for each in entries]
    assert [each["prev"] for each in entries] == [None, *hashes[:-1]]
    words = call("log", "history", stream, "--home", demo.home).out
    assert all(each["type"] in words for each in entries)


@pytest.mark.parametrize("stream", ["ord_nobody", "two words", "x" * 200])
def test_a_history_of_nothing_ends_with_2(demo: Demo, stream: str) -> None:
    assert call("log", "history", stream, "--home", demo.home).code == 2
