"""Auditing by command: exit codes, and the index that it names."""

import json
import os
import shutil
from pathlib import Path

import psycopg
import pytest

from chain.store.embedded import EmbeddedPostgres
from scripts.story import tamper
from tests.scripts.calling import call
from tests.scripts.conftest import Demo

WAYS = [[], ["--database"], ["--files"], ["--database", "--resume"], ["--database", "--files"]]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_log_as_it_was_signed_ends_with_0(demo: Demo, way: list[str]) -> None:
    called = call("audit", "--home", demo.home, *way, "--json")
    assert called.code == 0, called.err
    assert called.json["findings"] == []
    assert called.json["first_bad_index"] is None
    assert (called.json["size"], called.json["root"]) == (demo.facts["size"], demo.facts["root"])


def test_a_person_reads_that_nothing_is_wrong(demo: Demo) -> None:
    called = call("audit", "--home", demo.home, "--all")
    assert called.code == 0
    assert called.out.startswith("nothing is wrong with database and published files")


def test_a_changed_published_entry_ends_with_1_and_is_named(demo: Demo, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home / "keys", home / "keys")
    shutil.copytree(demo.home / "log", home / "log", copy_function=os.link)
    tamper(home / "log", 321, demo.facts["size"])
    called = call("audit", "--home", home, "--files", "--json")
    assert called.code == 1
    assert called.json["ok"] is False
    assert called.json["first_bad_index"] == 321
    words = call("audit", "--home", home, "--files", "--all")
    assert words.code == 1
    assert "entry 321:" in words.out


def test_a_row_changed_by_the_owner_ends_with_1_and_is_named(server_home: Path) -> None:
    with EmbeddedPostgres(server_home / "postgres") as server:
        assert call("demo", "--home", server_home, "--orders", 4).code == 0
        url = server.url(user="xiyou_owner", database="xiyou")
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("ALTER TABLE ledger.entries DISABLE TRIGGER ALL")
            owner.execute(
                "UPDATE ledger.entries SET entry = set_byte(entry, 200, 33) WHERE leaf_index = 77"
            )
        called = call("audit", "--home", server_home, "--json")
        assert called.code == 1
        assert called.json["first_bad_index"] == 77
        # Without the published files only the command's run is known to be wrong.
        alone = call("audit", "--home", server_home, "--database", "--json")
        assert alone.code == 1
        assert alone.json["first_bad_index"] <= 77
        assert call("audit", "--home", server_home, "--files").code == 0
        story = call("demo", "--home", server_home, "--orders", 4, "--json")
        assert story.code == 1, "a demo on a damaged log must not end well"
        assert json.loads(story.out)["checks"]["audit"] is False


def test_nothing_published_ends_with_4(demo: Demo, tmp_path: Path) -> None:
    shutil.copytree(demo.home / "keys", tmp_path / "keys")
    called = call("audit", "--home", tmp_path, "--files")
    assert called.code == 4
    assert "checkpoint" in called.err
