"""``xiyou webhooks``: register endpoints, rotate their keys, and call them until stopped.

``docs/webhooks.md``. Proved by ``tests/api/test_f19_receiver_down.py``.
"""

import sys
import threading
from datetime import UTC, datetime
from typing import Annotated, Final

import psycopg
import typer

from api.bootstrap import Deployment
from api.commands import new_id
from chain.store.files import exclusive
from domain.event import Meta
from domain.webhooks.address import parse_target
from domain.webhooks.store.outbox import Endpoint
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.stopping import on_signal

app = typer.Typer(
    help="Tell endpoints of what happens to their owners.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
LONGEST_WAIT: Final = 5.0
"""Seconds between two looks for news."""


@app.command()
def add(
    owner: Annotated[str, typer.Argument(help="The merchant or client whose events are told.")],
    url: Annotated[str, typer.Argument(help="https://host/path of the endpoint.")],
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events of this type; give it once for each."),
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Register an endpoint; print the keys that it verifies with."""
    del as_json
    types = tuple(kind or ())
    with deployment(home) as ledger:
        parse_target(url, sandbox=ledger.settings.webhook_sandbox)
        webhook = new_id("whk")
        meta = Meta("operator", "staff", "cli", "cli", f"webhook/{webhook}", f"webhook/{webhook}")
        command = ledger.command(meta)
        ledger.trade.register_webhook(command, webhook, owner, url, types)
        # A crash before this line: it is on record and not called; register it once more.
        ledger.outbox.add(webhook, owner, url, types)
        return _shown(ledger, webhook)


@app.command()
def rotate(
    webhook: Annotated[str, typer.Argument(help="Id of the endpoint: whk_….")],
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Give an endpoint new keys; for a day both old and new sign."""
    del as_json
    with deployment(home) as ledger:
        _find(ledger, webhook)
        ledger.outbox.rotate(webhook, datetime.now(UTC))
        return _shown(ledger, webhook)


@app.command("list")
def list_(home: Home = None, *, as_json: Json = False) -> Outcome:
    """List the endpoints."""
    del as_json
    with deployment(home) as ledger:
        found = ledger.outbox.endpoints()
    lines = [f"{each.id}  {each.subject:<30} {each.state:<4} {host_of(each)}" for each in found]
    rows = [
        {"id": each.id, "owner": each.subject, "state": each.state, "host": host_of(each)}
        for each in found
    ]
    return Outcome({"ok": True, "webhooks": rows}, "\n".join(lines) or "there is none")


@app.command()
def run(
    home: Home = None,
    *,
    once: Annotated[bool, typer.Option(help="Send what is due by now, and end.")] = False,
    as_json: Json = False,
) -> Outcome:
    """Send what is due, until stopped; what was not taken is sent again by its schedule."""
    del as_json
    stop = threading.Event()
    on_signal(stop)
    taken = 0
    with deployment(home) as ledger, exclusive(ledger.home / "webhooks.lock", "sending webhooks"):
        while True:
            now = datetime.now(UTC)
            try:
                ledger.outbox.fill(now)
                taken += ledger.outbox.step(now)
                due = ledger.outbox.next_due()
            except psycopg.OperationalError as error:
                if once:
                    raise
                print(f"tries again: {error}", file=sys.stderr, flush=True)  # noqa: T201 — progress
                due = None
            if once or stop.is_set():
                break
            wait = LONGEST_WAIT if due is None else (due - datetime.now(UTC)).total_seconds()
            stop.wait(min(max(wait, 0.2), LONGEST_WAIT))
    return Outcome({"ok": True, "taken": taken}, f"{taken} messages were taken")


def host_of(endpoint: Endpoint) -> str:
    """Return the endpoint's host; its path may hold a secret."""
    return parse_target(endpoint.url, sandbox=True).host


def _find(ledger: Deployment, webhook: str) -> Endpoint:
    for each in ledger.outbox.endpoints():
        if each.id == webhook:
            return each
    raise InputError(f"WEBHOOK {webhook}: there is no such endpoint: xiyou webhooks list")


def _shown(ledger: Deployment, webhook: str) -> Outcome:
    endpoint = _find(ledger, webhook)
    keys = [each.spelt() for each in ledger.outbox.keys(endpoint, datetime.now(UTC))]
    facts = {"ok": True, "webhook": webhook, "owner": endpoint.subject, "keys": keys}
    words = f"{webhook}\nverify with one of these (whpk_ needs no secrecy; whsec_ does):\n"
    return Outcome(facts, words + "\n".join(f"  {each}" for each in keys))
