"""``xiyou replay-ruling ID``: make a ruling again from the log; say same or different.

The facts are read anew from the entries, the rule table of the ruling's own version is
asked, and what comes out is compared with what was recorded: `domain.disputes.replay`.
Proved by ``tests/scripts/test_replay_ruling.py``.
"""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from chain.errors import MalformedError
from domain.disputes.events import RulingIssued
from domain.disputes.replay import Replay, replay, rulings
from domain.errors import NotFoundError
from domain.identifiers import check
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Exit, InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def replay_ruling(
    dispute: Annotated[
        str,
        typer.Argument(metavar="ID", help="A dispute, dsp_..., all of whose rulings are replayed."),
    ],
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Make the rulings of a dispute again from the log, and say same or different."""
    del as_json
    try:
        check(dispute, "dsp")
    except MalformedError as error:
        raise InputError(f"ID: {error}") from None
    with deployment(home) as ledger:
        try:
            case = ledger.trade.read_case(dispute)
        except NotFoundError as error:
            raise InputError(f"ID: {error}") from None
    found = [replay(each, case.entries) for each in rulings(case)]
    if not found:
        raise InputError(f"ID {dispute}: the dispute has no ruling yet")
    is_same = all(each.is_same for each in found)
    facts = {
        "ok": is_same,
        "dispute": dispute,
        "order": case.order,
        "rulings": [_facts(each) for each in found],
    }
    words = "\n".join([f"{dispute}, over {case.order}", *(_words(each) for each in found)])
    return Outcome(facts, words, Exit.GOOD if is_same else Exit.UNTRUE)


def _facts(found: Replay) -> dict[str, Any]:
    ruling = found.ruling
    facts: dict[str, Any] = {
        "index": found.index,
        "mode": ruling.mode,
        "outcome": ruling.outcome,
        "same": found.is_same,
        "differences": [
            {"member": each.member, "recorded": each.recorded, "replayed": each.replayed}
            for each in found.differences
        ],
    }
    if ruling.mode == "auto":
        facts |= {"rules": ruling.rules, "row": ruling.row}
    facts["absences"] = [asdict(each) | {"types": list(each.types)} for each in found.absences]
    return facts | {"reason": ruling.reason, "rests_on": list(ruling.rests_on or ())}


def _words(found: Replay) -> str:
    ruling = found.ruling
    verdict = "same" if found.is_same else "different"
    lines = [f"  {verdict}: {_title(ruling)}, at leaf index {found.index}"]
    lines += [f"    {each}" for each in (ruling.reason, ruling.reason_en) if each]
    if ruling.rests_on:
        lines.append(f"    rests on entries {', '.join(map(str, ruling.rests_on))}")
    lines += [
        f"    {each.fact}: rests on {each.stream} having no {', '.join(each.types)} up to version"
        f" {each.version}, its last when the log had {each.log_size} entries"
        for each in found.absences
    ]
    lines += [
        f"    {each.member}: recorded {each.recorded}, replayed {each.replayed}"
        for each in found.differences
    ]
    return "\n".join(lines)


def _title(ruling: RulingIssued) -> str:
    by = f"row {ruling.row} of rule table {ruling.rules}" if ruling.mode == "auto" else ruling.mode
    return f"{ruling.outcome} ({by})"
