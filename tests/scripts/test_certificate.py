"""``xiyou certificate``: badge, list and key come from the log, and verify without it."""

from pathlib import Path

import pytest

from chain.canonical import parse
from domain.qualification.certificate import CertificateIssued
from domain.qualification.history import read_events
from scripts.deploying import deployment
from tests.scripts.calling import call
from tests.scripts.conftest import Demo


@pytest.fixture(scope="module")
def issued(demo: Demo) -> dict[str, str]:
    """Return a certificate of the demo's market that is good, and one that was revoked."""
    with deployment(demo.home) as ledger:
        topics = ("certificate.issued", "certificate.revoked")
        found = list(read_events(ledger.trade, topics))
    revoked = {each.originator_id for each in found if each.TOPIC == "certificate.revoked"}
    names = [each.originator_id for each in found if isinstance(each, CertificateIssued)]
    return {
        "good": next(each for each in names if each not in revoked),
        "revoked": next(each for each in names if each in revoked),
    }


def files(demo: Demo, folder: Path, certificate: str) -> list[object]:
    """Write the three files; return the arguments that verify them."""
    for what in (["show", certificate], ["status"], ["key"]):
        out = folder / what[0]
        called = call("certificate", *what, "--home", demo.home, "--out", out)
        assert called.code == 0, called.err
    trusted = ["--status", folder / "status", "--key", folder / "key"]
    return ["certificate", "verify", folder / "show", *trusted]


def at_the_market(folder: Path) -> str:
    """Return a moment in the badge's own time: the market's clock is ahead of ours."""
    members = parse((folder / "show").read_bytes().split(b"\n")[1])
    assert isinstance(members, dict)
    return str(members["issued_at"])


def test_a_badge_of_the_demo_verifies_from_three_files(
    demo: Demo, tmp_path: Path, issued: dict[str, str]
) -> None:
    arguments = files(demo, tmp_path, issued["good"])
    status = parse((tmp_path / "status").read_bytes().split(b"\n")[1])
    assert isinstance(status, dict)
    assert issued["good"] not in str(status)
    called = call(*arguments, "--json")
    # The list is of this moment, and a market's badge may be of another one.
    assert called.code in (0, 1), called.err
    if called.code == 1:
        assert "is good from" in called.json["message"]
        assert at_the_market(tmp_path) in called.json["message"]


def test_a_revoked_badge_of_the_demo_is_listed(
    demo: Demo, tmp_path: Path, issued: dict[str, str]
) -> None:
    files(demo, tmp_path, issued["revoked"])
    assert issued["revoked"].encode() in (tmp_path / "status").read_bytes()


def test_without_a_file_it_prints_what_the_file_would_hold(
    demo: Demo, tmp_path: Path, issued: dict[str, str]
) -> None:
    files(demo, tmp_path, issued["good"])
    shown = call("certificate", "show", issued["good"], "--home", demo.home)
    assert shown.out == (tmp_path / "show").read_text()
    json = call("certificate", "key", "--home", demo.home, "--json").json
    assert json["text"] == (tmp_path / "key").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sign"],
        ["verify"],
        ["verify", "x", "--status", "x"],
        ["show"],
        ["verify", "x", "--status", "x", "--key", "x"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert call("certificate", *arguments).code == 2


def test_an_unknown_certificate_is_refused(demo: Demo) -> None:
    unknown = "cer_01m6b1yq00efza980r9sxbxpms"
    assert call("certificate", "show", unknown, "--home", demo.home).code == 3
    assert call("certificate", "show", "key_1", "--home", demo.home).code == 2
