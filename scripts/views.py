"""``xiyou views``: what is read is folded from the log here, and built anew at will.

`run` follows the log until it is stopped; `rebuild` builds a view beside the one that is
read and switches over; `list` says how far each has come; `digest` lets two be compared.
Proved by ``tests/scripts/test_views.py``.
"""

import sys
import threading
from time import monotonic
from typing import Annotated, Any, Final

import psycopg
import typer

from chain.store.announcements import Announcements
from projections.store.digest import digest_of
from projections.store.reader import ViewReader
from projections.store.rebuild import rebuild as build
from projections.store.runner import Runner, catch_up
from projections.view import View
from projections.views import VIEWS
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Exit, InputError, Outcome
from scripts.stopping import on_end_of_input, on_signal

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

LONGEST_WAIT: Final = 30.0
"""Seconds between two tries while the database is out of reach."""
PROGRESS_EVERY: Final = 1.0
Name = Annotated[str, typer.Argument(help=f"Of a view: {', '.join(VIEWS)}, or all.")]


@app.command()
def run(
    home: Home = None,
    *,
    once: Annotated[bool, typer.Option(help="Come to the log's end, and stop there.")] = False,
    with_parent: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input ends.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Follow the log: every view in one pass, each batch exactly once, until stopped.

    Ends by SIGTERM or SIGINT after the batch that is under way; killed at any point, the next
    run goes on where this one stopped.
    """
    del as_json
    stop, woken = threading.Event(), threading.Event()
    on_signal(stop, woken)
    if with_parent:
        on_end_of_input(stop, woken)
    with deployment(home) as ledger:
        runner, announcements = Runner(ledger.database), Announcements(ledger.database)
        try:
            if once:
                catch_up(runner)
            else:
                print(f"following {ledger.origin}", file=sys.stderr, flush=True)  # noqa: T201 — progress
                announcements.listen(woken)
                _follow(runner, stop, woken)
        finally:
            announcements.close()
            runner.close()
        return _outcome(runner)


def _follow(runner: Runner, stop: threading.Event, woken: threading.Event) -> None:
    """Step until *stop*; what fails for want of the database is tried again."""
    wait = 1.0
    while not stop.is_set():
        woken.clear()
        try:
            while not stop.is_set() and runner.step():
                wait = 1.0
        except psycopg.OperationalError as error:
            print(f"tries again: {error}", file=sys.stderr, flush=True)  # noqa: T201 — progress
            stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)
            continue
        woken.wait()


def _outcome(runner: Runner) -> Outcome:
    facts: dict[str, Any] = {
        "ok": not runner.faults,
        "size": runner.size,
        "positions": runner.positions,
        "lag": runner.lag,
        "faults": dict(runner.faults),
    }
    lines = [f"  {view:<12}{position:>14,}" for view, position in runner.positions.items()]
    lines += [f"  {view}: stopped: {words}" for view, words in runner.faults.items()]
    code = Exit.UNTRUE if runner.faults else Exit.GOOD
    return Outcome(facts, "\n".join([f"a log of {runner.size:,} entries", *lines]), code)


@app.command(name="list")
def show(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Show how many entries each view holds, and how many it lags behind the log."""
    del as_json
    with deployment(home) as ledger:
        reader = ViewReader(ledger.database)
        size, slots = ledger.reader.size(), reader.slots()
    views = [
        {
            "view": each.view,
            "version": each.version,
            "position": each.position,
            "lag": max(0, size - each.position),
            "live": each.live,
            "slot": each.slot,
            "current": each.view in VIEWS and VIEWS[each.view].version == each.version,
        }
        for each in slots
    ]
    missing = sorted(VIEWS.keys() - {each.view for each in slots if each.live})
    facts = {"ok": True, "size": size, "views": views, "missing": missing}
    lines = [
        f"  {each['view']:<12} v{each['version']} {each['position']:>14,}  lag {each['lag']:,}"
        f"{'' if each['live'] else '  being built'}"
        f"{'' if each['current'] else '  of another version: rebuild it'}"
        for each in views
    ]
    lines += [f"  {name:<12} nothing yet: xiyou views run" for name in missing]
    return Outcome(facts, "\n".join([f"a log of {size:,} entries", *lines]))


@app.command()
def rebuild(
    name: Name,
    home: Home = None,
    *,
    afresh: Annotated[
        bool, typer.Option(help="From the first entry, even where an earlier try had begun.")
    ] = False,
    accept: Annotated[
        bool, typer.Option(help="Switch over even where the live view has another digest.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Build a view anew beside the one that is read, compare the two, and switch over."""
    del as_json
    built = []
    with deployment(home) as ledger:
        for view in _named(name):
            told = [monotonic()]

            def advance(done: int, size: int, view: View = view, told: list[float] = told) -> None:
                if monotonic() - told[0] >= PROGRESS_EVERY:
                    told[0] = monotonic()
                    print(f"{view.name}: {done:,} of {size:,}", file=sys.stderr, flush=True)  # noqa: T201 — progress

            found = build(ledger.database, view, afresh=afresh, accept=accept, advance=advance)
            built.append(found)
    facts = {"ok": True, "views": [each._asdict() for each in built]}
    lines = [
        f"{each.view}: {each.position:,} entries, {each.digest}"
        f"{', as the one before' if each.compared else ''}"
        for each in built
    ]
    return Outcome(facts, "\n".join(lines))


@app.command()
def digest(name: Name, home: Home = None, *, as_json: Json = False) -> Outcome:
    """Show the digest of a view and how many entries it holds: the same log, the same digest."""
    del as_json
    with deployment(home) as ledger:
        found = [digest_of(ledger.database, view) for view in _named(name)]
    facts = {"ok": True, "views": [each._asdict() for each in found]}
    lines = [f"{each.view:<12}{each.position:>14,}  {each.digest}" for each in found]
    return Outcome(facts, "\n".join(lines))


def _named(name: str) -> list[View]:
    if name == "all":
        return list(VIEWS.values())
    if name not in VIEWS:
        raise InputError(f"NAME {name!r}: there is no such view: {', '.join(VIEWS)}, or all")
    return [VIEWS[name]]
