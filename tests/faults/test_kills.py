"""F1, F2 and F10, quick: kill -9 under load; nothing acknowledged is lost or doubled.

``XIYOU_TEST_FAULT_SCALE=50 pytest tests/faults`` runs the same with fifty times as many kills.
A failure names its seed; ``XIYOU_TEST_FAULT_SEED`` repeats the plan.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from chain.entry import Entry
from chain.hashes import leaf_hash
from chain.merkle import RightEdge, root_of
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.signer import Signer, history_of
from scripts.migrate import migrate
from tests.chain.store.published import make_home
from tests.chain.store.test_publisher import check_published
from tests.faults.appender import command

SCALE = int(os.environ.get("XIYOU_TEST_FAULT_SCALE", "1"))
SEED = int(os.environ.get("XIYOU_TEST_FAULT_SEED", "20261122"))
THREADS = 8
READY_WITHIN = 5.0
DATABASE_READY_WITHIN = 30.0

Acknowledged = dict[tuple[int, int], tuple[int, int]]


class Appender:
    """An appender process, and what it has acknowledged."""

    def __init__(self, url: str, acknowledged: Acknowledged, commands: int) -> None:
        starts = [
            1 + max((n for t, n in acknowledged if t == thread), default=-1)
            for thread in range(THREADS)
        ]
        self._acknowledged = acknowledged
        self.ended = False
        self.answers = 0
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.faults.appender",
                url,
                str(THREADS),
                str(commands),
                *map(str, starts),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = line.split()
            if words == ["end"]:
                self.ended = True
            elif len(words) == 5 and line.endswith("\n"):
                thread, number, first, count = map(int, words[1:])
                self._acknowledged[thread, number] = (first, count)
                self.answers += 1

    def wait_for_answers(self, count: int, seconds: float) -> None:
        deadline = monotonic() + seconds
        while self.answers < count:
            assert monotonic() < deadline, f"no answer within {seconds} s"
            assert self.process.poll() in {None, 0}
            sleep(0.005)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.join()

    def join(self) -> None:
        self.process.wait(120)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def check(database: Database, acknowledged: Acknowledged, commands: int) -> None:
    """I1 and I2: what was acknowledged is there, once, at its index; and nothing is half there."""
    with database.connection() as connection:
        rows = connection.execute("SELECT leaf_index, entry FROM entries ORDER BY leaf_index")
        entries = [(index, bytes(entry)) for index, entry in rows]
        receipts = {
            name: (first, count)
            for name, first, count in connection.execute(
                "SELECT command_id, first_index, events FROM receipts"
            )
        }
        size, edge = connection.execute("SELECT size, edge FROM head").fetchone() or (0, b"")
    assert [index for index, _ in entries] == list(range(size))
    assert RightEdge.from_bytes(size, edge).root() == root_of(
        [leaf_hash(each) for _, each in entries]
    )
    assert len(acknowledged) == THREADS * commands
    assert len(receipts) == len(acknowledged)
    for (thread, number), place in acknowledged.items():
        sent = command(thread, number)
        assert receipts[sent.id] == place
        stored = [Entry.parse(entries[index][1]) for index in range(place[0], sum(place))]
        assert [(each.stream, each.seq, each.body) for each in stored] == [
            (each.stream, each.seq, each.body) for each in sent.events
        ]
    assert sum(count for _, count in acknowledged.values()) == size


@pytest.fixture
def durable_url(server_folder: Path) -> Iterator[str]:
    """A database with every guarantee on, on a server of the test's own."""
    with EmbeddedPostgres(server_folder, settings={"shared_buffers": "64MB"}) as server:
        migrate(server.url(user="xiyou_owner", database="xiyou"))
        yield server.url(user="xiyou_app", database="xiyou")


@pytest.mark.parametrize("seed", [SEED + n for n in range(SCALE)])
def test_f1_kill_the_appending_process(app_url: str, database: Database, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: Acknowledged = {}
    commands = 150
    for _ in range(4):
        appender = Appender(app_url, acknowledged, commands)
        appender.wait_for_answers(1, READY_WITHIN)
        sleep(rng.uniform(0, 0.12))
        appender.kill()
    last = Appender(app_url, acknowledged, commands)
    last.join()
    assert last.ended
    check(database, acknowledged, commands)


@pytest.mark.parametrize("seed", [SEED + n for n in range(SCALE)])
def test_f2_kill_postgresql_under_load(server_folder: Path, durable_url: str, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: Acknowledged = {}
    commands = 200
    appender = Appender(durable_url, acknowledged, commands)
    appender.wait_for_answers(1, READY_WITHIN)
    under_load = 0
    for _ in range(2):
        sleep(rng.uniform(0.05, 0.25))
        pid = int((server_folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        if not appender.ended:
            under_load += 1
            before = appender.answers
            if before < THREADS * commands:
                appender.wait_for_answers(
                    min(before + THREADS, THREADS * commands), DATABASE_READY_WITHIN
                )
    appender.join()
    assert appender.ended
    assert under_load > 0
    database = Database(durable_url)
    check(database, acknowledged, commands)
    database.close()


PUBLISH = """
import sys, threading
from pathlib import Path
from chain.store.database import Database
from chain.store.publisher import Publisher
from chain.store.signer import Signer
home = Path(sys.argv[2])
with Publisher(Database(sys.argv[1]), home, Signer(home), slice_entries=200) as publisher:
    print("ready", flush=True)
    publisher.run(threading.Event(), 0.01)
"""


@pytest.mark.parametrize("seed", [SEED + n for n in range(SCALE)])
def test_f10_kill_the_publisher_under_load(
    app_url: str, database: Database, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    home = make_home(tmp_path / "home")
    acknowledged: Acknowledged = {}
    commands = 150
    appender = Appender(app_url, acknowledged, commands)
    shown: list[int] = []
    for _ in range(8):
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISH, app_url, str(home)], stdout=subprocess.PIPE, text=True
        )
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "ready\n"
        sleep(rng.uniform(0, 0.15))
        publisher.kill()
        publisher.wait()
        publisher.stdout.close()
        checkpoint = home / LOG_FOLDER / CHECKPOINT
        if checkpoint.exists():
            text = checkpoint.read_text(encoding="utf-8")
            assert text.count("\n— ") == 2, "a torn checkpoint was shown"
            shown.append(int(text.split("\n")[1]))
    appender.join()
    check(database, acknowledged, commands)
    with Publisher(database, home, Signer(home)) as last:
        last.publish_once()
    size = check_published(database, home)
    assert shown == sorted(shown)
    assert size == sum(count for _, count in acknowledged.values())
    assert [tree.size for tree in history_of(home)][-1] == size


def test_a_superuser_ending_every_connection_loses_nothing(
    app_url: str, owner_url: str, database: Database
) -> None:
    acknowledged: Acknowledged = {}
    appender = Appender(app_url, acknowledged, 100)
    with psycopg.connect(owner_url, autocommit=True) as admin:
        while not appender.ended:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'xiyou_app' AND datname = current_database()"
            )
            sleep(0.05)
            if appender.process.poll() is not None:
                break
    appender.join()
    check(database, acknowledged, 100)
