"""``xiyou reviews``: which merchants wait for a reviewer, and for how long (B2).

Proved by ``tests/scripts/test_reviews.py``.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from domain.qualification.waiting import Waiting
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_DAY, _HOUR = 86_400, 3_600


@app.command()
def reviews(
    at: Annotated[
        str | None, typer.Option("--at", help="As of this moment, UTC; default: now.")
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Show the queue of the reviewers, the longest wait first, as the log has it."""
    del as_json
    now = at or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with deployment(home) as ledger:
        waiting = ledger.trade.waiting_reviews(now)
    facts = {"ok": True, "at": now, "waiting": [asdict(each) for each in waiting]}
    return Outcome(facts, "\n".join(map(_line, waiting)) or "nobody waits")


def _line(each: Waiting) -> str:
    days, rest = divmod(each.seconds, _DAY)
    needs = each.needs.replace("_", " ")
    not_by = ", ".join(each.not_by)
    return (
        f"{each.merchant:<16}{days:>4} d {rest // _HOUR:>2} h  since {each.since}"
        f"  needs a {needs}, not {not_by}"
    )
