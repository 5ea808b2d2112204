"""``xiyou disputes median``: how long disputes take, with rules and all by hand (F5).

Proved by ``tests/scripts/test_disputes.py``.
"""

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from domain.disputes.case import Recorded, recorded
from domain.disputes.handling import TOPICS, Comparison, Staff, compare
from domain.policies.policy import Entries
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

PAGE: Final = 1_000


@app.callback()
def disputes() -> None:
    """Figures of disputes, from the log's events."""


@app.command()
def median(
    home: Home = None,
    *,
    people: Annotated[int, typer.Option(help="Arbitrators at work, in both worlds.", min=1)] = 2,
    minutes: Annotated[int, typer.Option(help="Of work on one case.", min=1, max=480)] = 45,
    as_json: Json = False,
) -> Outcome:
    """Compare the median handling time with rulings by rule against all by hand.

    The same cases, the same staff: only who decides what a rule can decide is different.
    """
    del as_json
    with deployment(home) as ledger:
        log = ledger.trade.recorder
        if not isinstance(log, Entries):
            raise TypeError("the recorder hands out no entries")
        found = compare(entries_of_disputes(log, ledger.reader.size()), Staff(people, minutes))
    if found is None:
        raise InputError("no dispute in this log has been ruled on or assigned yet")
    return outcome(found)


def outcome(found: Comparison) -> Outcome:
    """Return *found* as facts and as words."""
    staff = found.staff
    facts = {
        "ok": True,
        "cases": found.cases,
        "automatic": found.automatic,
        "manual": found.manual,
        "left_out": found.left_out,
        "mix": found.mix,
        "median_with_rules_s": found.median_with_rules,
        "median_all_manual_s": found.median_all_manual,
        "saved_percent": found.saved / 100,
        "staff": {"people": staff.people, "minutes_a_case": staff.minutes},
    }
    mix = ", ".join(f"{name} {count}" for name, count in found.mix.items())
    left = ", ".join(f"{name} {count}" for name, count in found.left_out.items()) or "none"
    open_from = f"{staff.opens:%H:%M} to {staff.closes:%H:%M}"
    lines = [
        f"{found.cases} disputes: {found.automatic} ruled by rule, {found.manual} by a person",
        f"  mix: {mix}; left out: {left}",
        f"  median with rules   {hours(found.median_with_rules)}",
        f"  median all manual   {hours(found.median_all_manual)}   (same cases, same staff)",
        f"  shorter by {found.saved / 100:.1f} %",
        f"  staff: {staff.people} people, {staff.minutes} min a case, {open_from} on working days",
    ]
    return Outcome(facts, "\n".join(lines))


def entries_of_disputes(log: Entries, size: int) -> Iterator[Recorded]:
    """Give what the log says of all disputes."""
    start = 0
    while True:
        page = log.select_entries(start, PAGE, size, TOPICS)
        for each in page:
            yield recorded(*each)
        if len(page) < PAGE:
            return
        start = page[-1][0] + 1


def hours(seconds: int) -> str:
    """Return *seconds* for people."""
    return f"{seconds // 3600:4d} h {seconds // 60 % 60:02d} min {seconds % 60:02d} s"
