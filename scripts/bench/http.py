"""``xiyou bench http``: accepted commands a second over HTTP, against one insert a request.

A real ``xiyou serve`` with its publisher, its database and its tokens takes the mix of
`scripts.bench.http_mix` over 64 connections in a closed loop. Floor, before, between and after
in the same run: `scripts.bench.http_floor`. The load shares the processors with what it
measures; what each part took of them is reported. A command counts when it was accepted;
redemptions leave at the beat of `api.pace`, so theirs is a latency by design.
``tests/scripts/bench/test_http.py``.
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, Final

import psycopg

from api.bootstrap import Deployment
from api.settings import Settings
from chain.store.publisher import LOG_FOLDER
from domain.payments.store.connections import write_connections
from scripts.bench import http_floor
from scripts.bench.http_floor import TABLE
from scripts.bench.http_load import CONNECTIONS, Taken, load, percentile
from scripts.bench.http_mix import MIX, Call, Shop, calls, connections, spell
from scripts.bench.machine import Rounds, machine
from scripts.bench.processors import Processors
from scripts.migrate import migrate

REQUESTS, QUICK_REQUESTS = 2_000, 128
"""A round."""
ROUNDS, QUICK_ROUNDS = 3, 1
WARM: Final = 0.1
"""Of a round, sent before it."""
NOISY: Final = 0.2
"""By which floors may differ in a run that judges anything."""
SEED: Final = 5
STARTING: Final = 60.0


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure, and return one object: bench, machine, floors, results, ratios."""
    rounds = Rounds()
    wanted, repeats = (QUICK_REQUESTS, QUICK_ROUNDS) if quick else (REQUESTS, ROUNDS)
    with TemporaryDirectory(prefix="xiyou-bench-") as folder:
        settings = Settings(home=Path(folder) / "home", origin="bench.example/http")
        with Deployment(settings, migrate) as ledger:
            write_connections(ledger.home, connections())
            ledger.prepare()
            facts = machine(ledger.database)
            with psycopg.connect(ledger.owner_url(), autocommit=True) as owner:
                owner.execute(TABLE)
            found = _measure(ledger, rounds, wanted, repeats)
    return {"bench": "http", "machine": facts, **_report(rounds, found)}


def _measure(
    ledger: Deployment, rounds: Rounds, wanted: int, repeats: int
) -> list[tuple[Taken, dict[str, float]]]:
    """Take turns between the floor and the ledger; return what each round of ours has found."""
    shop, found = Shop(ledger, SEED), []
    warm = max(CONNECTIONS, int(wanted * WARM))
    batches = [calls(shop, each) for _ in range(repeats) for each in (warm, wanted)]
    checkpoint = ledger.home / LOG_FOLDER / "checkpoint"
    with _floor(ledger) as bare, _served(ledger) as (port, server):
        load(bare, _inserts(warm))
        rounds.add("insert_requests_per_s", _rate(load(bare, _inserts(wanted))))
        processors = Processors(ledger.home / "postgres", server)
        for number in range(repeats):
            load(port, batches[2 * number], checkpoint)
            before = processors.seconds()
            taken = load(port, batches[2 * number + 1], checkpoint)
            found.append((taken, processors.shares(before, taken.seconds)))
            rounds.add("commands_per_s", _rate(taken))
            rounds.add("insert_requests_per_s", _rate(load(bare, _inserts(wanted))))
    return found


def _report(rounds: Rounds, found: list[tuple[Taken, dict[str, float]]]) -> dict[str, Any]:
    floors = rounds.figures["insert_requests_per_s"]
    noisy = max(floors) - min(floors) > NOISY * max(floors)
    refused: dict[str, int] = {}
    for taken, _ in found:
        for name, times in taken.refused.items():
            refused[name] = refused.get(name, 0) + times
    latencies = [each for taken, _ in found for each in taken.all_latencies()]
    signed = [each for taken, _ in found for each in taken.signed_after()]
    return {
        "connections": CONNECTIONS,
        "mix": {name: each.part for name, each in MIX.items()},
        "load_after": round(os.getloadavg()[0], 2),
        "noisy": noisy,
        "floors": rounds.summary(["insert_requests_per_s"]),
        "floor_rounds": [round(each, 1) for each in floors],
        "results": {
            **rounds.summary(["commands_per_s"]),
            "accepted": sum(taken.accepted for taken, _ in found),
            "refused": refused,
            "latency_ms": _spread(latencies),
            "latency_ms_by_operation": {
                name: _spread([each for taken, _ in found for each in taken.latency.get(name, ())])
                for name in MIX
            },
            "to_signed_ms": _spread(signed),
            "processor_shares": [shares for _, shares in found],
        },
        "ratios": rounds.ratios(
            {"commands_vs_insert": ("commands_per_s", "insert_requests_per_s")}
        ),
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: round(percentile(seconds, each) * 1e3, 1) for name, each in shares.items()}


def _rate(taken: Taken) -> float:
    return taken.accepted / taken.seconds


def _inserts(wanted: int) -> list[Call]:
    """Return requests about as long as the ledger's own."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {'x' * 500}"}
    body = b'{"buyer":"%s","product":"%s"}'
    return [
        Call("insert", spell("/insert", headers, body % (name, name)))
        for name in (secrets.token_hex(15).encode() for _ in range(wanted))
    ]


@contextmanager
def _served(ledger: Deployment) -> Iterator[tuple[int, int]]:
    """Serve the ledger as ``xiyou serve`` does; give port and process id."""
    arguments = ("-m", "scripts", "serve", "--home", str(ledger.home), "--port")
    with _process(ledger, arguments, {"XIYOU_RATE_FACTOR": "1000000"}) as served:
        yield served


@contextmanager
def _floor(ledger: Deployment) -> Iterator[int]:
    arguments = ("-m", http_floor.__name__)
    with _process(ledger, arguments, {http_floor.URL: ledger.url}) as (port, _):
        yield port


@contextmanager
def _process(
    ledger: Deployment, arguments: tuple[str, ...], more: dict[str, str]
) -> Iterator[tuple[int, int]]:
    """Run *arguments* with a free port behind them until the block ends."""
    port = _free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XIYOU_")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), **more}
    # What a server writes is part of its work: it goes to a file.
    with (ledger.home.parent / f"{port}.log").open("wb") as words:
        process = subprocess.Popen(  # noqa: S603 — ourselves
            [sys.executable, *arguments, str(port)], env=environment, stdout=words, stderr=words
        )
        try:
            _await_listening(process, port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _await_listening(process: subprocess.Popen[bytes], port: int) -> None:
    end = monotonic() + STARTING
    while process.poll() is None and monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise AssertionError(f"the server on port {port} did not start")
