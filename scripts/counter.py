"""A sandbox's payment counter beside ``xiyou serve --sandbox``, and ``xiyou pay`` to pay there.

What a deployment without a payment contract is tried with: a channel ``paylink`` that collects
nothing, in a process of its own that ends with the server. A payment that it takes is marked
``sandbox`` in the log. ``tests/test_readme.py``.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.bootstrap import Deployment
from chain.canonical import parse
from chain.store.files import MissingFileError, read_private
from domain.outside.signing import SECRET_SIZE
from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.payments.channel import CallbackKey, Connection, Route, connections_of
from domain.payments.payment import Payment
from domain.payments.sandbox import CONNECT, PAY
from domain.payments.store.connections import FILE, write_connections
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.sandbox import CLIENT, SandboxProcess

app = typer.Typer(rich_markup_mode=None, add_completion=False)

ROUTE: Final = Route("paylink", "main")
ACCOUNT: Final = "sandbox"
KEY: Final = "k1"
LOOPBACK: Final = "http://127.0.0.1:"


@app.command()
def pay(
    payment: Annotated[str, typer.Argument(help="pay_…, as the answer to its initiation has it.")],
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Sandbox: pay a payment as its buyer would; the channel then calls the API back."""
    del as_json
    with deployment(home) as ledger:
        way = ledger.trade.load(Payment, payment).way
        endpoint = _endpoints(ledger.home).get(way) if way is not None else None
    if way is None or endpoint is None:
        raise InputError(f"PAYMENT {payment}: no sandbox collects it: run xiyou serve --sandbox")
    asked = {"channel": way.channel, "connection": way.connection, "payment": payment}
    # Paid twice by mistake is paid once: the key is the payment's own.
    answer = SignedClient(endpoint, Patience()).ask(PAY, asked, f"{payment}/paid")
    facts = {"ok": True, "payment": payment, "transaction": answer["transaction"], "sandbox": True}
    return Outcome(facts, f"{payment} is paid, as {answer['transaction']}: no money has moved")


@contextmanager
def sandbox_counter(ledger: Deployment, port: int) -> Iterator[None]:
    """Play a payment channel that calls the API at *port* back; `xiyou work` delivers.

    Raises:
        InputError: the deployment is no sandbox, or has a payment contract of its own.
    """
    if not ledger.settings.is_sandbox:
        raise InputError("--sandbox: this deployment is open to the world (XIYOU_PUBLIC_URL)")
    _check_none_is_real(ledger.home)
    with SandboxProcess() as sandbox:
        secret = secrets.token_bytes(SECRET_SIZE)
        asked = {
            "channel": ROUTE.channel,
            "connection": ROUTE.connection,
            "account": ACCOUNT,
            "receiver": f"{LOOPBACK}{port}/v1/callbacks",
            "key": KEY,
            "algorithm": "hmac-sha256",
            "secret": secret.hex(),
        }
        SignedClient(sandbox.endpoint, Patience()).ask(CONNECT, asked, "connect")
        key = CallbackKey(KEY, "hmac-sha256", secret)
        connections = connections_of([Connection(ROUTE, ACCOUNT, (key,))])
        # A crash leaves a file that names a channel which is gone: the next start writes anew.
        write_connections(ledger.home, connections, {ROUTE: sandbox.endpoint})
        yield


def _check_none_is_real(home: Path) -> None:
    found = _endpoints(home)
    if any(
        each is None or not each.url.startswith(LOOPBACK) or each.client != CLIENT
        for each in found.values()
    ):
        raise InputError(
            f"{home / FILE}: connects a payment channel: a sandbox is tried in another home"
        )


def _endpoints(home: Path) -> dict[Route, Endpoint | None]:
    """Return where each connection of *home* is asked."""
    try:
        content = read_private(home / FILE)
    except MissingFileError:
        return {}
    file: Any = parse(content.removesuffix(b"\n"))
    found: dict[Route, Endpoint | None] = {}
    for row in file["connections"]:
        at = row.get("endpoint")
        endpoint = Endpoint(at["url"], at["client"], bytes.fromhex(at["secret"])) if at else None
        found[Route(row["channel"], row["connection"])] = endpoint
    return found
