"""The figures of disputes from a real log."""

from pathlib import Path

from scripts.outcome import Exit
from tests.scripts.calling import call
from tests.scripts.conftest import Demo


def test_f5_the_demo_s_disputes_are_compared_with_their_mix(demo: Demo) -> None:
    called = call("disputes", "median", "--home", demo.home, "--json")
    assert called.code == Exit.GOOD, called.err
    facts = called.json
    assert facts["cases"] == facts["automatic"] + facts["manual"] == sum(facts["mix"].values()) > 0
    assert facts["median_with_rules_s"] <= facts["median_all_manual_s"]
    words = call("disputes", "median", "--home", demo.home).out
    assert "median all manual" in words
    assert "same cases, same staff" in words


def test_more_people_shorten_the_baseline_or_leave_it(demo: Demo) -> None:
    few, many = (
        call("disputes", "median", "--home", demo.home, "--people", people, "--json").json
        for people in (1, 9)
    )
    assert few["median_all_manual_s"] >= many["median_all_manual_s"]


def test_without_a_log_it_ends_with_4(tmp_path: Path) -> None:
    assert call("disputes", "median", "--home", tmp_path / "none").code == Exit.ENVIRONMENT
