"""Exporting with a head index: from a real log, its real index, and after a real erasure."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import Deployment
from api.exporting.heads import committed_for
from api.exporting.making import Request, look_up
from api.settings import load_settings
from chain.canonical import to_bytes
from chain.command import Command, NewEvent
from chain.evidence import names
from chain.evidence.archive import read_archive
from chain.evidence.entries import sealed_places
from chain.evidence.paper.certificate import Issued, Seal, certificate_of
from chain.evidence.paper.position import Heads
from chain.evidence.paper.position import heads_in as printed_heads
from chain.store.files import exclusive
from chain.store.forgetting import forget
from chain.store.log import Log
from domain.evidence.exporting import Approval
from domain.evidence.heads import last_of_matter
from tests.scripts.calling import call
from tests.scripts.conftest import Demo, demo_in
from tests.scripts.test_evidence import YELLOW, export, verified


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of its own: an export adds to the log that it is of."""
    with demo_in(tmp_path_factory.mktemp("heads") / "home") as ran:
        yield ran


@pytest.fixture
def policy(demo: Demo, tmp_path: Path) -> Path:
    path = tmp_path / "policy"
    assert call("policy", "--home", demo.home, "--out", path).code == 0
    return path


def report(package: Path, policy: Path) -> dict[str, Any]:
    return call("verify", package, "--policy", policy, "--json").json


def heads_in(package: Path) -> dict[str, bytes]:
    files = read_archive(package.read_bytes())
    return {name: content for name, content in files.items() if names.is_head(name)}


def test_an_export_where_nobody_indexes_commits_itself_and_is_whole(
    demo: Demo, policy: Path, tmp_path: Path
) -> None:
    """All that a reader's policy without witnesses leaves unchecked is the witnesses."""
    package = tmp_path / "order.zip"
    order = demo.facts["order"]["stream"]
    facts = export(demo, package, "--order", order)
    assert verified(package, policy)["code"] == YELLOW
    found = report(package, policy)
    unchecked = [
        each["claim"]
        for each in found["claims"]
        if each["need"] == "required" and each["verdict"] != "verified"
    ]
    assert unchecked == ["witness_quorum"]
    assert found["complete"]["index"] == facts["heads"]
    lacking = {each["stream"]: each["types"] for each in found["complete"]["absent"]}
    assert "order.waiver_confirmed" in lacking[order]
    # The certificate prints what the package's own head index commits to, as is verified.
    members = read_archive(package.read_bytes())
    committed = printed_heads(members)
    assert committed is not None
    assert committed == Heads(found["complete"]["size"], found["complete"]["at"])
    seal = Seal("CN=signer", "CN=root", "1", is_test=True)
    content = certificate_of(Issued(members, "https://verify.example/", seal, committed))
    rows = [row for group in content["groups"] for row in group["rows"]]
    [told] = [str(row) for row in rows if "历史完整性" in row["zh"]]
    assert f"at size {committed.size:,} the matter's streams ended so" in told
    assert "not checked" not in told
    # What is committed already serves the next export.
    again = export(demo, tmp_path / "again.zip", "--order", order)
    assert again["heads"] == facts["heads"]


def test_what_happened_since_the_commitment_gets_a_new_one(
    demo: Demo, policy: Path, tmp_path: Path
) -> None:
    first = export(demo, tmp_path / "first.zip", "--order", demo.facts["order"]["stream"])
    stream = f"evidence/{first['number']}"
    export(demo, tmp_path / "second.zip", "--stream", stream)
    one, other = (report(tmp_path / f"{n}.zip", policy)["complete"] for n in ("first", "second"))
    assert other["size"] > one["size"]


def test_where_another_process_indexes_the_export_waits_for_it_and_no_longer(
    demo: Demo, tmp_path: Path
) -> None:
    first = export(demo, tmp_path / "first.zip", "--order", demo.facts["order"]["stream"])
    request = Request(None, None, f"evidence/{first['number']}", (), "s1", Approval(), None, None)
    with Deployment(load_settings({}, demo.home)) as ledger:
        disclosure = look_up(ledger, request)
        with exclusive(demo.home / "index" / "lock", "keeping this index"):
            assert committed_for(ledger, disclosure.selection, 0.3) is None
        found = committed_for(ledger, disclosure.selection, 0.3)
        assert found is not None
        assert found.commitment.size > last_of_matter(disclosure.selection)


def test_without_an_index_the_export_goes_on_and_says_so(
    demo: Demo, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = export(demo, tmp_path / "first.zip", "--order", demo.facts["order"]["stream"])
    monkeypatch.setattr("api.exporting.heads.MAX_BACKLOG", -1)
    package = tmp_path / "second.zip"
    called = call(
        "evidence", "export", "--stream", f"evidence/{first['number']}", "--out", package,
        "--home", demo.home,
    )  # fmt: skip
    assert called.code == 0
    assert "no head index" in called.out
    assert heads_in(package) == {}
    assert verified(package, policy)["history_complete"] == ("not_checked", "no_head_index")


def test_the_stream_of_the_commitments_never_covers_its_own_end(
    demo: Demo, policy: Path, tmp_path: Path
) -> None:
    export(demo, tmp_path / "first.zip", "--order", demo.facts["order"]["stream"])
    assert call("index", "commit", "--home", demo.home).code == 0
    package = tmp_path / "index.zip"
    export(demo, package, "--stream", "index")
    assert verified(package, policy)["history_complete"] == ("not_checked", "no_head_index")


def test_an_erasure_leaves_the_proof_of_completeness_standing(
    demo: Demo, policy: Path, tmp_path: Path
) -> None:
    """Data keys and values are destroyed; commitment and head proofs stay, byte for byte."""
    with Deployment(load_settings({}, demo.home)) as ledger:
        found = ledger.trade.recorder.select_notifications(1, 100_000, topics=["message.added"])
        spoken = next(e for e in found if b'"text":{"sealed"' in e.state)
        stream, owner, application = str(spoken.originator_id), ledger.owner_url(), ledger.url
        ((_, digest),) = sealed_places(json.loads(spoken.state))
        with ledger.database.connect() as connection:
            row = connection.execute(
                "SELECT subject FROM sealed_values JOIN data_keys ON data_key = data_keys.id"
                " WHERE digest = %s",
                [bytes.fromhex(digest)],
            ).fetchone()
        assert row is not None
    before, after = tmp_path / "before.zip", tmp_path / "after.zip"
    export(demo, before, "--stream", stream)
    assert forget(owner, [row[0]]).values >= 1
    body = to_bytes({"data": {"digests": [digest]}, "meta": {"schema": 1}})
    log = Log(application)
    event = NewEvent("erasure/2026-11-24", 1, "privacy.erased", body)
    log.sequencer.append(Command("erase-1", [event]))
    log.close()
    export(demo, after, "--stream", stream)
    checked = verified(after, policy)
    assert checked["erasures"] == ("verified", None)
    assert checked["history_complete"] == ("verified", None)
    one, other = heads_in(before), heads_in(after)
    assert one.keys() == other.keys()
    proofs = {name for name in one if name != names.COMMITMENT_PROOF}
    assert {name: one[name] for name in proofs} == {name: other[name] for name in proofs}
    # A package that was handed out before says the same as ever.
    assert verified(before, policy)["history_complete"] == ("verified", None)
