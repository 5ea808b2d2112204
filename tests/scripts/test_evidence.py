"""Exporting from a real log, and what the installed and the stand-alone verifier say of it.

T28: exports are signed and verify without the service (preloop/preloop#558).
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.bootstrap import Deployment
from api.exporting.custody import statement_of
from api.exporting.making import Request, extraction_of, look_up
from api.exporting.published import hashes_of, published_up_to
from api.settings import load_settings
from chain.canonical import parse
from chain.evidence.archive import read_archive
from chain.evidence.claims import published
from chain.evidence.seal import check_certificate
from chain.evidence.writing import bundle_of, facts_of
from chain.store.openssl import has_openssl
from domain.evidence.composing import Signed, compose
from domain.evidence.exporting import Approval
from scripts.authority import AuthorityProcess
from scripts.outcome import Exit
from tests.chain.evidence.making import golden
from tests.scripts.calling import Called, call
from tests.scripts.conftest import Demo, demo_in

YELLOW = 3


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of its own: an export adds to the log that it is of."""
    with demo_in(tmp_path_factory.mktemp("evidence") / "home") as ran:
        yield ran


@pytest.fixture(scope="module")
def ruled(demo: Demo) -> list[str]:
    """Return the disputes of the demo that have a ruling."""
    with Deployment(load_settings({}, demo.home)) as ledger:
        found = ledger.trade.recorder.select_notifications(1, 100_000, topics=["ruling.issued"])
        return sorted({str(each.originator_id) for each in found})


@pytest.fixture(scope="module")
def spoken(demo: Demo) -> str:
    """Return a dispute in which somebody wrote something that is sealed."""
    with Deployment(load_settings({}, demo.home)) as ledger:
        found = ledger.trade.recorder.select_notifications(1, 100_000, topics=["message.added"])
        return next(str(each.originator_id) for each in found if b'"text":{"sealed"' in each.state)


@pytest.fixture
def policy(demo: Demo, tmp_path: Path) -> Path:
    path = tmp_path / "policy"
    assert call("policy", "--home", demo.home, "--out", path).code == 0
    return path


def export(demo: Demo, out: Path, *arguments: object) -> dict[str, object]:
    called = call("evidence", "export", *arguments, "--out", out, "--home", demo.home, "--json")
    assert called.code == 0, called.out
    return called.json


def verified(package: Path, policy: Path) -> dict[str, object]:
    """Return the installed verifier's report, once the stand-alone one has agreed."""
    ours = call("verify", package, "--policy", policy, "--json")
    program = package.parent / "verify.py"
    program.write_bytes(published("verify.py.txt"))
    done = subprocess.run(
        [sys.executable, "-I", program, package, "--policy", policy, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ours.code
    one, other = ours.json, json.loads(done.stdout)
    claims = {each["claim"]: (each["verdict"], each["code"]) for each in one["claims"]}
    theirs = {each["claim"]: (each["verdict"], each["code"]) for each in other["claims"]}
    # It needs the ledger's own rules.
    replayed = claims.pop("ruling_replayed")
    theirs.pop("ruling_replayed")
    # It reads no PDF.
    certificate = claims.pop("certificate")
    assert theirs.pop("certificate")[0] == "not_checked"
    assert claims == theirs
    return {"code": ours.code, "replayed": replayed, "certificate": certificate, **claims}


def test_a_dispute_is_exported_verified_and_replayed(
    demo: Demo, ruled: list[str], policy: Path, tmp_path: Path
) -> None:
    for number, dispute in enumerate(ruled[:3]):
        package = tmp_path / f"{number}.zip"
        facts = export(demo, package, "--dispute", dispute)
        found = verified(package, policy)
        assert found["code"] == YELLOW
        assert found["issued"] == ("verified", None)
        assert found["replayed"] == ("verified", None)
        assert found["witness_quorum"] == ("not_checked", "policy_has_none")
        assert facts["bytes"] == package.stat().st_size
    assert call("verify", package).code == YELLOW


def test_two_runs_over_one_log_compose_the_same_bytes(demo: Demo, ruled: list[str]) -> None:
    """F2: what may differ is the number, the time, and what is signed with fresh randomness."""
    request = Request(None, ruled[0], None, (), "staff-1", Approval(), None, None)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    made = []
    with Deployment(load_settings({}, demo.home)) as ledger:
        checkpoint, note = published_up_to(ledger, 1)
        for _ in "ab":
            disclosure = look_up(ledger, request)
            said = extraction_of(ledger, request, disclosure, "EV-20261124-000001", now)
            signed = Signed(checkpoint, note, ledger.policy().to_bytes(), {})
            parts = compose(
                disclosure,
                signed,
                statement_of(said),
                lambda index: hashes_of(ledger, index, checkpoint.size),
                [],
            )
            files = facts_of(parts)
            made.append((files, bundle_of(parts, files)))
    assert made[0] == made[1]


def test_a_package_holds_whole_streams_and_no_secret(
    demo: Demo, ruled: list[str], tmp_path: Path
) -> None:
    export(demo, tmp_path / "a.zip", "--dispute", ruled[0])
    files = read_archive((tmp_path / "a.zip").read_bytes())
    bundle = parse(files["bundle.json"])
    assert isinstance(bundle, dict)
    assert isinstance(bundle["streams"], list)
    assert {str(e["stream"])[:4] for e in bundle["streams"] if isinstance(e, dict)} >= {
        "dsp_",
        "key_",
        "ord_",
    }
    assert not [name for name in files if name.startswith("opened/")]


def test_an_opening_takes_two_persons_and_a_reason(
    demo: Demo, spoken: str, policy: Path, tmp_path: Path
) -> None:
    package = tmp_path / "a.zip"
    asked = ["--dispute", spoken, "--open", "/data/text", "--out", package, "--home", demo.home]
    refused = [
        call("evidence", "export", *asked),
        call("evidence", "export", *asked, "--reason", "order 1", "--by", "s1"),
        call("evidence", "export", *asked, "--reason", "1", "--by", "s1", "--approved-by", "s1"),
    ]
    assert [each.code for each in refused] == [Exit.REFUSED] * 3
    assert not package.exists()
    both = ["--reason", "order 1", "--by", "s1", "--approved-by", "s2"]
    export(demo, package, "--dispute", spoken, "--open", "/data/text", *both)
    found = verified(package, policy)
    assert found["openings"] == ("verified", None)
    files = read_archive(package.read_bytes())
    issue = json.loads(files["issue/entry.txt"].split(b"\n")[1])
    assert issue["meta"]["actor"] == "s1"
    assert (issue["data"]["approver"], issue["data"]["basis"]) == ("s2", "order 1")
    custody = json.loads(files["custody.json"])
    assert custody["second_person"]["staff_reference"] == "s2"


def test_an_order_and_a_stream_can_be_exported_too(
    demo: Demo, policy: Path, tmp_path: Path
) -> None:
    order = demo.facts["order"]["stream"]
    package = tmp_path / "order.zip"
    export(demo, package, "--order", order)
    assert verified(package, policy)["code"] == YELLOW
    export(demo, tmp_path / "stream.zip", "--stream", order)
    assert verified(tmp_path / "stream.zip", policy)["stream_chain"] == ("verified", None)


def test_a_package_encloses_its_sealed_certificate(
    demo: Demo, ruled: list[str], policy: Path, tmp_path: Path
) -> None:
    package = tmp_path / "a.zip"
    export(demo, package, "--dispute", ruled[0])
    assert verified(package, policy)["certificate"] == ("not_checked", "no_outside_roots")
    roots = demo.home / "keys/seal-test-root.pem"
    checked = ["verify", package, "--policy", policy, "--seal-roots", roots, "--json"]
    assert claim(call(*checked), "certificate") == ("not_checked", "no_outside_roots")
    allowed = call(*checked, "--allow-test-authority")
    assert claim(allowed, "certificate") == ("verified", None)
    assert allowed.code == YELLOW


def test_a_certificate_is_made_apart_for_a_package_without(
    demo: Demo, ruled: list[str], policy: Path, tmp_path: Path
) -> None:
    package, pdf = tmp_path / "a.zip", tmp_path / "a.pdf"
    export(demo, package, "--dispute", ruled[0], "--no-certificate")
    assert verified(package, policy)["certificate"] == ("not_checked", "none_present")
    made = call("evidence", "certificate", package, "--out", pdf, "--home", demo.home)
    assert made.code == 0, made.err
    assert "TEST ONLY" in made.out
    bundle = read_archive(package.read_bytes())["bundle.json"]
    roots = (demo.home / "keys/seal-test-root.pem").read_bytes()
    check_certificate(pdf.read_bytes(), bundle, roots, is_test_allowed=True)
    record = call("evidence", "record", package, "--out", pdf)
    assert record.code == 0, record.err
    assert pdf.read_bytes().startswith(b"%PDF")


def test_no_certificate_is_made_for_what_this_log_has_not_issued(
    demo: Demo, tmp_path: Path
) -> None:
    (tmp_path / "a.zip").write_bytes(golden())
    out = tmp_path / "a.pdf"
    made = call("evidence", "certificate", tmp_path / "a.zip", "--out", out, "--home", demo.home)
    assert made.code == Exit.UNTRUE
    assert not out.exists()
    missing = call("evidence", "certificate", tmp_path / "none.zip", "--home", demo.home)
    assert missing.code == Exit.MALFORMED


@pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")
def test_the_manifest_is_stamped_where_an_authority_is_configured(
    demo: Demo,
    ruled: list[str],
    policy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = tmp_path / "a.zip"
    with AuthorityProcess(tmp_path / "authority") as authority:
        monkeypatch.setenv("XIYOU_STAMP_AUTHORITIES", f"{authority.url} {authority.root}")
        export(demo, package, "--dispute", ruled[0])
    assert "issue/bundle.tsr" in read_archive(package.read_bytes())
    # Both verifiers say the same of it, and the test authority's word is not taken.
    assert verified(package, policy)["timestamps"] == ("not_checked", "test_authority")
    # An earlier checkpoint with these entries may carry the demo's own authority's stamp.
    roots = tmp_path / "roots.pem"
    own = demo.home / "outsiders/authority.test/root.pem"
    roots.write_bytes(authority.root.read_bytes() + own.read_bytes())
    allowed = ["--tsa-roots", roots, "--allow-test-authority", "--json"]
    checked = call("verify", package, "--policy", policy, *allowed)
    assert claim(checked, "timestamps") == ("verified", None)


def claim(called: Called, name: str) -> tuple[str, str | None]:
    """Return verdict and code of one claim of a report."""
    found = next(each for each in called.json["claims"] if each["claim"] == name)
    return found["verdict"], found["code"]


def test_a_forged_package_ends_with_1(
    demo: Demo, ruled: list[str], policy: Path, tmp_path: Path
) -> None:
    package = tmp_path / "a.zip"
    export(demo, package, "--dispute", ruled[0])
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    package.write_bytes(data)
    called = call("verify", package, "--policy", policy)
    assert called.code == 1
    assert called.out.startswith("RED")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], Exit.MALFORMED),
        (["--order", "ord_01m6cz1qhgfwdvrkgqazk3kp51", "--stream", "x"], Exit.MALFORMED),
        (["--order", "nonsense"], Exit.MALFORMED),
        (["--order", "ord_01m6cz1qhgfwdvrkgqazk3kp51"], Exit.REFUSED),
        (["--stream", "nobody"], Exit.REFUSED),
        (["--stream", "nobody", "--open", "text"], Exit.MALFORMED),
    ],
)
def test_what_cannot_be_exported_says_so(
    demo: Demo, tmp_path: Path, arguments: list[str], code: Exit
) -> None:
    out = tmp_path / "none.zip"
    called = call("evidence", "export", *arguments, "--out", out, "--home", demo.home)
    assert called.code == code
    assert not out.exists()


def test_a_missing_file_and_a_wrong_option_end_with_2(tmp_path: Path) -> None:
    assert call("verify", tmp_path / "none.zip").code == Exit.MALFORMED
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert call("verify", tmp_path / "a.zip", "--now", "today").code == Exit.MALFORMED
    assert call("verify", tmp_path / "a.zip").code == Exit.UNTRUE
