"""``xiyou keys``: rotate the vault's master key, and bring the data keys under the new one.

``rotate`` makes a master key beside the older ones and records it; from then on it wraps what
is new. ``rewrap`` wraps every data key anew, in batches, while readers and writers go on.
Both may be interrupted at any point and called again. ``tests/scripts/test_keys.py``.
"""

import secrets

import typer

from api.bootstrap import Deployment
from chain.store.master_key import add_master_key
from chain.store.rewrapping import count_wrapped, rewrap
from domain.command import Command
from domain.event import Meta
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.screen import Screen

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.command()
def rotate(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Make a new master key: it wraps what is new; the older ones open what they wrapped."""
    del as_json
    with deployment(home) as ledger:
        recorded = ledger.trade.keyring().current
        ids = ledger.keyring.ids
        # The key comes first: a crash between the two leaves one that the log does not know
        # yet, and the next call records that one.
        if recorded == ids[-1] or (recorded is None and len(ids) == 1):
            add_master_key(ledger.home, secrets.token_bytes)
            ids = ledger.keyring.ids
        old, new = recorded or ids[-2], ids[-1]
        ledger.trade.rotate_keyring(_command(ledger, f"keyring/rotate/{new}"), old, new)
    facts = {"ok": True, "old": old, "new": new}
    words = f"{new} wraps what is new, {old} opens what it wrapped: now xiyou keys rewrap"
    return Outcome(facts, words)


@app.command("rewrap")
def rewrap_keys(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Wrap every data key with the newest master key; what is sealed is not opened."""
    screen = Screen(as_json=as_json)
    with deployment(home) as ledger, screen.progress("rewrapping") as advance:
        current = ledger.keyring.current.id
        known = ledger.trade.keyring()
        if known.current != current:
            raise InputError(f"{current}: the log knows of no such rotation: run xiyou keys rotate")
        todo = count_wrapped(ledger.owner_url(), ledger.keyring).older
        done = 0
        for batch in rewrap(ledger.owner_url(), ledger.vault, ledger.keyring):
            done += batch
            advance(done / max(todo, done), f"{done:,} of {todo:,}")
        found = count_wrapped(ledger.owner_url(), ledger.keyring)
        if done or known.older is None or known.older != found.older:
            command = _command(ledger, f"keyring/rewrap/{secrets.token_hex(8)}")
            ledger.trade.note_rewrapped(command, current, found.newest, found.older)
    facts = {"ok": True, "current": current, "rewrapped": done} | found._asdict()
    words = f"{done:,} data keys rewrapped; {current} wraps {found.newest:,}"
    return Outcome(facts, f"{words}, older master keys {found.older:,}")


def _command(ledger: Deployment, command_id: str) -> Command:
    meta = Meta("operator", "staff", "xiyou", "cli", command_id, command_id)
    return ledger.command(meta)
