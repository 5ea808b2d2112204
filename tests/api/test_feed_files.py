"""Daily files: the same bytes as by polling, with a manifest that vouches for them."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from pyarrow import parquet  # type: ignore[import-untyped] # ships none

from api.bootstrap import Deployment
from chain.feed.follower import FeedUntrueError
from chain.store.feed_files import DayNotOverError, digests, read_day, read_manifest, write_day
from domain.feeds.topics import is_in_topic
from scripts.__main__ import run
from tests.api.feeds import AUDITOR, fill, later, model, publish, served, sunk

DAY = date(2026, 11, 22)
LEADS = ("leads", partial(is_in_topic, "leads"))


def made(ledger: Deployment, folder: Path) -> Path:
    fill(ledger, 200)
    publish(ledger)
    feeds = ledger.feeding.pages
    return write_day(feeds, ledger.reader, folder, LEADS, DAY, later()).manifest


def test_the_events_are_those_of_polling(ledger: Deployment, tmp_path: Path) -> None:
    manifest = made(ledger, tmp_path)
    said = read_manifest(manifest)
    path = tmp_path / "leads" / f"{DAY}.parquet"
    rows = parquet.read_table(path).to_pylist()
    polled = b""
    with served(ledger, AUDITOR) as client:
        for start in range(0, said["end"], 256):
            polled += client.get(f"/v1/feeds/leads?lastEventId=size-{start}").body
    filed = b"".join(b"," + each["event"] for each in rows)
    assert filed[1:] == polled.replace(b"][", b",")[1:-1]
    assert said["rows"] == len(rows)
    assert {name: said[name] for name in ("bytes", "sha256", "sm3")} == digests(path)
    assert said["checkpoint"].startswith(ledger.origin)
    assert [each["index"] for each in rows if each["subject"]] == [
        index for index, _ in model(ledger, "leads", said["end"])
    ]


def test_the_command_pulls_from_a_folder_and_catches_a_changed_file(
    ledger: Deployment, tmp_path: Path
) -> None:
    made(ledger, tmp_path / "files")
    policy = tmp_path / "policy"
    policy.write_bytes(ledger.policy().to_bytes())
    asked = ["feed", "pull", str(tmp_path / "files"), "--topic", "leads", "--policy", str(policy)]
    state = tmp_path / "state"
    outcome = run([*asked, "--state", str(state)])
    assert outcome.code == 0
    size = outcome.facts["size"]
    assert outcome.facts["root"] == ledger.feeding.root(size).hex()
    assert sunk(state, ledger.origin) == model(ledger, "leads", size)
    file = tmp_path / "files" / "leads" / f"{DAY}.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    changed = run([*asked, "--state", str(tmp_path / "other")])
    assert changed.code == 1
    assert "altered at index 0" in changed.words


def test_a_day_that_lasts_still_has_no_file(ledger: Deployment, tmp_path: Path) -> None:
    fill(ledger, 5)
    feeds, reader = ledger.feeding.pages, ledger.reader
    midnight = later(1)
    with pytest.raises(DayNotOverError):
        write_day(feeds, reader, tmp_path, LEADS, DAY, midnight + timedelta(minutes=4))
    with pytest.raises(DayNotOverError, match="not signed yet"):
        write_day(feeds, reader, tmp_path, LEADS, DAY, midnight + timedelta(minutes=5))
    publish(ledger)
    write_day(feeds, reader, tmp_path, LEADS, DAY, midnight + timedelta(minutes=5))


def test_a_file_of_another_topic_or_log_is_refused(ledger: Deployment, tmp_path: Path) -> None:
    manifest = made(ledger, tmp_path)
    from chain.errors import MalformedError  # noqa: PLC0415 — for this test alone

    with pytest.raises(MalformedError):
        list(read_day(manifest, "all", ledger.origin, 0))
    with pytest.raises(MalformedError):
        list(read_day(manifest, "leads", "another.example/log", 0))
    (tmp_path / "leads" / f"{DAY}.parquet").write_bytes(b"")
    with pytest.raises(FeedUntrueError):
        list(read_day(manifest, "leads", ledger.origin, 0))


def test_the_command_writes_the_files_and_the_route_serves_them(
    ledger: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ledger, 100)
    size = publish(ledger)
    url = ledger.settings.database_url
    assert url is not None
    monkeypatch.setenv("XIYOU_DATABASE_URL", url.get_secret_value())
    asked = ["feed", "files", "--topic", "leads", "--home", str(ledger.home), "--day"]
    made_ = run([*asked, str(DAY)])
    assert (made_.code, made_.facts["first"], made_.facts["end"]) == (0, 0, size)
    assert run([*asked, "yesterday"]).code == 2
    assert run([*asked, "2999-01-01"]).code == 3
    with served(ledger, AUDITOR) as client:
        reply = client.get(f"/v1/feeds/leads/files/{DAY}.json")
        assert (reply.status, reply.json["end"]) == (200, size)
        file = client.get(f"/v1/feeds/leads/files/{DAY}.parquet")
        assert file.body[:4] == b"PAR1"
        assert "immutable" in file.headers["cache-control"]
        for other in ("2026-11-23.json", "..%2Fx.json", "2026-11-22.partial"):
            assert client.get(f"/v1/feeds/leads/files/{other}").status in (404, 422)
