"""``xiyou sandbox``: outside parties, played on this machine over HTTP.

For tests, the demo, and whoever writes a client of his own. Nothing that it says is true, and
every event that rests on it says ``sandbox``. ``tests/scripts/test_sandbox.py``.
"""

import os
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from json import dumps
from typing import Annotated, Self

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
    said = dumps({"ok": True, "port": port}) if as_json else port
    print(said, flush=True)  # noqa: T201 — the answer that a starter waits for
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with suppress(KeyboardInterrupt):
        while sys.stdin.readline():
            pass
    server.shutdown()
    server.server_close()
    return Outcome()


class SandboxProcess:
    """A sandbox in a process of its own, which ends when we do. A context manager."""

    def __init__(self) -> None:
        secret = secrets.token_bytes(SECRET_SIZE)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts", "sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("a pipe was asked for")
        self._process.stdin.write(f"{secret.hex()}\n")
        self._process.stdin.flush()
        port = self._process.stdout.readline().strip()
        if not port:
            self._process.kill()
            raise ChildProcessError("the sandbox has not started: run xiyou sandbox to see why")
        self.endpoint = Endpoint(f"http://127.0.0.1:{port}", CLIENT, secret)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and wait for its end: from then on nobody answers."""
        self._process.kill()
        self._process.communicate()
