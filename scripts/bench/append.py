"""``xiyou bench append``: how fast the log takes events, beside floors of the same run.

Floors: raw binary COPY of ready rows into a table with the same indexes under the same
lock; the library's own `PostgresApplicationRecorder`; bare SHA-256 leaf hashing. Every
round measures each figure and each floor once, in turns.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from chain.batch import Batch
from chain.command import Command, NewEvent
from chain.merkle import RightEdge
from chain.store.auditor import audit_database
from chain.store.copying import copy_rows
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from chain.store.recorder import LedgerApplicationRecorder
from scripts.bench.machine import Rounds, machine, timed
from scripts.migrate import migrate

AT = "2026-11-22T10:00:00.123456Z"
BODY_SIZE = 790
EVENTS_A_STREAM = 5
THREADS = 64
IN_FLIGHT = 8
"""Batches that the one caller has handed over and not yet heard of."""

RATIOS = {
    "chained_1000_vs_copy": ("chained_1000", "copy_1000"),
    "chained_100_vs_copy": ("chained_100", "copy_100"),
    "chained_1000_waiting_vs_copy": ("chained_1000_waiting", "copy_1000"),
    "chained_100_waiting_vs_copy": ("chained_100_waiting", "copy_100"),
    "single_64_vs_stock": ("single_64", "stock_64"),
    "audit_vs_sha256": ("audit", "sha256"),
}
FLOORS = ("copy_1000", "copy_100", "stock_64", "sha256")
RESULTS = (
    "chained_1000",
    "chained_100",
    "chained_1000_waiting",
    "chained_100_waiting",
    "single_64",
    "single_64_p99_ms",
    "stock_64_p99_ms",
    "audit",
)


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, and return one object: bench, machine, floors, results, ratios.

    Figures are events (or leaves) per second unless their name says otherwise. The audit
    comes last and reads all that the rounds before it wrote.
    """
    rounds = Rounds()
    total = 5_000 if quick else 20_000
    with _server() as server:
        log, facts = server.log, machine(server.log.database)
        for _ in range(2 if quick else 5):
            for size, count in ((1_000, total), (100, total // 4)):
                rounds.add(f"copy_{size}", server.raw_copy(count, size))
                rounds.add(f"chained_{size}", chained(log, count, size, IN_FLIGHT))
                rounds.add(f"chained_{size}_waiting", chained(log, count, size, 1))
            each = 10 if quick else 40
            for name, recorder in server.recorders.items():
                rate, p99 = singles(recorder, each)
                rounds.add(name, rate)
                rounds.add(f"{name}_p99_ms", p99 * 1e3)
        # An audit is a long run: on a short log, starting its second process is half of it.
        chained(log, total if quick else 40 * total, 1_000, IN_FLIGHT)
        for _ in range(2 if quick else 5):
            rounds.add("sha256", bare_hashing(total))
            rounds.add("audit", server.audited())
    return {
        "bench": "append",
        "machine": facts,
        "floors": rounds.summary(FLOORS),
        "results": rounds.summary(RESULTS),
        "ratios": rounds.ratios(RATIOS),
    }


def commands(total: int, size: int) -> list[Command]:
    """Return *total* events of about 1 KB as commands of *size* events."""
    made = []
    for _ in range(total // size):
        streams = [f"ord_{uuid4().hex[:26]}" for _ in range(-(-size // EVENTS_A_STREAM))]
        command_id = uuid4().hex
        body = b'{"data":{"note":"%b"},"meta":{"command_id":"%b"}}' % (
            b"y" * (BODY_SIZE - 50),
            command_id.encode(),
        )
        events = [
            NewEvent(streams[n // EVENTS_A_STREAM], n % EVENTS_A_STREAM + 1, "order.placed", body)
            for n in range(size)
        ]
        made.append(Command(command_id, events))
    return made


def chained(log: Log, total: int, size: int, in_flight: int) -> float:
    """Return events per second of one caller that has *in_flight* commands on their way."""
    waiting = commands(total, size)

    def work() -> None:
        futures = []
        for number, command in enumerate(waiting):
            futures.append(log.sequencer.submit(command))
            if number >= in_flight - 1:
                futures[number - in_flight + 1].result()
        for future in futures:
            future.result()

    return total / timed(work)


def singles(recorder: ApplicationRecorder, each: int) -> tuple[float, float]:
    """Return events per second, and the 99th percentile of seconds, of 64 threads."""
    body = b"y" * BODY_SIZE

    def caller(_: int) -> list[float]:
        took = []
        for _ in range(each):
            event = StoredEvent(uuid4(), 1, "order.placed", body)
            began = perf_counter()
            recorder.insert_events([event])
            took.append(perf_counter() - began)
        return took

    with ThreadPoolExecutor(THREADS) as pool:
        began = perf_counter()
        latencies = sorted(one for took in pool.map(caller, range(THREADS)) for one in took)
        seconds = perf_counter() - began
    return len(latencies) / seconds, latencies[int(len(latencies) * 0.99)]


def bare_hashing(total: int) -> float:
    """Return leaves per second of SHA-256 alone, over entries such as the log holds."""
    batch = Batch(AT, RightEdge(), {})
    for command in commands(2_000, 1_000):
        batch.admit(command)
    entries = [row[4] for run in batch.runs() for row in run]
    turns = total // len(entries)

    def work() -> None:
        for _ in range(turns):
            for entry in entries:
                sha256(b"\0" + entry).digest()

    return turns * len(entries) / timed(work)


class _Server:
    """The server that all figures of a run share: our log, a bare table, the stock tables."""

    def __init__(self, log: Log, recorders: dict[str, ApplicationRecorder]) -> None:
        self.log = log
        self.recorders = recorders
        self._copied = 0

    def raw_copy(self, total: int, size: int) -> float:
        """Return rows per second of bare COPY in batches of *size*, a commit each."""
        buffers = []
        for command in commands(total, size):
            batch = Batch(AT, RightEdge(), {})
            batch.admit(command)
            rows = [(self._copied + row[0], *row[1:]) for run in batch.runs() for row in run]
            self._copied += len(rows)
            buffers.append(copy_rows(rows))
        with self.log.database.connect() as connection:

            def work() -> None:
                for buffer in buffers:
                    with connection.transaction():
                        connection.execute("SELECT size FROM head FOR UPDATE")
                        with connection.cursor().copy(RAW_COPY) as copy:
                            copy.write(buffer)

            return total / timed(work)

    def audited(self) -> float:
        """Return entries per second of an audit of everything that the log holds by now."""
        began = perf_counter()
        report = audit_database(self.log.database)
        if report.findings:
            raise AssertionError(f"the benchmark's own log is damaged: {report.findings[0]}")
        return report.size / (perf_counter() - began)


RAW_COPY = "COPY raw (leaf_index, stream, seq, type, entry) FROM STDIN (FORMAT BINARY)"


@contextmanager
def _server() -> Iterator[_Server]:
    """Start an embedded server with everything that is compared in it."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="xiyou-bench-"))
        server = stack.enter_context(EmbeddedPostgres(Path(folder) / "postgres"))
        migrate(server.url(user="xiyou_owner", database="xiyou"))
        with psycopg.connect(server.url(user="xiyou_owner", database="xiyou")) as owner:
            owner.execute("CREATE TABLE ledger.raw (LIKE ledger.entries INCLUDING ALL)")
            owner.execute("GRANT SELECT, INSERT ON ledger.raw TO xiyou_app")
        log = stack.enter_context(Log(server.url(user="xiyou_app", database="xiyou")))
        stock, close = _stock(server)
        stack.callback(close)
        ours = LedgerApplicationRecorder(log, UUID)
        yield _Server(log, {"stock_64": stock, "single_64": ours})


def _stock(server: EmbeddedPostgres) -> tuple[ApplicationRecorder, Callable[[], None]]:
    """Return the library's own recorder on the same server, with a pool for its threads."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE stock OWNER xiyou_owner")
    datastore = PostgresDatastore(
        dbname="stock",
        host=str(server.socket_folder),
        port="5432",
        user="xiyou_owner",
        password="",
        pool_size=THREADS,
        max_overflow=0,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
    recorder.create_table()
    return recorder, datastore.close
