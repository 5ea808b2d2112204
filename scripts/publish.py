"""``xiyou publish``: sign and publish what is new, until stopped.

Proved by ``tests/scripts/test_publish.py``.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

STOP_WITHIN = 600.0
"""Seconds that the last publication may take: a backlog is worked off before the end."""


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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if once:
        stop.set()
    if with_parent:
        # The pipe's other end closes with our parent, however that ends.
        watch = threading.Thread(target=_await_end_of_input, args=(stop,), daemon=True)
        watch.start()
    with deployment(home) as ledger:
        if not with_parent and not once:
            print(f"publishing to {ledger.files.root}", file=sys.stderr)  # noqa: T201 — progress
        ledger.publisher.run(stop, ledger.settings.publish_interval)
        if ledger.publisher.last_error is not None:
            raise ledger.publisher.last_error
        note = ledger.reader.checkpoint()
    text = note.decode() if note else None
    size = int(text.split("\n")[1]) if text else 0
    facts = {"ok": True, "size": size, "checkpoint": text, "folder": str(ledger.files.root)}
    return Outcome(facts, f"{ledger.files.root}: published up to size {size}")


@contextmanager
def publishing(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a publisher of *home* in a process of its own; it ends with the block, or with us.

    At the end of the block it publishes what is there by then.

    Raises:
        PublisherEndedError: it has failed; its own words are in the text.
    """
    process = subprocess.Popen(  # noqa: S603 — ourselves
        [sys.executable, "-m", "scripts", "publish", "--with-parent", "--home", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        # A Ctrl-C in the terminal is ours to handle: we end it in good order.
        start_new_session=True,
    )
    try:
        yield process
    except BaseException:
        process.kill()
        process.communicate()
        raise
    _, said = process.communicate(timeout=STOP_WITHIN)
    if process.returncode:
        raise PublisherEndedError(process.returncode, said)


class PublisherEndedError(Exception):
    """The publisher's process has failed; `code` is its exit code."""

    def __init__(self, code: int, said: str) -> None:
        """Take over its last line."""
        lines = said.strip().splitlines() or ["it said nothing"]
        super().__init__(f"the publisher ended with {code}: {lines[-1].removeprefix('error: ')}")
        self.code = code


def _await_end_of_input(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    stop.set()
