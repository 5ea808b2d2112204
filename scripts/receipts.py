"""``xiyou receipts``: what a party may keep, each entry that concerns it with its tlog-proof.

Proved by ``tests/scripts/test_receipts.py``.
"""

from pathlib import Path
from typing import Annotated

import typer

from api.concerning import concerning
from chain.store.party_receipts import write_receipts
from projections.store.runner import Runner, catch_up
from scripts.deploying import deployment
from scripts.log import size_in
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def receipts(
    party: Annotated[str, typer.Option("--party", help="A pseudonymous id, as entries name it.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to; made if not there.", file_okay=False)
    ],
    since: Annotated[int, typer.Option(help="Leaf index to begin at.", min=0)] = 0,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Write a party's receipts: entry and tlog-proof of each event that concerns it.

    Call it again into the same folder for what came since; what was only signed becomes final.
    """
    del as_json
    if not party.strip():
        raise InputError("--party: must be an id")
    with deployment(home) as ledger:
        stop = ledger.reader.size()
        signed = size_in(ledger.reader.checkpoint())
        # Whether or not somebody follows the log, what is found is up to its end.
        runner = Runner(ledger.database)
        catch_up(runner, stop)
        runner.close()
        indexes = concerning(ledger, party, since, stop)
        written = write_receipts(out, indexes, ledger.prover, ledger.policy(), signed)
    if not indexes:
        raise InputError(f"--party {party}: no entry of the log names it")
    facts = {"ok": True, "party": party, "out": str(out), **written._asdict(), "indexes": indexes}
    words = f"{out}: {written.final} receipts"
    if written.signed:
        words += f", and {written.signed} that still lack the quorum of witnesses"
    if written.waiting:
        words += f"; {written.waiting} entries are not signed yet: run xiyou publish"
    return Outcome(facts, words)
