"""The published page in a real browser: the same reports, and what a person sees."""

import json
import re
from pathlib import Path

import pytest

from chain.evidence import names
from chain.evidence.archive import read_archive
from chain.evidence.claims import published
from chain.evidence.page import enclosed_page, inline_data, split_page
from chain.evidence.verification import Source, Trust, verify_package
from scripts import browser
from tests.chain.evidence.agreement import assert_agree
from tests.chain.evidence.hostile import cases
from tests.chain.evidence.making import POLICY, TOOL, golden, report, verdicts

needs_browser = pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_NOT)


@needs_browser
def test_every_hostile_package_has_the_same_report_in_a_browser() -> None:
    """``evidence.md``, section 9: no crash, at most 5 s each, and one report for all three."""
    found = list(cases())
    reports = browser.run_page([(each.package, each.trust) for each in found])
    assert len(reports) == len(found)
    for case, got in zip(found, reports, strict=True):
        assert "crashed" not in got, (case.name, got)
        assert got["milliseconds"] < 5_000
        try:
            assert_agree(report(case.package, case.trust), got)
        except AssertionError as error:
            raise AssertionError(f"{case.name}: {error}") from None


@needs_browser
def test_the_inlined_data_have_the_same_report_and_are_never_green() -> None:
    files = read_archive(golden())
    data = inline_data(files)
    kept = {name: content for name, content in files.items() if names.is_inlined(name)}
    (got,) = browser.run_page([(data, Trust(policy=POLICY))], inline=True)
    expected = verify_package(Source(files=kept, container="inline"), Trust(policy=POLICY), TOOL)
    assert verdicts(got)["verifier_outside"] == ("not_checked", "verifier_from_package")
    assert got["colour"] == "yellow"
    ours = [each for each in expected["claims"] if each["claim"] != "verifier_outside"]
    theirs = [each for each in got["claims"] if each["claim"] != "verifier_outside"]
    for one, other in zip(ours, theirs, strict=True):
        assert one == other or other["code"] == "no_mldsa"


@needs_browser
def test_opened_from_disk_it_shows_the_package_that_is_inside(tmp_path: Path) -> None:
    page = tmp_path / "verify.html"
    page.write_bytes(read_archive(golden())[names.PAGE])
    shown = browser.dump(page, tmp_path / "profile")
    assert re.search(r'data-colour="(yellow)"', shown)
    assert "EV-20261122-000001" in shown
    assert "only_package_keys" in shown
    assert "verifier_from_package" in shown
    assert shown.count('class="event card') == 4


@needs_browser
def test_text_of_a_package_makes_no_element(tmp_path: Path) -> None:
    (nasty,) = [each for each in cases() if each.name == "43-nasty-text"]
    page = tmp_path / "verify.html"
    page.write_bytes(read_archive(nasty.package)[names.PAGE])
    shown = browser.dump(page, tmp_path / "profile")
    body = shown[shown.index("<main>") : shown.index("</main>")]
    assert "<img" not in body
    assert "<script" not in body
    assert "\u202e" not in body
    assert "U+202E" in body


def test_the_page_may_not_use_a_network() -> None:
    page = published("verify.html").decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]
    for word in ("fetch(", "XMLHttpRequest", "innerHTML", "import(", "http://", "https://"):
        assert word not in page


def test_an_enclosed_page_is_the_published_one_with_the_data() -> None:
    files = read_archive(golden())
    template, data = split_page(files[names.PAGE])
    assert template == published("verify.html")
    held = json.loads(data)
    assert held["format"] == "xiyou-inline/1"
    assert set(held["files"]) == {name for name in files if names.is_inlined(name)}
    assert b"<" not in data


def test_data_over_the_limit_make_no_page() -> None:
    files = {names.BUNDLE: b"{}", "rules/" + "0" * 64 + ".txt": b"<" * (3 * 2**20)}
    assert enclosed_page(published("verify.html"), files) is None
