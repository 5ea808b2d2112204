"""``xiyou publish``: sign and publish what is new, until stopped.

Proved by ``tests/scripts/test_publish.py``.
"""

import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import Deployment
from scripts.beside import Beside
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome
from scripts.stopping import on_end_of_input, on_signal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def publish(
    home: Home = None,
    *,
    once: Annotated[bool, typer.Option(help="Publish what is new, and end.")] = False,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Write tiles and bundles of what is new, then sign a checkpoint; again and again.

    Ends by SIGTERM or SIGINT, after publishing what is there by then.
    """
    del as_json
    stop = threading.Event()
    on_signal(stop)
    if once:
        stop.set()
    if with_parent:
        on_end_of_input(stop)
    with deployment(home) as ledger:
        if not with_parent and not once:
            print(f"publishing to {ledger.files.root}", file=sys.stderr)  # noqa: T201 — progress
        _stamp_beside(ledger, stop)
        ledger.publisher.run(stop, ledger.settings.publish_interval)
        if ledger.publisher.last_error is not None:
            raise ledger.publisher.last_error
        note = ledger.reader.checkpoint()
        final = ledger.publisher.final_size
    text = note.decode() if note else None
    size = int(text.split("\n")[1]) if text else 0
    facts = {"ok": True, "size": size, "final": final, "checkpoint": text}
    words = f"{ledger.files.root}: published up to size {final}"
    if final < size:
        words += f"; signed up to {size}, but the quorum of witnesses is missing: xiyou log head"
    return Outcome({**facts, "folder": str(ledger.files.root)}, words)


def _stamp_beside(ledger: Deployment, stop: threading.Event) -> None:
    """Get time stamps in a thread of their own: an authority may take its time."""
    if not ledger.settings.stamp_authorities or stop.is_set():
        return
    interval = timedelta(hours=ledger.settings.stamp_interval)
    arguments = (stop, interval, lambda: datetime.now(UTC))
    threading.Thread(target=ledger.stamper.run, args=arguments, daemon=True).start()


class PublisherEndedError(Exception):
    """The publisher's process has failed; `ended_with` is its exit code."""

    def __init__(self, code: int, last: str) -> None:
        """Take over its *last* line."""
        super().__init__(f"the publisher ended with {code}: {last.removeprefix('error: ')}")
        self.ended_with = code


class PublisherProcess(Beside):
    """A publisher in a process of its own, so that it has a core of its own.

    Args:
        home: of the deployment.
        environment: what it is told beside our own.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        super().__init__("publish", "--home", home, environment=environment)

    def failed(self, code: int, last: str) -> Exception:
        """Return the error that says how it has ended; *last* is its last line."""
        return PublisherEndedError(code, last)
