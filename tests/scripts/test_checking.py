"""`xiyou witness serve --check-index`: what a court runs, beside a deployment that it checks."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chain.canonical import to_bytes
from chain.command import Command, NewEvent
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from scripts.witness import WitnessProcess
from tests.domain.given import identifier
from tests.scripts.calling import call

KEY = identifier("key")
NUMBERS = count()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder* as any static server would."""
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def log_event(log: Log, stream: str, seq: int, kind: str, **data: object) -> None:
    """Write past every rule, as an operator can."""
    body = to_bytes({"data": data, "meta": {}})
    command = Command(f"forged-{next(NUMBERS)}", [NewEvent(stream, seq, kind, body)])
    log.sequencer.append(command)


def published(home: Path) -> dict[str, Any]:
    return call("publish", "--once", "--home", home, "--json").json


def test_a_court_checks_a_log_over_http_and_refuses_what_is_forged(
    server_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    court = tmp_path / "court"
    made = call(
        "witness", "make", "witness.example/court", "--check-index", "--home", court, "--json"
    )
    vkey = made.json["vkey"]
    assert vkey.startswith("witness.example/court/checked+")
    with EmbeddedPostgres(server_home / "postgres") as server:
        assert call("migrate", "--home", server_home).code == 0
        policy = tmp_path / "policy"
        assert call("policy", "--home", server_home, "--out", policy).code == 0
        refused = call("witness", "serve", "--check-index", server_home / "log", "--home", court)
        assert (refused.code, "watches 0 logs" in refused.err) == (2, True)
        assert call("witness", "watch", policy, "--home", court).code == 0
        log = Log(server.url(user="xiyou_app", database="xiyou"))
        log_event(log, KEY, 1, "key.imported", merchant="M")
        log_event(log, KEY, 2, "key.sold", order=identifier("ord", "a"))
        assert call("index", "commit", "--home", server_home).code == 0
        monkeypatch.setenv("XIYOU_WITNESS_DEADLINE", "20")
        with served(server_home / "log") as url, WitnessProcess(court, check_index=url) as witness:
            monkeypatch.setenv("XIYOU_WITNESSES", f"{vkey} {witness.url}")
            first = published(server_home)
            assert (first["size"], first["final"]) == (3, 3)
            # Named apart: a policy that asks for it asks for checked entries.
            assert call("policy", "--home", server_home, "--out", policy).code == 0
            assert "witness.example/court/checked" in policy.read_text()
            log_event(log, KEY, 3, "key.sold", order=identifier("ord", "b"))
            monkeypatch.setenv("XIYOU_WITNESS_DEADLINE", "5")
            second = published(server_home)
            assert (second["size"], second["final"]) == (4, 3)
        log.close()
    head = call("witness", "head", "--home", court, "--json").json["logs"][0]
    assert (head["size"], head["checked"]) == (3, 3)
    assert head["broken"].startswith("entry 3: key_sold_twice: ")
    # Restarted it knows; nobody has to look at the entries again.
    assert "refused for ever: entry 3" in call("witness", "head", "--home", court).out


def test_a_key_says_whether_its_witness_checks(tmp_path: Path) -> None:
    plain, checking = tmp_path / "plain", tmp_path / "checking"
    call("witness", "make", "w", "--home", plain)
    call("witness", "make", "w", "--check-index", "--home", checking)
    assert call("witness", "serve", "--home", checking).code == 2
    assert call("witness", "serve", "--check-index", tmp_path, "--home", plain).code == 2
