"""``xiyou work``: what a deployment needs beside its requests, in one process.

Views are followed, the stream index is kept, endpoints are called, policies and timers do
what is due. Each can be left out, and run by a command of its own instead: `xiyou views run`,
`xiyou index run`, `xiyou webhooks run`, `xiyou follow`. ``tests/scripts/test_work.py``.
"""

import logging
import threading
from typing import Annotated, Final

import typer

from api import logs
from domain.policies.judging import Bench
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.stopping import on_end_of_input, on_signal
from scripts.workers import WORKERS, FollowWorker

app = typer.Typer(rich_markup_mode=None, add_completion=False)
logger = logging.getLogger("xiyou.work")

ENDING: Final = 20.0
"""Seconds that each worker is given to end in."""
Without = Annotated[
    list[str] | None,
    typer.Option(help=f"Leave one out: {', '.join(WORKERS)}, or all; give it once for each."),
]
Arbitrators = Annotated[
    list[str] | None,
    typer.Option(help="Who decides hard cases; give it once for each.", metavar="NAME"),
]


@app.command()
def work(
    home: Home = None,
    *,
    without: Without = None,
    arbitrator: Arbitrators = None,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Follow the log with views, index, webhooks, policies and timers, until stopped.

    Ends by SIGTERM or SIGINT: each worker ends after what is under way, and the index commits
    to what is there by then. Killed anywhere, the next start goes on.
    """
    del as_json
    names = chosen(without)
    stop = threading.Event()
    on_signal(stop)
    if with_parent:
        on_end_of_input(stop)
    logs.configure()
    with deployment(home) as ledger:
        ledger.prepare()
        bench = Bench(tuple(arbitrator or ()))
        workers = [
            FollowWorker(ledger, stop, bench) if kind is FollowWorker else kind(ledger, stop)
            for name, kind in WORKERS.items()
            if name in names
        ]
        for each in workers:
            each.start()
        logger.info("working")
        stop.wait()
        for each in workers:
            each.join(ENDING)
        late = [each.name for each in workers if each.is_alive()]
    if late:
        raise ChildProcessError(f"{', '.join(late)}: had not ended after {ENDING:.0f} s")
    return Outcome({"ok": True, "workers": names}, f"stopped: {', '.join(names)}")


def chosen(without: list[str] | None) -> list[str]:
    """Return the names of the workers that run.

    Raises:
        InputError: there is no worker of a name that is to be left out.
    """
    left_out = set(without or ())
    unknown = sorted(left_out - WORKERS.keys() - {"all"})
    if unknown:
        raise InputError(f"--without {unknown[0]}: there is no such worker: {', '.join(WORKERS)}")
    return [] if "all" in left_out else [each for each in WORKERS if each not in left_out]
