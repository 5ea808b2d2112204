"""`xiyou index`: committed beside a running log, and proved for what is published."""

import signal
import subprocess
from pathlib import Path
from typing import Any

from chain.canonical import parse
from chain.command import Command, NewEvent
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log
from chain.store.reader import LogReader
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.stored_log import Committed, StoredLog
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.rows import StreamRow
from tests.chain.store.owners import until
from tests.scripts.calling import call, command_line, environment


def test_what_is_committed_is_proved_once_it_is_published(
    server_home: Path, tmp_path: Path
) -> None:
    with EmbeddedPostgres(server_home / "postgres") as server:
        assert call("migrate", "--home", server_home).code == 0
        assert call("index", "commit", "--home", server_home, "--json").json["size"] == 0
        log = Log(server.url(user="xiyou_app", database="xiyou"))
        grow(log, 0, 9)
        stored = StoredLog(LogReader(log.database))
        entries = [each for some in stored.entries(0, 9) for each in some]
        first = call("index", "commit", "--home", server_home, "--json").json
        assert (first["entry"], first["size"]) == (9, 9)
        # Nothing is new but that commitment.
        assert call("index", "commit", "--home", server_home, "--json").json == first
        unpublished = call("index", "prove", "--stream", "ord_0", "--home", server_home)
        assert unpublished.code == 4
        assert call("publish", "--once", "--home", server_home).code == 0
        proved = call("index", "prove", "--stream", "ord_0", "--home", server_home, "--json").json
        check(stored, proved, entries)
        out = tmp_path / "absent"
        told = call("index", "prove", "--stream", "ord_9", "--home", server_home, "--out", out)
        assert "has no entry" in told.out
        _, commitment = newest(stored)
        verify_absent(HeadProof.of_members(parse(out.read_bytes())), commitment)
        # What is committed after the checkpoint is not what the checkpoint covers.
        grow(log, 9, 4)
        assert call("index", "commit", "--home", server_home, "--json").json["size"] == 14
        again = call("index", "prove", "--stream", "ord_0", "--home", server_home, "--json").json
        assert (again["entry"], again["checkpoint"]) == (9, 10)
        early = call("index", "prove", "--stream", "x", "--size", 10, "--home", server_home)
        assert early.code == 0
        assert call("audit", "--home", server_home).code == 0
        log.close()


def test_it_runs_beside_a_log_until_stopped(server_home: Path) -> None:
    with EmbeddedPostgres(server_home / "postgres") as server:
        assert call("migrate", "--home", server_home).code == 0
        log = Log(server.url(user="xiyou_app", database="xiyou"))
        stored = StoredLog(LogReader(log.database))
        with subprocess.Popen(
            command_line("index", "run", "--interval", "0.1", "--home", server_home, "--json"),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert "indexing" in process.stderr.readline()
            grow(log, 0, 5)
            until(lambda: stored.newest(stored.size()) is not None, 30)
            # Only one at a time keeps an index.
            assert call("index", "commit", "--home", server_home).code == 3
            grow(log, 5, 1)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert newest(stored).commitment.size >= 7
        assert '"ok": true' in out
        log.close()


def grow(log: Log, first: int, count: int) -> None:
    """Log *count* events of four streams, from the event *first* on."""
    for n in range(first, first + count):
        event = NewEvent(f"ord_{n % 4}", n // 4 + 1, "order.placed", b'{"data":{},"meta":{}}')
        log.sequencer.append(Command(f"cmd-{n}", [event]))


def newest(stored: StoredLog) -> Committed:
    found = stored.newest(stored.size())
    assert found is not None
    return found


def check(stored: StoredLog, proved: dict[str, Any], entries: list[Indexed]) -> None:
    _, commitment = newest(stored)
    proof = HeadProof.of_members(proved["proof"])
    at, last = max((n, each) for n, each in enumerate(entries) if each.stream == "ord_0")
    verify_complete(proof, commitment, StreamRow(last.stream, last.seq, last.leaf), at)
