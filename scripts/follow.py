"""``xiyou follow``: do what policies and timers ask for, until stopped.

Reads the log from where it stopped; killed anywhere and started again, it makes up for what
is missing and does nothing twice. A database that is out of reach is waited for. Proved by
``tests/scripts/test_follow.py``.
"""

import sys
import threading
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from eventsourcing.persistence import PersistenceError

from domain.disputes.deadline import spell
from domain.errors import ConcurrentChangeError
from domain.policies.follower import Follower
from domain.policies.judging import Bench
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome
from scripts.stopping import on_end_of_input, on_signal

app = typer.Typer(rich_markup_mode=None, add_completion=False)

LONGEST_WAIT: Final = 30.0
"""Seconds between two tries while the database is out of reach."""


@app.command()
def follow(
    home: Home = None,
    *,
    arbitrator: Annotated[
        list[str] | None,
        typer.Option(help="Who decides hard cases; give it once for each.", metavar="NAME"),
    ] = None,
    interval: Annotated[
        float, typer.Option(help="Seconds between two looks at the log.", min=0.01, max=60)
    ] = 0.5,
    once: Annotated[bool, typer.Option(help="Do what is due by now, and end.")] = False,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Deliver, rule, execute, expire, release: whatever follows from the log by itself.

    Ends by SIGTERM or SIGINT, after the command that is under way; what is left undone is
    done at the next start.
    """
    del as_json
    stop, at_once = threading.Event(), threading.Event()
    on_signal(at_once, stop)
    if with_parent:
        # When the parent ends or lets us go, what is in the log by then is still done.
        on_end_of_input(stop)
    with deployment(home) as ledger:
        follower = ledger.follower(Bench(tuple(arbitrator or ())))
        follower.stopping = at_once.is_set
        if not once:
            print(f"following {ledger.origin}", file=sys.stderr, flush=True)  # noqa: T201 — progress
            _run(follower, stop, interval)
        if not at_once.is_set():
            follower.step(_now)
        return _outcome(follower)


def _run(follower: Follower, stop: threading.Event, interval: float) -> None:
    """Step until *stop*; what fails for want of the database is tried again."""
    wait, told = interval, 0
    while not stop.is_set():
        try:
            follower.step(_now)
            wait = interval
        except (PersistenceError, ConcurrentChangeError) as error:
            print(f"tries again: {error}", file=sys.stderr, flush=True)  # noqa: T201 — progress
            wait = min(2 * wait, LONGEST_WAIT)
        told = _tell(follower, told)
        stop.wait(wait)


def _tell(follower: Follower, told: int) -> int:
    """Say which calls were refused since; return how many were told."""
    count = sum(follower.refused.values())
    for each in list(follower.refusals)[-(count - told) :] if count > told else []:
        words = f"{each.policy} for entry {each.cause} was refused: {each.error}: {each.words}"
        print(words, file=sys.stderr, flush=True)  # noqa: T201 — what the log does not say
    return count


def _now() -> str:
    return spell(datetime.now(UTC))


def _outcome(follower: Follower) -> Outcome:
    facts: dict[str, Any] = {
        "ok": True,
        "position": follower.position,
        "done": dict(sorted(follower.done.items())),
        "repeated": follower.repeated,
        "refused": [
            {"policy": policy, "error": error, "times": times}
            for (policy, error), times in sorted(follower.refused.items())
        ],
    }
    done = ", ".join(f"{name} {count:,}" for name, count in facts["done"].items()) or "nothing"
    refused = sum(follower.refused.values())
    words = f"up to entry {follower.position:,}: {done}; {refused:,} refused"
    return Outcome(facts, words)
