"""``xiyou erase`` on a demo's log: restricted, then erased, and every package still verifies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import Deployment
from api.settings import load_settings
from chain.evidence.archive import read_archive
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.verification import Trust
from chain.store.auditor import audit_database
from chain.store.forgetting import owners_of, values_of
from domain.evidence.hiding import hidden_in
from domain.evidence.selection import select_order
from domain.identity.account import subjects_of
from domain.identity.erasure import erased
from domain.identity.retention import duty_of
from scripts import browser, erase
from scripts.outcome import Exit
from tests.chain.evidence.agreement import assert_agree
from tests.scripts.calling import call
from tests.scripts.conftest import Demo, demo_in
from tests.scripts.test_evidence import export, verified

OVER = datetime(2031, 1, 1, tzinfo=UTC)
"""When no duty over a completed trade of the demo runs any more."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of its own: this one loses values."""
    with demo_in(tmp_path_factory.mktemp("erase") / "home") as ran:
        yield ran


@dataclass(frozen=True)
class Person:
    """A buyer of one completed order."""

    party: str
    order: str


@contextmanager
def opened(demo: Demo) -> Iterator[Deployment]:
    with Deployment(load_settings({}, demo.home)) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def people(demo: Demo) -> list[Person]:
    """Return buyers whose trades are complete, and for whom their order seals something."""
    with opened(demo) as ledger:
        log, size = ledger.trade.recorder, ledger.reader.size()
        orders: dict[str, str] = {}
        for each in log.select_notifications(1, 100_000, topics=["order.placed"]):
            data = json.loads(each.state)["data"]
            orders.setdefault(data["buyer"], str(each.originator_id))
        found = []
        for buyer, order in orders.items():
            duty = duty_of(log, buyer, size, "2030-12-31T00:00:00Z")  # type: ignore[arg-type] # ours
            theirs = {each.hex() for each in values_of(ledger.database, subjects_of(buyer))}
            shown = {each for each, _, _ in hidden_in(select_order(log, order, size))}  # type: ignore[arg-type] # ours
            if duty is not None and "not completed" not in duty.basis and theirs & shown:
                found.append(Person(buyer, order))
    assert len(found) >= 3
    return found


def size_of(demo: Demo) -> int:
    with opened(demo) as ledger:
        return ledger.reader.size()


@pytest.fixture
def policy(demo: Demo, tmp_path: Path) -> Path:
    path = tmp_path / "policy"
    assert call("policy", "--home", demo.home, "--out", path).code == 0
    return path


def bundle(package: Path) -> Any:  # noqa: ANN401 — JSON
    return json.loads(read_archive(package.read_bytes())["bundle.json"])


def ask(demo: Demo, party: str, actor: str) -> dict[str, Any]:
    called = call("erase", "--subject", party, "--by", actor, "--home", demo.home, "--json")
    assert called.code == 0, called.out
    return called.json


def test_while_a_duty_runs_the_values_are_restricted_and_nothing_is_destroyed(
    demo: Demo, people: list[Person], policy: Path, tmp_path: Path
) -> None:
    person = people[1]
    facts = ask(demo, person.party, "staff-1")
    assert facts["state"] == "restricted"
    assert (facts["asked_by"], facts["values"]) == ("staff-1", 0)
    assert "E-commerce Law, art. 31" in facts["duty"]
    assert facts["keep_until"] > "2029-11"
    size = size_of(demo)
    for actor in ("staff-1", "staff-2"):
        again = ask(demo, person.party, actor)
        assert (again["keep_until"], again["values"]) == (facts["keep_until"], 0)
    told = call("erase", "--subject", person.party, "--by", "staff-2", "--home", demo.home).out
    assert f"kept and not used until {facts['keep_until']} under {facts['duty']}" in told
    assert size_of(demo) == size

    package = tmp_path / "restricted.zip"
    export(demo, package, "--order", person.order)
    restricted = [each for each in bundle(package)["sealed"] if each["state"] == "restricted"]
    assert restricted
    for each in restricted:
        assert each["reason"] == "retention_duty"
        assert each["basis"] == f"{facts['duty']}; kept until {facts['keep_until']}"
    assert verified(package, policy)["sealed_accounted"] == ("verified", None)
    place = f"{restricted[0]['index']}{restricted[0]['pointer']}"
    both = ["--reason", "order 1", "--by", "s1", "--approved-by", "s2", "--open", place]
    out = tmp_path / "opened.zip"
    refused = call(
        "evidence", "export", "--order", person.order, *both, "--out", out, "--home", demo.home
    )
    assert refused.code == Exit.REFUSED
    assert "kept until" in refused.err
    assert not out.exists()


def test_erasing_a_buyer_changes_no_proof_and_packages_before_and_after_verify(
    demo: Demo, people: list[Person], policy: Path, tmp_path: Path
) -> None:
    """All three verifiers; the second package says what was erased, and by which entry."""
    person = people[0]
    before, after = tmp_path / "before.zip", tmp_path / "after.zip"
    export(demo, before, "--order", person.order)
    ask(demo, person.party, "staff-1")
    with opened(demo) as ledger:
        theirs = {each.hex() for each in values_of(ledger.database, subjects_of(person.party))}
        assert erase.decide(ledger, person.party, "staff-1", OVER) is False
        assert erase.decide(ledger, person.party, "staff-2", OVER) is True
        done = erase.carry_out(ledger, "staff-2", OVER)
        assert done.values >= len(theirs) >= 1
        listed = erased(ledger.trade.recorder).listed
        assert theirs <= listed.keys()
    export(demo, after, "--order", person.order)

    one, other = bundle(before), bundle(after)
    proofs = {each["index"]: each["leaf"] for each in one["entries"]}
    assert proofs.items() <= {each["index"]: each["leaf"] for each in other["entries"]}.items()
    gone = [each for each in other["sealed"] if each["state"] == "erased"]
    assert {each["digest"] for each in gone} == theirs.intersection(
        each["digest"] for each in one["sealed"]
    )
    assert [each["state"] for each in one["sealed"] if each["digest"] in theirs] == [
        "withheld"
    ] * len(gone)
    files = read_archive(after.read_bytes())
    for each in gone:
        assert each["erased_by"] == listed[each["digest"]]
        header, body = files[f"entries/{each['erased_by']:012d}.txt"].split(b"\n")[:2]
        assert json.loads(header)["stream"] == "erasure/2031-01-01"
        assert each["digest"] in json.loads(body)["data"]["digests"]
    [support] = [each for each in other["streams"] if each["role"] == "support"]
    assert support["stream"] == "erasure/2031-01-01"

    assert verified(before, policy)["erasures"] == ("not_checked", "none_present")
    found = verified(after, policy)
    assert found["erasures"] == ("verified", None)
    assert found["sealed_accounted"] == ("verified", None)
    assert found["stream_chain"] == ("verified", None)
    assert extends(demo, before, after, policy) == ("verified", None)
    if browser.PROGRAM is not None:
        trust = Trust(policy=policy.read_bytes())
        packages = [before, after]
        shown = browser.run_page([(each.read_bytes(), trust) for each in packages])
        for package, got in zip(packages, shown, strict=True):
            ours = call("verify", package, "--policy", policy, "--json").json
            assert_agree(ours, got)
    with opened(demo) as ledger:
        judged = erased(ledger.trade.recorder).judged()
        report = audit_database(ledger.database, vault=ledger.vault, erased=judged, processes=1)
        assert report.findings == ()
        assert report.erased >= len(theirs)


def extends(demo: Demo, before: Path, after: Path, policy: Path) -> Any:  # noqa: ANN401 — a verdict
    """Say whether the tree of *after* is that of *before* with more leaves."""
    known, proof = before.parent / "known", before.parent / "known-proof"
    known.write_bytes(read_archive(before.read_bytes())["checkpoint.txt"])
    sizes = bundle(before)["log"]["size"], bundle(after)["log"]["size"]
    with opened(demo) as ledger:
        hashes = tuple(ledger.prover.prove_consistency(*sizes))
    proof.write_bytes(ConsistencyFile(*sizes, hashes).to_bytes())
    options = ("--policy", policy, "--known", known, "--known-proof", proof, "--json")
    claims = call("verify", after, *options).json["claims"]
    [found] = [each for each in claims if each["claim"] == "consistent_with_known"]
    return found["verdict"], found["code"]


def test_a_held_erasure_is_carried_out_by_the_days_run(demo: Demo) -> None:
    stranger = "usr_01m81b5h80empabrwfatgfec5p"
    home = ("--home", demo.home, "--json")
    unknown = call("erase", "--subject", stranger, *home)
    assert (unknown.code, unknown.json["error"]) == (Exit.REFUSED, "refused")
    with opened(demo) as ledger:
        ledger.vault.prepare([stranger])
        command = erase.command_by(ledger, "x", "held/1")
        ledger.trade.ask_erasure(command, stranger, "2026-11-22T00:00:00Z")
    held = call("erase", "--subject", stranger, "--by", "staff-2", "--hold", *home).json
    assert held["state"] == "decided"
    day = call("erase", *home)
    assert day.code == 0, day.out
    assert day.json["keys"] >= 1
    assert call("erase", *home).json["keys"] == 0
    again = call("erase", "--subject", stranger, "--by", "staff-3", *home).json
    assert (again["state"], again["keys"]) == ("erased", 0)


@pytest.mark.parametrize("subject", ["nobody", "acc_x", "usr_", "--by"])
def test_what_names_no_person_is_malformed(demo: Demo, subject: str) -> None:
    assert call("erase", "--subject", subject, "--home", demo.home).code == Exit.MALFORMED


def test_a_package_is_rebuilt_until_its_value_is_erased_and_then_says_so(
    demo: Demo, people: list[Person], tmp_path: Path
) -> None:
    home = ("--home", demo.home)
    order, buyer = people[2].order, people[2].party
    plain = tmp_path / "plain.zip"
    number = str(export(demo, plain, "--order", order)["number"])
    again = tmp_path / "again.zip"
    assert call("evidence", "rebuild", number, "--out", again, *home).code == 0
    assert again.read_bytes() == plain.read_bytes()

    sealed = json.loads(read_archive(plain.read_bytes())["bundle.json"])["sealed"]
    with opened(demo) as ledger:
        owners = owners_of(ledger.database, {bytes.fromhex(each["digest"]) for each in sealed})
    value = next(each for each in sealed if owners[bytes.fromhex(each["digest"])] == buyer)
    place = f"{value['index']}{value['pointer']}"
    both = ["--reason", "order 1", "--by", "s1", "--approved-by", "s2", "--open", place]
    showing = tmp_path / "showing.zip"
    number = str(export(demo, showing, "--order", order, *both)["number"])
    kept = demo.home / "evidence" / f"{number}.zip"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not [name for name in read_archive(kept.read_bytes()) if name.startswith("opened/")]
    assert call("evidence", "rebuild", number, "--out", again, *home).code == 0
    assert again.read_bytes() == showing.read_bytes()
    again.unlink()

    assert call("erase", "--subject", buyer, "--by", "s1", *home).code == 0
    restricted = call("evidence", "rebuild", number, "--out", again, *home)
    assert restricted.code == Exit.REFUSED
    assert "E-commerce Law" in restricted.err

    with opened(demo) as ledger:
        assert erase.decide(ledger, buyer, "s2", OVER)
        erase.carry_out(ledger, "s2", OVER)
    gone = call("evidence", "rebuild", number, "--out", again, *home)
    assert gone.code == Exit.REFUSED
    assert f"{number}: can no longer be rebuilt: it shows {place}, which was erased" in gone.err
    assert not again.exists()
    # One that showed nothing is what it was.
    number = json.loads(read_archive(plain.read_bytes())["bundle.json"])["number"]
    assert call("evidence", "rebuild", number, "--out", again, *home).code == 0
    assert again.read_bytes() == plain.read_bytes()
    kept.unlink()
    assert call("evidence", "rebuild", kept.stem, *home).code == Exit.ENVIRONMENT


@pytest.mark.parametrize(
    ("number", "code"),
    [("EV-20261122-999999", Exit.REFUSED), ("EV-1", Exit.MALFORMED), ("../x", Exit.MALFORMED)],
)
def test_what_was_never_issued_is_not_rebuilt(demo: Demo, number: str, code: Exit) -> None:
    assert call("evidence", "rebuild", number, "--home", demo.home).code == code
