"""``xiyou token``: a short-lived token of a made-up person, for trying out and for tests.

Marked as a sandbox's, and accepted by no other server; refused where the deployment is none
(``XIYOU_PUBLIC_URL`` is set, or ``XIYOU_SANDBOX=0``). ``tests/scripts/test_clients.py``.
"""

from secrets import token_urlsafe
from time import time
from typing import Annotated, Final

import typer

from api.access.gate import Gate
from api.access.matrix import default_scopes
from api.access.token import BOUND, Grant, write_token
from api.principal import Kind
from domain.identifiers import derive
from scripts.clients import ClientKind
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

CLIENT: Final = derive("cli", 0, "sandbox")
"""To which every token of a sandbox's person is given."""
LONGEST: Final = 3_600


@app.command()
def token(
    home: Home = None,
    *,
    kind: Annotated[ClientKind, typer.Option("--as", help="Of which kind.")],
    subject: Annotated[str, typer.Option(help="Who: usr_…, M-LAN, staff-1.")],
    seconds: Annotated[int, typer.Option(help="How long it is good.", min=1, max=LONGEST)] = 900,
    stepped_up: Annotated[
        bool, typer.Option("--stepped-up", help="As if the person had just signed in anew.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Print an access token for somebody who is made up."""
    del as_json
    who = Kind(kind.value)
    if who in BOUND:
        raise InputError(
            f"--as {kind}: its tokens are bound to a key: make a client (xiyou clients make)"
            " and ask /oauth/token with a DPoP proof"
        )
    with deployment(home) as ledger:
        if not ledger.settings.is_sandbox:
            raise InputError("this deployment is no sandbox: persons sign in where it says")
        gate, now = Gate(ledger), int(time())
        scopes, at = default_scopes(who), now if stepped_up else None
        grant = Grant(who, subject, CLIENT, scopes, authenticated_at=at, sandbox=True)
        made = write_token(grant, gate.name, gate.keys[0], now, token_urlsafe(16), seconds)
    return Outcome({"ok": True, "access_token": made, "expires_in": seconds}, made)
