"""``xiyou views``: run, list, rebuild and digest, on a deployment of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from projections.views import VIEWS
from scripts.__main__ import run
from scripts.outcome import Exit, Outcome


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "home"
    assert run(["migrate", "--home", str(folder)]).code == Exit.GOOD
    return folder


def views(home: Path, *arguments: str) -> tuple[Outcome, dict[str, Any]]:
    outcome = run(["views", *arguments, "--home", str(home), "--json"])
    return outcome, json.loads(json.dumps(outcome.facts))


def test_views_are_followed_listed_and_built_anew(home: Path) -> None:
    outcome, facts = views(home, "list")
    assert outcome.code == Exit.GOOD
    assert facts["missing"] == sorted(VIEWS)
    outcome, facts = views(home, "run", "--once")
    assert outcome.code == Exit.GOOD, outcome.words
    assert set(facts["positions"]) == set(VIEWS)
    assert set(facts["lag"].values()) == {0}
    _, facts = views(home, "list")
    assert {(each["view"], each["lag"], each["live"]) for each in facts["views"]} == {
        (name, 0, True) for name in VIEWS
    }
    _, before = views(home, "digest", "all")
    outcome, facts = views(home, "rebuild", "all")
    assert outcome.code == Exit.GOOD, outcome.words
    assert [each["digest"] for each in facts["views"]] == [
        each["digest"] for each in before["views"]
    ]


def test_a_view_that_is_none_is_named(home: Path) -> None:
    outcome, facts = views(home, "rebuild", "nonsense")
    assert outcome.code == Exit.MALFORMED
    assert "there is no such view" in facts["message"]
