"""A consumer that is killed at random, again and again, while it follows a feed.

``reliability.md``, F20. ``python -m tests.api.feed_kills [KILLS]`` is the long campaign: it kills
each kind of consumer 200 times, while the log grows. ``tests/api/test_f20_feed_killed.py`` runs a
short one.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

import psycopg
from pydantic import SecretStr

from api.bootstrap import Deployment
from api.settings import Settings
from chain.feed.state import FeedState
from chain.store.embedded import EmbeddedPostgres
from chain.store.feed_consumer import SINK, STATE
from chain.store.feed_files import write_day
from domain.feeds.topics import is_in_topic
from scripts.migrate import migrate
from tests.api.feeds import AUDITOR, fill, later, model, publish, served, sunk
from tests.chain.store.published import AT

KIND = Literal["poll", "sse", "files"]
KINDS: tuple[KIND, ...] = ("poll", "sse", "files")
TOPIC = "transactions"
ROOT = Path(__file__).parents[2]


class Puller:
    """The process that runs and kills consumers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.feed_puller"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, arguments: list[str], kill_after: float | None = None) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"arguments": arguments, "kill_after": kill_after}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def killed(
    ledger: Deployment, kind: KIND, folder: Path, kills: int, seed: int = 1
) -> dict[str, int]:
    """Follow the log's feed, killed *kills* times at random; check that nothing was lost."""
    random = Random(seed)
    fill(ledger, 1_000, name=f"{kind}-0")
    publish(ledger)
    policy = folder / "policy"
    folder.mkdir(parents=True)
    policy.write_bytes(ledger.policy().to_bytes())
    if kind == "files":
        is_wanted = partial(is_in_topic, TOPIC)
        pages, reader = ledger.feeding.pages, ledger.reader
        write_day(pages, reader, folder / "files", (TOPIC, is_wanted), AT.date(), later())
    puller = Puller()
    try:
        with served(ledger, AUDITOR) as client:
            where = str(folder / "files") if kind == "files" else client.base

            def arguments(state: Path) -> list[str]:
                fixed = [where, "--topic", TOPIC, "--state", str(state), "--policy", str(policy)]
                return fixed + (["--sse", "--follow"] if kind == "sse" else [])

            return _kill(ledger, kind, folder, kills, random, puller, arguments)
    finally:
        puller.close()


def _kill(
    ledger: Deployment,
    kind: KIND,
    folder: Path,
    kills: int,
    random: Random,
    puller: Puller,
    arguments: Callable[[Path], list[str]],
) -> dict[str, int]:
    began = time.monotonic()
    sample = folder / "sample"
    # How long one run takes: a stream never ends by itself, so it is stopped by a kill.
    assert puller.run(arguments(sample), 1.0 if kind == "sse" else None) == (
        -9 if kind == "sse" else 0
    )
    whole = min(time.monotonic() - began, 0.6)
    state = folder / "state"
    hit = moved = 0
    before = -1
    turn = 0
    while hit < kills:
        turn += 1
        assert turn < 20 * kills
        if kind != "files" and turn % 2:
            fill(ledger, random.randint(100, 600), name=f"{kind}-{turn}")
            publish(ledger)
        ended = puller.run(arguments(state), random.random() * whole)
        assert ended in (0, -9)
        hit += ended == -9
        if kind == "files" and not ended:
            # All was read: begin anew, so that every kill has something to hit.
            for name in (STATE, SINK):
                (state / name).unlink(missing_ok=True)
        if (state / STATE).exists():
            kept = FeedState.parse((state / STATE).read_bytes())
            moved += kept.progress.size != before
            before = kept.progress.size
            assert (state / SINK).stat().st_size >= kept.sink
    size = ledger.feeding.pages.size()
    wait = 0.5
    if kind == "sse":
        while before != size:
            puller.run(arguments(state), wait)
            if (state / STATE).exists():
                before = FeedState.parse((state / STATE).read_bytes()).progress.size
            # A busy machine needs longer; a consumer that never gets there is a failure.
            wait *= 2
            assert wait < 120
    else:
        assert puller.run(arguments(state)) == 0
    kept = FeedState.parse((state / STATE).read_bytes())
    whole_sink = (state / SINK).read_bytes()
    (state / SINK).write_bytes(whole_sink[: kept.sink])
    assert sunk(state, ledger.origin) == model(ledger, TOPIC, size)
    assert kept.progress.size == size
    assert kept.progress.root() == ledger.feeding.root(size)
    return {"kills": hit, "moved": moved, "size": size, "events": kept.events}


def main() -> None:
    """Run the long campaign on a database of its own."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
    ):
        for kind in KINDS:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {kind} OWNER xiyou_owner")
            settings = Settings(
                home=Path(folder) / kind,
                database_url=SecretStr(server.url(user="xiyou_app", database=kind)),
                owner_database_url=SecretStr(server.url(user="xiyou_owner", database=kind)),
                origin="ledger.example/test",
            )
            with Deployment(settings, migrate) as ledger:
                ledger.prepare()
                found = killed(ledger, kind, Path(folder) / f"{kind}-state", kills)
                print(kind, found, flush=True)  # noqa: T201 — the answer


if __name__ == "__main__":
    main()
