"""``xiyou index``: keep the stream index, commit to it, and prove where a stream ends.

``run`` belongs beside `xiyou serve` and `xiyou publish`; ``commit`` does its work once. What
was committed is proved for a checkpoint that covers it (``docs/stream-index.md``). Killed
anywhere and started again, it goes on from what is whole. ``tests/scripts/test_index.py``.
"""

import json
import sys
import threading
from typing import Annotated, Any, Final

import typer
from eventsourcing.persistence import PersistenceError
from psycopg import OperationalError

from api.bootstrap import Deployment
from chain.canonical import to_bytes
from chain.store.stream_index.indexer import ENTRIES, INTERVAL
from chain.store.stream_index.stored_log import Committed, StoredLog
from domain.errors import ConcurrentChangeError
from scripts.deploying import deployment
from scripts.options import Home, Json, Out
from scripts.outcome import Outcome
from scripts.stopping import on_end_of_input, on_signal

app = typer.Typer(
    help="Keep the stream index, commit to it, and prove where a stream ends.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

LONGEST_WAIT: Final = 30.0
"""Seconds between two tries while the database is out of reach."""
PASSING: Final = (PersistenceError, OperationalError, ConcurrentChangeError)
"""What waiting helps against."""


@app.command()
def run(
    home: Home = None,
    *,
    interval: Annotated[
        float, typer.Option(help="Seconds between two commitments.", min=0.01, max=86_400)
    ] = INTERVAL,
    entries: Annotated[
        int, typer.Option(help="Entries after which one is due before that.", min=1)
    ] = ENTRIES,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Follow the log, and commit to its index from time to time, until stopped.

    Ends by SIGTERM or SIGINT, after committing to what is there by then.
    """
    del as_json
    stop = threading.Event()
    on_signal(stop)
    if with_parent:
        on_end_of_input(stop)
    with deployment(home) as ledger:
        _say(f"indexing {ledger.origin}")
        _follow(ledger, stop, interval, entries)
        return _outcome(ledger)


@app.command()
def commit(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Commit to the index of what the log has now, if anything but commitments is new."""
    del as_json
    with deployment(home) as ledger:
        ledger.indexer.commit_once()
        return _outcome(ledger)


@app.command()
def prove(
    home: Home = None,
    *,
    stream: Annotated[str, typer.Option(help="The stream, such as ord_….")],
    size: Annotated[
        int | None,
        typer.Option(help="Of the checkpoint; by default the published one.", min=1),
    ] = None,
    out: Out = None,
    as_json: Json = False,
) -> Outcome:
    """Prove where a stream ends, or that it is not there, by what a checkpoint covers."""
    del as_json
    with deployment(home) as ledger:
        checkpoint, _ = ledger.prover.checkpoint(size)
        index = ledger.committed_index(checkpoint.size)
        leaf_index, commitment = index.committed
        proof = index.prove(stream)
    members = proof.members()
    facts: dict[str, Any] = {
        "ok": True,
        "stream": stream,
        "listed": proof.at is not None,
        "checkpoint": checkpoint.size,
        "entry": leaf_index,
        "size": commitment.size,
        "proof": members,
        "out": str(out) if out else None,
    }
    said = "ends where the proof says" if facts["listed"] else "has no entry"
    words = f"{stream}: {said} in the first {commitment.size:,} entries (entry {leaf_index:,})"
    if out is None:
        return Outcome(facts, f"{words}\n{json.dumps(members, sort_keys=True)}")
    out.write_bytes(to_bytes(members))
    return Outcome(facts, f"{words}: {out}")


def _follow(ledger: Deployment, stop: threading.Event, interval: float, entries: int) -> None:
    """Run the indexer until *stop*; what fails for want of the database is tried again."""
    wait = 1.0
    while True:
        try:
            ledger.indexer.run(stop, interval, entries)
        except PASSING as error:
            if stop.is_set():
                raise
            _say(f"tries again: {error}")
            stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        else:
            return


def _outcome(ledger: Deployment) -> Outcome:
    size = ledger.reader.size()
    newest = StoredLog(ledger.reader).newest(size)
    if newest is None:
        return Outcome({"ok": True, "entry": None, "size": 0}, "the log is empty")
    return Outcome(facts_of(newest), words_of(newest))


def facts_of(committed: Committed) -> dict[str, Any]:
    """Return a commitment as facts."""
    entry, commitment = committed
    ranges = [
        {"level": each.range.level, "number": each.range.number, "streams": each.streams}
        for each in commitment.ranges
    ]
    return {"ok": True, "entry": entry, "size": commitment.size, "ranges": ranges}


def words_of(committed: Committed) -> str:
    """Say a commitment in one line."""
    entry, commitment = committed
    count = len(commitment.ranges)
    return f"entry {entry:,} commits to the first {commitment.size:,} entries in {count} ranges"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 — progress
