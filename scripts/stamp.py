"""``xiyou stamp``: have the published checkpoint stamped with the time, now.

The digest of every token that is kept is put on record (``evidence.md``, section 7).
Proved by ``tests/scripts/test_stamp.py``.
"""

import secrets
from typing import Final

import typer

from api.bootstrap import Deployment
from chain.evidence.digests import sha256_hex
from chain.store.finality import stamp_path
from domain.command import Command
from domain.disputes.deadline import spell
from domain.event import Meta
from domain.evidence.anchoring import Token
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

MAX_STAMPS: Final = 64
"""In a package."""


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


def record_tokens(ledger: Deployment) -> int:
    """Record each token that is kept and not on record yet; return how many.

    A crash between a token's file and its record leaves the file: the next call records it,
    as it does what `xiyou publish` has got in the meantime.
    """
    count = 0
    for size in ledger.stamper.sizes():
        if ledger.trade.is_anchored(size):
            continue
        stamp = ledger.stamper.read(size)
        digest = sha256_hex(stamp.token)
        said = stamp.said
        command_id = f"stamp/{size}/{digest[:32]}"
        meta = Meta("stamper", "platform", "xiyou", "cli", command_id, command_id)
        token = Token(
            size,
            sha256_hex(stamp.note),
            digest,
            said.authority,
            spell(said.at),
            said.is_test or None,
        )
        command = Command(meta, ledger.vault, secrets.token_bytes)
        ledger.trade.anchor_checkpoint(command, token)
        count += 1
    return count
