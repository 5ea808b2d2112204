"""``xiyou serve`` runs all that a deployment needs, and each part ends in good order."""

import signal
import urllib.parse
from pathlib import Path
from typing import Any

from chain.store.embedded import EmbeddedPostgres
from scripts.workers import WORKERS
from tests.api.asking import Client
from tests.chain.store.owners import until
from tests.scripts.calling import call
from tests.scripts.test_serve import served


def token(home: Path, kind: str, subject: str) -> dict[str, str]:
    shown = call("token", "--home", home, "--as", kind, "--subject", subject, "--json")
    return {"Authorization": f"Bearer {shown.json['access_token']}"}


def items(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    reply = client.get(f"{path}?{urllib.parse.urlencode(query)}")
    return reply.json["items"] if reply.status == 200 else []


def test_a_server_by_itself_shows_what_was_written_and_ends_whole(server_home: Path) -> None:
    with EmbeddedPostgres(server_home / "postgres"):
        assert call("migrate", "--home", server_home).code == 0
        merchant = token(server_home, "merchant", "M-LAN")
        operator = token(server_home, "operator", "staff-1")
        with served(server_home) as (anybody, process):
            client = anybody.bearing(**merchant)
            made = client.post("/v1/products", {"merchant": "M-LAN", "code": "SKU-1"}, "k" * 16)
            assert made.status == 201, made.body
            # It waits for its own write while the worker starts.
            until(lambda: bool(items(client, "/v1/stock", min_index=made.json["index"])), 30)
            [stock] = items(client, "/v1/stock")
            assert (stock["product"], stock["imported"]) == (made.json["product"], 0)
            seen = anybody.bearing(**operator)
            names = [f'worker="{name}"'.encode() for name in WORKERS]
            until(lambda: all(each in seen.get("/metrics").body for each in names), 30)
            assert seen.get("/readyz").json["checks"]["workers"] == "ok"
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
        head = call("log", "head", "--home", server_home, "--json").json
        checkpoint = (server_home / "log" / "checkpoint").read_text().split("\n")
        # What the index committed to at its end is signed as well.
        assert int(checkpoint[1]) == head["size"] > 1
        listed = call("views", "list", "--home", server_home, "--json").json
        assert listed["missing"] == []
        assert call("audit", "--home", server_home).code == 0
        assert call("doctor", "--home", server_home, "--json").json["bad"] == []


def test_a_worker_of_another_name_is_refused_before_anything_starts(server_home: Path) -> None:
    for command in ("work", "serve"):
        result = call(command, "--home", server_home, "--without", "vews")
        assert result.code == 2
        assert "there is no such worker: views, index, webhooks, follow" in result.err
