"""How the server stops: a real process, asked once and asked twice (``reliability.md``, 7.3)."""

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from joserfc.jwk import OKPKey

from api.access.store.issuer_key import open_token_keys
from api.principal import Kind
from chain.store.embedded import EmbeddedPostgres
from chain.store.signer import read_verifier_keys
from tests.api.asking import Client, free_port, token_of
from tests.chain.store.owners import until
from tests.scripts.calling import call, command_line, environment


@contextmanager
def served(
    home: Path, out: Path, **variables: str
) -> Iterator[tuple[Client, "subprocess.Popen[bytes]"]]:
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}")
    command = command_line("serve", "--home", home, "--port", port)
    variables["XIYOU_RATE_FACTOR"] = "1000"
    with (
        out.open("wb") as stream,
        subprocess.Popen(command, env=environment(**variables), stdout=stream) as process,
    ):
        try:
            until(lambda: process.poll() is not None or answers(client, "/startupz"), 30)
            assert process.poll() is None
            yield client.bearing(Authorization=f"Bearer {token(home)}"), process
        finally:
            process.kill()


def token(home: Path) -> str:
    """Return a merchant's token, as the server of *home* issues it."""
    origin = read_verifier_keys(home)[0].name
    issuer = Issuer(f"https://{origin}", open_token_keys(home))
    return token_of(issuer, Kind.MERCHANT, "M-LAN", named="stopping")


class Issuer(NamedTuple):
    name: str
    keys: list[OKPKey]


def answers(client: Client, path: str) -> bool:
    try:
        return client.get(path).status == 200
    except OSError:
        return False


def create(client: Client, number: int) -> tuple[int, int]:
    """Return the key's number and the status; 0 if there was no answer."""
    body = {"merchant": "M-LAN", "code": f"SKU-{number}"}
    try:
        return number, client.post("/v1/products", body, f"{number:016}").status
    except (OSError, ConnectionError):
        return number, 0


def storm(client: Client, done: threading.Event, results: list[tuple[int, int]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        for batch in range(10_000):
            if done.is_set():
                return
            results += pool.map(lambda n: create(client, n), range(8 * batch, 8 * batch + 8))


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines() if line.startswith("{")]


@pytest.fixture
def shop(server_home: Path) -> Iterator[Path]:
    with EmbeddedPostgres(server_home / "postgres"):
        assert call("migrate", "--home", server_home).code == 0
        yield server_home


def test_f1_a_term_under_load_loses_no_acknowledgement_and_signs_all(
    shop: Path, tmp_path: Path
) -> None:
    results: list[tuple[int, int]] = []
    done = threading.Event()
    with served(shop, tmp_path / "out") as (client, process):
        load = threading.Thread(target=storm, args=(client, done, results))
        load.start()
        until(lambda: len(results) > 40, 30)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert time.monotonic() - began < 30
        done.set()
        load.join()
    assert {status for _, status in results} <= {201, 0}
    acknowledged = [number for number, status in results if status == 201]
    head = call("log", "head", "--home", shop, "--json").json
    assert head["size"] >= len(acknowledged)
    checkpoint = (shop / "log" / "checkpoint").read_text().split("\n")
    assert int(checkpoint[1]) == head["size"], "what was recorded is signed"
    with served(shop, tmp_path / "again") as (client, _):
        for number in acknowledged[:: max(1, len(acknowledged) // 20)]:
            reply = client.post(
                "/v1/products", {"merchant": "M-LAN", "code": f"SKU-{number}"}, f"{number:016}"
            )
            assert (reply.status, reply.headers["idempotency-replayed"]) == (201, "true")
    written = lines(tmp_path / "out")
    assert {"request", "serving", "stopping", "stopped"} <= {each["event"] for each in written}
    assert [each for each in written if each["level"] == "error"] == []
    assert "M-LAN" not in (tmp_path / "out").read_text()
    assert re.search(r'"kind": "merchant"', (tmp_path / "out").read_text())


def test_f1_a_second_term_means_now_and_is_safe(shop: Path, tmp_path: Path) -> None:
    with served(shop, tmp_path / "out") as (client, process):
        assert create(client, 1)[1] == 201
        host, port = client.base.removeprefix("http://").split(":")
        # A request that never ends keeps a server that is asked once from ending.
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(
                b"POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(1.0)
            assert process.poll() is None, "it waits for the request in hand"
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            assert time.monotonic() - began < 5
    with served(shop, tmp_path / "again") as (client, _):
        reply = client.post("/v1/products", {"merchant": "M-LAN", "code": "SKU-1"}, f"{1:016}")
        assert (reply.status, reply.headers["idempotency-replayed"]) == (201, "true")


def test_metrics_are_shown_on_a_port_of_their_own(shop: Path, tmp_path: Path) -> None:
    port = free_port()
    with served(shop, tmp_path / "out", XIYOU_METRICS_PORT=str(port)) as (_, process):
        shown = Client(f"http://127.0.0.1:{port}").get("/metrics").body
        assert b"xiyou_log_size 0.0" in shown
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
