"""``xiyou clients``: make, list and revoke the clients of the API (I1).

A client shows itself by a key that it has made and keeps; its public half is given here as a
JWK. ``--secret`` makes a secret instead, which is shown once, for sandboxes. A client that
sees more than its own affairs takes an ``--approver`` who is not the one that makes it.
``tests/scripts/test_clients.py``.
"""

import json
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.access.issuing import credential_of
from api.access.matrix import default_scopes
from api.access.signed import read_public_key
from api.access.store.credentials import Credentials, digest_of
from api.bootstrap import Deployment
from api.commands import new_id
from api.principal import Kind
from domain.clients.administration import Credential, Registration
from domain.clients.events import PRINCIPAL_KINDS
from domain.command import Command
from domain.event import Meta
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


class ClientKind(StrEnum):
    """Of which kind a client may be: all but the anonymous."""

    CONSUMER = "consumer"
    MERCHANT = "merchant"
    PLATFORM_CLIENT = "platform_client"
    AUDITOR = "auditor"
    ARBITRATOR = "arbitrator"
    REGULATOR = "regulator"
    OPERATOR = "operator"


@app.command()
def make(  # noqa: PLR0913 — each is an option of the command
    kind: Annotated[ClientKind, typer.Argument(help="What it is: a column of the matrix.")],
    home: Home = None,
    *,
    name: Annotated[str, typer.Option(help="What people call it.")] = "a client",
    subject: Annotated[
        str | None, typer.Option(help="Whom it speaks for, such as M-LAN; default: itself.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File of its public key, a JWK.", dir_okay=False)
    ] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Sandbox: make a secret.")] = False,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may ask for at the most; may be repeated.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who makes it.")] = "operator",
    approver: Annotated[str | None, typer.Option(help="The second person.")] = None,
    as_json: Json = False,
) -> Outcome:
    """Make a client with its first key, and record that."""
    del as_json
    if subject is None and kind is not ClientKind.PLATFORM_CLIENT:
        raise InputError(f"--subject: say whom a client of kind {kind} speaks for")
    scopes = tuple(scope or ())
    _check_scopes(kind, scopes)
    with deployment(home) as ledger:
        shown, credential = _credential(ledger, key, secret=secret)
        client = new_id("cli")
        who = PRINCIPAL_KINDS[kind.value]
        registration = Registration(name, who, subject or client, scopes, approver)
        ledger.trade.register_client(_command(ledger, by), client, registration, credential)
    facts = {"ok": True, "client": client, "key": credential.key}
    words = f"{client} is made; its key is {credential.key}"
    if shown is not None:
        # The one place where it is seen: what is kept of it is a digest.
        facts["secret"] = shown
        words += f"\nIts secret, shown this once: {shown}"
    return Outcome(facts, words)


@app.command("list")
def list_clients(home: Home = None, *, as_json: Json = False) -> Outcome:
    """List the clients and their keys."""
    del as_json
    with deployment(home) as ledger:
        found = Credentials(ledger.database).all_keys()
    items = [
        {
            "client": each.client,
            "kind": each.kind,
            "subject": each.subject,
            "key": each.key,
            "method": each.method,
            "revoked": each.revoked,
        }
        for each in found
    ]
    lines = [
        f"{each.client}  {each.kind:<15} {each.subject:<30} {each.key[:12]}…"
        f" {each.method}{'  revoked' if each.revoked else ''}"
        for each in found
    ]
    return Outcome({"ok": True, "keys": items}, "\n".join(lines) or "there are no clients")


@app.command()
def revoke(
    client: Annotated[str, typer.Argument(help="cli_…")],
    home: Home = None,
    *,
    key: Annotated[list[str] | None, typer.Option(help="Which keys; default: all.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "revoked by an operator",
    by: Annotated[str, typer.Option(help="Who does it.")] = "operator",
    as_json: Json = False,
) -> Outcome:
    """Revoke a client's keys, and within a second every token that was got with them."""
    del as_json
    with deployment(home) as ledger:
        ledger.trade.revoke_client_keys(_command(ledger, by), client, key or [], reason)
    return Outcome({"ok": True, "client": client}, f"{client}: revoked")


def _credential(
    ledger: Deployment, key: Path | None, *, secret: bool
) -> tuple[str | None, Credential]:
    if secret == (key is not None):
        raise InputError("--key or --secret: say which of them the client shows itself by")
    if key is not None:
        try:
            return None, credential_of(read_public_key(json.loads(key.read_bytes())))
        except ValueError:
            raise InputError(f"{key}: no JSON: write the public key as a JWK") from None
    if not ledger.settings.is_sandbox:
        raise InputError("--secret: is for sandboxes; give the client's public key with --key")
    shown = secrets.token_urlsafe(32)
    name = secrets.token_urlsafe(32)
    return shown, Credential(name, "client_secret", secret=digest_of(shown))


def _check_scopes(kind: ClientKind, scopes: tuple[str, ...]) -> None:
    known = default_scopes(Kind(kind.value))
    wrong = [each for each in scopes if ":" not in each and each not in known]
    if wrong:
        raise InputError(
            f"--scope {wrong[0]}: one of {', '.join(sorted(known))}, topic:…, merchant:…"
        )


def _command(ledger: Deployment, by: str) -> Command:
    name = f"clients/{secrets.token_hex(16)}"
    return ledger.command(Meta(by, "staff", "xiyou", "cli", name, name))
