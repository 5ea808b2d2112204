"""``xiyou stamp``: have the published checkpoint stamped with the time, now.

The digest of every token that is kept is put on record (``evidence.md``, section 7).
Proved by ``tests/scripts/test_stamp.py``.
"""

import typer

from api.exporting.dating import record_tokens
from chain.store.finality import stamp_path
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def stamp(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Ask the configured authorities for a time stamp over the published checkpoint.

    `xiyou publish` does it by itself every XIYOU_STAMP_INTERVAL hours.
    """
    del as_json
    with deployment(home) as ledger:
        made = ledger.stamper.stamp()
        recorded = record_tokens(ledger)
        path = ledger.files.root / stamp_path(made.size, "tsr")
    said = made.said
    facts = {
        "ok": True,
        "size": made.size,
        "at": f"{said.at:%Y-%m-%dT%H:%M:%SZ}",
        "authority": said.authority,
        "serial": str(said.serial),
        "policy": said.policy,
        "test": said.is_test,
        "file": str(path),
        "recorded": recorded,
    }
    label = "TEST ONLY, no independent time: " if said.is_test else ""
    words = f"{label}the checkpoint of size {made.size} existed at {facts['at']}, says"
    return Outcome(facts, f"{words} {said.authority}\n  {path}")
