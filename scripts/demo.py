"""``xiyou demo``: the main job from end to end, then a story that checks its result.

Starts what is needed, trades while a publisher works beside, then shows the log, one
refunded order, its proof checked offline, and a tampered copy that an audit sees through.
Runs again on the same folder go on with the same log: a marketplace gets new seeds, and a
file that was imported before writes nothing new. ``tests/scripts/test_demo.py``.
"""

import resource
import sys
from base64 import b64encode
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from api.bootstrap import Deployment
from chain.errors import ChainError
from scripts import exhibit
from scripts.deploying import deployment
from scripts.disputes import hours
from scripts.memory import peak_memory
from scripts.options import Home, Json
from scripts.outcome import Exit, InputError, Outcome
from scripts.outsiders import Outsiders
from scripts.overview import counted, lines, medians, money_moved, replayed
from scripts.publish import PublisherProcess
from scripts.screen import Screen, megabytes
from scripts.story import Story
from scripts.trading import Traded, folder_size, run_import, run_market

app = typer.Typer(rich_markup_mode=None, add_completion=False)

DEFAULT_HOME = Path(".demo")
DEFAULT_ORDERS = 2_000
MAX_ORDERS = 1_000_000


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Import this Online Retail file (.csv or .csv.xz) instead of a marketplace.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    orders: Annotated[
        int | None,
        typer.Option(
            help=f"Orders of the marketplace; default {DEFAULT_ORDERS}.", min=1, max=MAX_ORDERS
        ),
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Trade, record every event, publish, and check the result: the whole house in one run.

    Without --home it works in the folder .demo here, never in your own deployment.
    """
    if data is not None and orders is not None:
        raise InputError("--data and --orders: choose one; a file has the orders that it has")
    screen = Screen(as_json=as_json)
    began = monotonic()
    screen.heading("Xiyou Ledger: every step of a trade, in a log that anyone can check")
    with (
        deployment(home or DEFAULT_HOME, make=True) as made,
        Outsiders(made) as outsiders,
        Deployment(outsiders.settings) as ledger,
    ):
        before = ledger.reader.size()
        screen.say(
            f"folder   {ledger.home}{'' if home else '  (the default; keep it or delete it)'}"
        )
        screen.say(f"log      {ledger.origin}, {_known(before)}")
        screen.say(f"database {_database(ledger)}, ready after {monotonic() - began:.1f} s")
        screen.say(f"outside  {_beside(outsiders)}")
        traded = _trade(outsiders, ledger, screen, data, orders or DEFAULT_ORDERS)
        story = Story(ledger, screen)
        story.tell()
        _compare(story, screen, traded)
        if traded.report is None:
            try:
                _look_over(ledger, story, screen)
                exhibit.show(ledger, story)
                story.facts |= _grown(ledger)
            except ChainError as error:
                story.check("readable", f"an entry cannot be read: {error}", good=False)
        facts = _facts(ledger, traded, story, monotonic() - began)
    _summarise(screen, facts)
    good = all(story.checks.values())
    code = Exit.GOOD if good else Exit.UNTRUE
    failed = [name for name, held in story.checks.items() if not held]
    end = "" if good else f"error: these checks failed: {', '.join(failed)}"
    return Outcome({"ok": good, **facts}, end, code)


def _known(size: int) -> str:
    return f"{size:,} entries from earlier runs: this one goes on from there" if size else "new"


def _database(ledger: Deployment) -> str:
    return "an embedded PostgreSQL" if ledger.settings.is_embedded else "XIYOU_DATABASE_URL's"


def _beside(outsiders: Outsiders) -> str:
    """Say who watches the log and dates it."""
    watched = " and ".join(each.vkey.name for each in outsiders.witnesses)
    names = f"witnesses {watched}" if watched else "witnesses as configured"
    if outsiders.authority is not None:
        return f"{names}; a time-stamp authority, TEST ONLY"
    return f"{names}; no time-stamp authority of our own"


def _trade(
    outsiders: Outsiders, ledger: Deployment, screen: Screen, data: Path | None, orders: int
) -> Traded:
    """Run the trade with a publisher beside it; return once all of it is published."""
    what = f"the file {data}" if data else f"a marketplace of {orders:,} orders"
    screen.heading(f"1. The trade: {what}, a publisher beside it")
    with PublisherProcess(ledger.home, outsiders.environment) as publisher:
        with screen.progress("trading") as advance:
            if data:
                traded = run_import(ledger, data, advance)
            else:
                traded = run_market(ledger, orders, advance)
        rate = traded.events / max(traded.seconds, 1e-9)
        new = f"{traded.events:,} events written by {traded.commands:,} commands"
        if not traded.events:
            new = f"nothing new: all {traded.commands:,} commands were in the log already"
        screen.say(f"{new}, {traded.seconds:.1f} s, {rate:,.0f} events/s")
        ended = monotonic()
        size = max(ledger.reader.size(), 1)
        with screen.progress("publishing the rest") as advance:
            publisher.finish(lambda: advance(published_size(ledger) / size, ""))
    screen.say(f"published and signed up to its end {monotonic() - ended:.1f} s later")
    return traded


def published_size(ledger: Deployment) -> int:
    """Return the size of the newest checkpoint, 0 while there is none."""
    note = ledger.reader.checkpoint()
    return int(note.split(b"\n")[1]) if note else 0


def _compare(story: Story, screen: Screen, traded: Traded) -> None:
    """Show the control figures of an import, and check those that have a known value."""
    if traded.report is None:
        return
    screen.heading(
        "6. The control figures of the import, counted from its events; amounts in pence"
    )
    rows = []
    for name, value in traded.report.figures.items():
        expected = traded.expected.get(name)
        if expected is None:
            rows.append((name, "-", f"{value:,}", ""))
            continue
        held = expected == value
        rows.append((name, f"{expected:,}", f"{value:,}", "ok" if held else "NOT OK"))
        story.checks[f"figure_{name}"] = held
    screen.table(("figure", "expected", "reproduced", ""), rows)
    for each in traded.report.roundings:
        screen.say(f"row {each.row}: {each.code} at {each.text} was rounded to {each.pence} pence")


def _look_over(ledger: Deployment, story: Story, screen: Screen) -> None:
    """Show the trade on one screen, and check what can be made again from the log."""
    screen.heading("6. The trade on one screen, counted from the log and made again from it")
    counts = counted(ledger)
    for area, words in lines(counts):
        screen.say(f"{area:<14} {words}")
    moved = ", ".join(f"{topic} {money}" for topic, money in money_moved(ledger))
    screen.say(f"{'money':<14} {moved}")
    found = replayed(ledger)
    by_hand = found.made - found.by_rule
    story.check(
        "rulings",
        f"{found.made} rulings, {found.by_rule} by rule and {by_hand} by hand or consent:"
        f" {found.same} of {found.made} the same when made again from the log",
        good=found.same == found.made,
    )
    differences = list(ledger.trade.differences())
    story.check(
        "money",
        "order, key, funds and dispute of every order, and every balance, as the log has them"
        if not differences
        else differences[0],
        good=not differences,
    )
    times = medians(ledger)
    story.facts["trade"] = {
        "counts": dict(sorted(counts.items())),
        "rulings": found._asdict(),
        "median_s": None if times is None else {"with_rules": times[0], "all_manual": times[1]},
    }
    if times is not None:
        screen.say(
            f"a dispute takes {hours(times[0]).strip()} at the median with rules; the same"
            f" cases, all by hand, {hours(times[1]).strip()} (synthetic cases, one staff model)"
        )


def _grown(ledger: Deployment) -> dict[str, Any]:
    """Return how the log stands after the package, which is on record itself."""
    head = ledger.reader.head()
    root = b64encode(head.root()).decode()
    return {"size": head.size, "root": root, "checkpoint": ledger.files.read("checkpoint").decode()}


def _facts(ledger: Deployment, traded: Traded, story: Story, seconds: float) -> dict[str, Any]:
    with ledger.database.connect() as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    facts: dict[str, Any] = {
        "home": str(ledger.home),
        "origin": ledger.origin,
        **story.facts,
        "commands": traded.commands,
        "events": traded.events,
        "trade_seconds": round(traded.seconds, 3),
        "events_per_second": round(traded.events / max(traded.seconds, 1e-9), 1),
        "seconds": round(seconds, 3),
        "database_bytes": row[0] if row else None,
        "published_bytes": folder_size(ledger.files.root),
        "peak_memory_bytes": peak_memory(),
        "publisher_peak_memory_bytes": others * unit,
        "checks": story.checks,
    }
    if traded.report is not None:
        differing = traded.report.differences(traded.expected)
        facts["figures"] = {
            name: {
                "expected": traded.expected.get(name),
                "reproduced": value,
                "ok": name not in differing,
            }
            for name, value in traded.report.figures.items()
        }
        facts["monthly"] = traded.report.monthly
    return facts


def _summarise(screen: Screen, facts: dict[str, Any]) -> None:
    checks = facts["checks"]
    held = sum(checks.values())
    screen.heading("Summary")
    screen.say(
        f"{facts['events']:,} events in {facts['trade_seconds']:.1f} s:"
        f" {facts['events_per_second']:,.0f} events/s, published beside"
    )
    screen.say(
        f"on disk: database {megabytes(facts['database_bytes'])},"
        f" published files {megabytes(facts['published_bytes'])}"
    )
    screen.say(
        f"peak memory: this process {megabytes(facts['peak_memory_bytes'])},"
        f" the publisher {megabytes(facts['publisher_peak_memory_bytes'])}"
    )
    screen.check(
        good=held == len(checks), text=f"{held} of {len(checks)} checks, {facts['seconds']:.1f} s"
    )
    screen.say(f"look around: xiyou log head --home {facts['home']}")
