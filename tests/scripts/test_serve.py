"""The HTTP process: it serves, is killed in mid-life, comes back, and leaves nothing behind."""

import signal
import subprocess
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.health.readiness import signed_size
from chain.store.embedded import EmbeddedPostgres
from scripts.deploying import deployment
from tests.api.asking import Client, free_port
from tests.chain.store.owners import until
from tests.scripts.calling import call, command_line, environment


@contextmanager
def served(home: Path) -> Iterator[tuple[Client, subprocess.Popen[bytes]]]:
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}")
    with subprocess.Popen(
        command_line("serve", "--home", home, "--port", port), env=environment()
    ) as process:
        try:
            until(lambda: process.poll() is not None or alive(client), 30)
            assert process.poll() is None
            yield client, process
        finally:
            process.kill()


def alive(client: Client) -> bool:
    try:
        return client.get("/livez").status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def published(client: Client) -> int:
    reply = client.get("/checkpoint")
    return int(reply.body.split(b"\n")[1]) if reply.status == 200 else 0


def test_a_killed_server_comes_back_with_all_that_it_acknowledged(server_home: Path) -> None:
    body = {"merchant": "M-LAN", "code": "SKU-1"}
    with EmbeddedPostgres(server_home / "postgres"):
        assert call("migrate", "--home", server_home).code == 0
        shown = call(
            "token", "--home", server_home, "--as", "merchant", "--subject", "M-LAN", "--json"
        )
        credential = f"Bearer {shown.json['access_token']}"
        with served(server_home) as (anybody, process):
            client = anybody.bearing(Authorization=credential)
            answers = [client.post("/v1/products", body, f"{n:016}") for n in range(20)]
            assert {each.status for each in answers} == {201}
            process.send_signal(signal.SIGKILL)
        began = time.monotonic()
        with served(server_home) as (anybody, process):
            client = anybody.bearing(Authorization=credential)
            assert time.monotonic() - began < 20
            again = [client.post("/v1/products", body, f"{n:016}") for n in range(20)]
            assert [each.body for each in again] == [each.body for each in answers]
            assert client.get("/readyz").json == {"status": "ok"}
            until(lambda: published(client) >= 20, 20)
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        assert process.returncode == 0
        assert call("audit", "--home", server_home).code == 0
        with deployment(server_home) as ledger:
            entries = list(ledger.reader.entries(0, ledger.reader.size()))
            assert signed_size(ledger) == len(entries)
        counts = Counter(each.type for each in entries)
        # The indexer beside commits to what is there when it ends, and now and then before.
        assert counts.pop("index.committed") >= 1
        assert counts == {"product.created": 20}
