"""``xiyou bench views``: our runner against the library's stock one, on the same events.

The events are a seeded market's, again and again under other identifiers, on the real log.
``stock``: eventsourcing's own `ProjectionRunner` with the same folds, its rows and tracking
position written an event at a time, in one transaction each, as its documentation has it.
``fold``: the floor of reading, parsing and hashing the same entries in this process. Ours
folds every view in one pass. Memory is read after a fifth of the events and at the end.
"""

import gc
import os
import re
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import orjson
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.projection import Projection, ProjectionRunner

from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.reader import LogReader
from chain.store.recorder import LedgerApplicationRecorder
from chain.store.tracking import LedgerTrackingRecorder
from chain.store.transaction import MOVE_TRACKING
from chain.store.vault import Vault
from domain.application import Trade
from domain.market.marketplace import marketplace
from projections.fact import Fact
from projections.store.platform import become_platform
from projections.store.runner import Runner
from projections.store.tables import TableRows, write_rows
from projections.view import Rows
from projections.views import VIEWS
from scripts.bench.machine import Rounds, machine
from scripts.memory import STATUS, peak_memory
from scripts.migrate import migrate

ORDERS, QUICK_ORDERS = 300, 60
COPIES, QUICK_COPIES = 100, 3
STOCK_EVENTS, QUICK_STOCK_EVENTS = 1_500, 150
CHUNK = 2_000
SEED = 7
NUMBERS = count(1)
IDENTIFIER: Final = re.compile(rb"\b[a-z]{3}_[0-7][0-9a-z]{25}\b")


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure, and return one object: bench, machine, floors, results, ratios, memory."""
    rounds = Rounds()
    with (
        TemporaryDirectory(prefix="xiyou-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
    ):
        migrate(server.url(user="xiyou_owner", database="xiyou"))
        url = server.url(user="xiyou_app", database="xiyou")
        database = Database(url)
        facts = machine(database)
        size = fill(url, database, Path(folder), quick=quick)
        few = QUICK_STOCK_EVENTS if quick else STOCK_EVENTS
        rounds.add("stock_events_per_s", stock(url, database, few))
        rounds.add("fold_events_per_s", floor(database, size))
        memory = ours(database, size, rounds)
        rounds.add("stock_events_per_s", stock(url, database, few))
        rounds.add("fold_events_per_s", floor(database, size))
        database.close()
    floors = ["stock_events_per_s", "fold_events_per_s"]
    return {
        "bench": "views",
        "machine": facts,
        "events": size,
        "stock_events": few,
        "views": list(VIEWS),
        "floors": rounds.summary(floors),
        "results": rounds.summary(["views_events_per_s"]),
        "ratios": rounds.ratios(
            {
                "views_vs_stock": ("views_events_per_s", "stock_events_per_s"),
                "views_vs_parse_and_hash": ("views_events_per_s", "fold_events_per_s"),
            }
        ),
        "memory": memory,
    }


def fill(url: str, database: Database, home: Path, *, quick: bool) -> int:
    """Let a market trade on the log, and repeat it under other identifiers; return its size."""
    create_master_key(home, os.urandom)
    vault = Vault(database, FileMasterKey(home, os.urandom))
    with Trade(environment(url)) as trade:
        for action in marketplace(SEED, QUICK_ORDERS if quick else ORDERS):
            action.perform(trade, vault)
    reader = LogReader(database)
    original = [
        StoredEvent(each.stream, each.seq, each.type, each.entry[each.entry.index(b"\n") + 1 : -1])
        for each in reader.entries(0, reader.size())
        if IDENTIFIER.fullmatch(each.stream.encode())
    ]
    with Log(url) as log:
        recorder = LedgerApplicationRecorder(log, str)
        for copy in range(1, QUICK_COPIES if quick else COPIES):
            for start in range(0, len(original), CHUNK):
                chunk = original[start : start + CHUNK]
                recorder.write_events([renamed(each, copy) for each in chunk])
    return reader.size()


def renamed(event: StoredEvent, copy: int) -> StoredEvent:
    """Return *event* of another market, whose identifiers differ in four symbols."""
    mark = b"%04d" % copy

    def other(found: re.Match[bytes]) -> bytes:
        whole = found[0]
        return whole[:8] + mark + whole[12:]

    return StoredEvent(
        IDENTIFIER.sub(other, str(event.originator_id).encode()).decode(),
        event.originator_version,
        event.topic,
        IDENTIFIER.sub(other, event.state),
    )


def environment(url: str) -> dict[str, str]:
    """Return what an application over the log is configured with."""
    return {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "ORIGINATOR_ID_TYPE": "text",
        "XIYOU_DATABASE_URL": url,
    }


def floor(database: Database, size: int) -> float:
    """Return the events a second that are read, parsed and hashed, and no more."""
    began = perf_counter()
    for rows in LogReader(database).steps(0, size):
        for _, _, _, _, entry in rows:
            sha256(entry).digest()
            orjson.loads(entry[entry.index(b"\n") + 1 :])
    return size / (perf_counter() - began)


def ours(database: Database, size: int, rounds: Rounds) -> dict[str, float]:
    """Fold every view over the whole log; return what memory it took on the way."""
    runner = Runner(database)
    early = None
    began = perf_counter()
    while runner.step():
        if early is None and min(runner.positions.values()) >= size // 5:
            early = resident()
    rounds.add("views_events_per_s", size / (perf_counter() - began))
    runner.close()
    late = resident()
    return {
        "after_a_fifth_mb": round((early or late) / 2**20, 1),
        "at_the_end_mb": round(late / 2**20, 1),
        "peak_mb": round(peak_memory() / 2**20, 1),
    }


def resident() -> int:
    """Return the bytes that this process has in memory now; 0 where the system does not say."""
    gc.collect()
    try:
        found = re.search(r"^VmRSS:\s+([0-9]+) kB$", STATUS.read_text("ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


class StockView(LedgerTrackingRecorder):
    """The same tables, written an event at a time: rows and position in one transaction."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._connection = log.database.connect()
        become_platform(self._connection)
        self._rows = {name: Rows(TableRows(self._connection, "views_b")) for name in VIEWS}

    def see(self, fact: Fact, tracking: Tracking) -> None:
        """Fold one event and write what follows from it."""
        with self._connection.transaction():
            name, position = tracking.application_name, tracking.notification_id
            self._connection.execute(MOVE_TRACKING, [name, position])
            for name, view in VIEWS.items():
                view.apply(fact, self._rows[name])
                changes = self._rows[name].take_changes()
                for table in view.tables:
                    if table.name in changes:
                        write_rows(self._connection, "views_b", table, changes[table.name])


class StockProjection(Projection[StockView]):
    """Hands each event to the view, as the library's documentation has it."""

    name = "stock"
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401 — the library's signature
        """See the event."""
        data = orjson.loads(domain_event.body())
        self.view.see(
            Fact(
                tracking.notification_id - 1,
                domain_event.originator_id,
                domain_event.originator_version,
                domain_event.TOPIC,
                data["data"],
                data["meta"],
                "2026-11-22T10:00:00Z",
            ),
            tracking,
        )


def stock(url: str, database: Database, events: int) -> float:
    """Return the events a second that the library's runner brings into the same tables."""
    with database.connection() as connection:
        tables = [f"views_b.{table.name}" for view in VIEWS.values() for table in view.tables]
        connection.execute(f"TRUNCATE {', '.join(tables)}")
    name = f"xiyou{next(NUMBERS)}"
    application = type("Followed", (Trade,), {"name": name, "__module__": __name__})
    began = perf_counter()
    runner: ProjectionRunner[Any, StockView]
    with ProjectionRunner(
        application_class=application,
        projection_class=StockProjection,
        view_class=StockView,
        env=environment(url),
    ) as runner:
        runner.wait(events, timeout=600)
        seconds = perf_counter() - began
        reached = runner.view.max_tracking_id(name) or 0
    return reached / seconds
