"""T25: the verify command of rulings: same, different, and what is no dispute."""

import pytest

from api.bootstrap import Deployment
from api.settings import load_settings
from domain.disputes.rules import ROWS_1, TABLES, RuleTable
from scripts.outcome import Exit
from tests.scripts.calling import call
from tests.scripts.conftest import Demo


@pytest.fixture(scope="module")
def disputes(demo: Demo) -> list[str]:
    """Return the disputes of the demo that have a ruling."""
    with Deployment(load_settings({}, demo.home)) as ledger:
        found = ledger.trade.recorder.select_notifications(1, 100_000, topics=["ruling.issued"])
        return sorted({str(each.originator_id) for each in found})


def test_every_ruling_of_the_demo_is_the_same(demo: Demo, disputes: list[str]) -> None:
    assert disputes
    for dispute in disputes:
        called = call("replay-ruling", dispute, "--home", demo.home, "--json")
        assert called.code == Exit.GOOD, called.out
        assert called.json["ok"] is True
        assert all(each["same"] for each in called.json["rulings"])


def test_it_says_why_and_on_which_entries(demo: Demo, disputes: list[str]) -> None:
    words = call("replay-ruling", disputes[0], "--home", demo.home).out
    assert disputes[0] in words
    assert "  same: " in words


def test_by_another_table_it_is_different(
    demo: Demo, disputes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple(rule._replace(zh=f"{rule.zh}!") for rule in ROWS_1)
    monkeypatch.setitem(TABLES, 1, RuleTable(1, rows))
    codes = set()
    for dispute in disputes:
        called = call("replay-ruling", dispute, "--home", demo.home, "--json")
        modes = {each["mode"] for each in called.json["rulings"]}
        codes.add((called.code, "auto" in modes))
        if "auto" in modes:
            members = {d["member"] for r in called.json["rulings"] for d in r["differences"]}
            assert {"ruling.reason", "ruling.rules_digest"} <= members
            assert "  different: " in call("replay-ruling", dispute, "--home", demo.home).out
    assert codes <= {(Exit.UNTRUE, True), (Exit.GOOD, False)}
    assert (Exit.UNTRUE, True) in codes


@pytest.mark.parametrize(
    "name",
    ["dsp_nobody", "ord_01m6cz1qhgfwdvrkgqazk3kp51", "dsp_01m6cz1qhgfwdvrkgqazk3kp51", "two words"],
)
def test_what_is_no_dispute_ends_with_2(demo: Demo, name: str) -> None:
    called = call("replay-ruling", name, "--home", demo.home)
    assert called.code == Exit.MALFORMED
    assert called.err.startswith("error: ID")


def test_without_a_log_it_ends_with_4(tmp_path: object) -> None:
    called = call("replay-ruling", "dsp_01m6cz1qhgfwdvrkgqazk3kp51", "--home", f"{tmp_path}/none")
    assert called.code == Exit.ENVIRONMENT
