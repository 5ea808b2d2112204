"""Checking the settings starts nothing, names every fault, and shows no value."""

from pathlib import Path

import pytest

from tests.api.conftest import no_settings
from tests.scripts.calling import call

__all__ = ["no_settings"]


def test_good_settings_are_good_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_URL", "postgresql://app:hunter2@db/x")
    done = call("config", "check", "--home", tmp_path / "home", "--json")
    assert (done.code, done.json["set"]) == (0, ["XIYOU_DATABASE_URL"])
    assert "hunter2" not in done.out
    assert not (tmp_path / "home").exists()


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIYOU_RATE_FACTOR", "nan")
    monkeypatch.setenv("XIYOU_METRICS_PORT", "0")
    monkeypatch.setenv("XIYOU_TRACES_URL", "ftp://hunter2")
    monkeypatch.setenv("XIYOU_PASWORD", "hunter2")
    done = call("config", "check", "--json")
    assert done.code == 2
    assert len(done.json["faults"]) == 4
    assert "hunter2" not in done.out + done.err
