"""``xiyou bench feed``: how many entries a second one process serves as a feed, and in what memory.

A log is written, published and served over HTTP by one process of its own; a plain client, in
this process, takes every page of every index. Floor: the same bytes, made beforehand, from a
bare HTTP server of the same kind in the same run. Memory is that of the serving process: its
peak after the first tenth of the entries, and at the end.
"""

import os
import subprocess
import sys
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from pydantic import SecretStr

from api.bootstrap import Deployment
from api.settings import Settings
from scripts.bench.machine import Rounds, machine
from scripts.migrate import migrate

ENTRIES, QUICK_ENTRIES = 1_000_000, 5_000
BASE = 60_000
"""Entries of the log; a larger run reads it again and again, each time another topic's pages."""
ROUNDS = 3
TOPICS = ("transactions", "all", "identity")
PAGE = 256


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, and return one object: bench, machine, floors, results, ratios."""
    total = QUICK_ENTRIES if quick else ENTRIES
    base = min(total, BASE)
    rounds = Rounds()
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:
        settings = Settings(home=Path(folder) / "home", origin="bench.example/feed")
        with Deployment(settings, migrate) as ledger:
            facts = machine(ledger.database)
            _write(ledger, base)
            ledger.publisher.publish_once()
            _measure(ledger, base, total, rounds)
    figures = ("feed_events_per_s", "memory_early_mb", "memory_mb")
    return {
        "bench": "feed",
        "machine": facts,
        "entries": total,
        "floors": rounds.summary(["bare_events_per_s"]),
        "results": rounds.summary(figures),
        "ratios": rounds.ratios(
            {
                "feed_vs_bare": ("feed_events_per_s", "bare_events_per_s"),
                "memory_growth": ("memory_mb", "memory_early_mb"),
            }
        ),
    }


def _write(ledger: Deployment, count: int) -> None:
    from eventsourcing.persistence import StoredEvent  # noqa: PLC0415 — for the benchmark's log

    body = b'{"data":{"amount":9800,"buyer":"usr_01h455vb4pex5vsknk084sn02q"},"meta":{"pad":"%b"}}'
    kinds = ("order.placed", "order.paid", "key.sold", "identity.verified", "key.rewrapped")
    recorder = ledger.trade.recorder
    for low in range(0, count, 1_000):
        recorder.insert_events(
            [
                StoredEvent(f"ord_{n // 5}", n % 5 + 1, kinds[n % 5], body % (b"x" * 250))
                for n in range(low, min(low + 1_000, count))
            ],
            command_id=f"bench/{low:012}",
        )


def _measure(ledger: Deployment, base: int, total: int, rounds: Rounds) -> None:
    served = Server(ledger.home, ledger.url)
    try:
        bare = Server(ledger.home, ledger.url, bare=True)
        try:
            _take(served, "transactions", base // 10, base)
            early = served.memory_mb()
            for number in range(ROUNDS):
                rounds.add("memory_early_mb", early)
                seconds = _take(bare, TOPICS[number], base, base)
                rounds.add("bare_events_per_s", base / seconds)
                seconds = _take(served, TOPICS[number], total // ROUNDS, base)
                rounds.add("feed_events_per_s", total // ROUNDS / seconds)
                rounds.add("memory_mb", served.memory_mb())
        finally:
            bare.stop()
    finally:
        served.stop()


def _take(server: "Server", topic: str, count: int, base: int) -> float:
    """Take the pages of *count* entries, the log's *base* again and again; return the seconds."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    began = perf_counter()
    whole = base - base % PAGE
    for start in range(0, count, PAGE):
        connection.request("GET", f"/v1/feeds/{topic}?lastEventId=size-{start % whole}")
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200 or len(body) < PAGE:  # noqa: PLR2004 — HTTP's OK
            raise AssertionError(f"the feed answers {reply.status}: {body[:200]!r}")
    connection.close()
    return perf_counter() - began


class Server:
    """One process that serves feeds; its peak memory is asked of the system."""

    def __init__(self, home: Path, url: str, *, bare: bool = False) -> None:
        self._process = subprocess.Popen(  # noqa: S603 — ourselves
            [sys.executable, "-m", "scripts.bench.feed", str(home), "bare" if bare else "feed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("XIYOU_")},
                "PYTHONPATH": os.pathsep.join(sys.path),
                "BENCH_DATABASE_URL": url,
            },
        )
        assert self._process.stdout is not None  # noqa: S101 — it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the server did not start")
        self.port = int(line)

    def memory_mb(self) -> float:
        """Return the most memory that it has held, in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None  # noqa: S101 — it is a pipe
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None  # noqa: S101 — it is a pipe
        self._process.stdout.close()


def serve(home: str, kind: str) -> None:
    """Serve until standard input ends: the feed, or only bytes of the same size."""
    import threading  # noqa: PLC0415 — for the server's process alone

    import uvicorn  # noqa: PLC0415 — as above

    from scripts.stopping import await_end_of_input  # noqa: PLC0415 — as above

    settings = Settings(home=Path(home), database_url=SecretStr(os.environ["BENCH_DATABASE_URL"]))
    with Deployment(settings) as ledger:
        app = _bare(ledger) if kind == "bare" else _known(ledger)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        print(port, flush=True)  # noqa: T201 — the answer
        await_end_of_input()
        server.should_exit = True
        thread.join()


def _known(ledger: Deployment) -> Any:  # noqa: ANN401 — ASGI
    from api.app import create_app  # noqa: PLC0415 — for the server's process alone
    from api.principal import Kind, Principal  # noqa: PLC0415 — as above

    app = create_app(ledger)

    async def known(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 — ASGI
        scope.setdefault("state", {})["principal"] = Principal(Kind.AUDITOR, "bench")
        await app(scope, receive, send)

    return known


def _bare(ledger: Deployment) -> Any:  # noqa: ANN401 — ASGI
    """Return an application that answers any path with one page, made beforehand."""
    from fastapi import FastAPI, Response  # noqa: PLC0415 — for the server's process alone

    from chain.feed.event import batch_bytes  # noqa: PLC0415 — as above

    app = FastAPI()
    body = batch_bytes(ledger.feeding.page("all", 0, PAGE))

    @app.get("/{path:path}")
    async def answer(path: str) -> Response:
        del path
        return Response(body, media_type="application/cloudevents-batch+json")

    return app


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
