"""``xiyou policy``: the tlog-policy that a verifier of this log needs.

Proved by ``tests/scripts/test_proof.py``.
"""

import os

import typer

from api.settings import load_settings
from chain.store.signer import read_verifier_keys
from scripts.options import Home, Json, Out
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def policy(home: Home = None, out: Out = None, *, as_json: Json = False) -> Outcome:
    """Write the policy that trusts this log: both of its keys, its witnesses and the quorum.

    Hand it to verifiers by another way than the proofs: trust never comes from the evidence.
    """
    del as_json
    settings = load_settings(os.environ, home)
    keys = read_verifier_keys(settings.home)
    trusted = settings.policy(keys)
    data = trusted.to_bytes()
    facts = {
        "ok": True,
        "origin": keys[0].name,
        "keys": [f"{key.type.name} {key.id.hex()}" for key in keys],
        "witnesses": list(trusted.witnesses),
        "quorum": trusted.groups[trusted.quorum].threshold if trusted.groups else 0,
        "policy": data.decode(),
        "out": str(out) if out else None,
    }
    if out is None:
        return Outcome(facts, data.decode().rstrip("\n"))
    out.write_bytes(data)
    asked = f"{facts['quorum']} of {len(trusted.witnesses)} witnesses"
    return Outcome(facts, f"{out}: trusts {keys[0].name}, with both of its keys and {asked}")
