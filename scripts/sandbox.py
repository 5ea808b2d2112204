"""``xiyou sandbox``: outside parties, played on this machine over HTTP.

For tests, the demo, and whoever writes a client of his own. Nothing that it says is true, and
every event that rests on it says ``sandbox``. ``tests/scripts/test_sandbox.py``.
"""

import secrets
import sys
from json import dumps
from typing import Annotated

import typer

from api.commands import this_moment
from domain.identity.sandbox import Sandbox
from domain.identity.store.http_parties import answers_of
from domain.outside.signing import SECRET_SIZE
from domain.outside.store.client import Endpoint
from domain.outside.store.sandbox import SandboxServer
from domain.payments.sandbox import SandboxChannels
from domain.payments.store.callbacks import CallbackSender
from domain.qualification.sandbox import SandboxOperator
from domain.qualification.store.http_operator import operator_answers
from scripts.companion import Companion, serve_while_told
from scripts.options import Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

CLIENT = "xiyou"


@app.command()
def sandbox(
    *,
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 0,
    as_json: Json = False,
) -> Outcome:
    """Play identity source, face comparison, card reader, bank, game operator, payment channels.

    Ends with its input. Reads the secret that it shares with its client, 64 hexadecimal
    digits, from the first line of its input; says its port on the first line of its output;
    listens on this machine alone.
    """
    try:
        secret = bytes.fromhex(sys.stdin.readline())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_SIZE:
        raise InputError(f"input: send {2 * SECRET_SIZE} hexadecimal digits and a line's end")
    sender = CallbackSender()
    channels = SandboxChannels(sender.send, this_moment, secrets.token_bytes, sender.statuses)
    answers = {
        **answers_of(Sandbox()),
        **operator_answers(SandboxOperator()),
        **channels.answers(),
    }
    server = SandboxServer(answers, secret, port)
    port = server.server_port
    serve_while_told(server, dumps({"ok": True, "port": port}) if as_json else port)
    return Outcome()


class SandboxProcess(Companion):
    """A sandbox in a process of its own, which ends when we do. A context manager."""

    def __init__(self) -> None:
        secret = secrets.token_bytes(SECRET_SIZE)
        super().__init__("sandbox", first=secret.hex())
        self.endpoint = Endpoint(f"http://127.0.0.1:{self.port}", CLIENT, secret)
