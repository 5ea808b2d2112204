"""``xiyou serve``: the HTTP door of one deployment, on this machine unless told otherwise.

Publishes beside what it records. ``tests/scripts/test_serve.py``.
"""

import signal
from contextlib import ExitStack
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome
from scripts.publish import PublisherProcess

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    home: Home = None,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8_000,
    publish: Annotated[bool, typer.Option(help="Publish beside, in a process of its own.")] = True,
    as_json: Json = False,
) -> Outcome:
    """Serve the log, goods and orders over HTTP until stopped.

    Who may do what is in docs/authorization.md. Without XIYOU_PUBLIC_URL it is a sandbox that
    believes the tokens of `xiyou token`: keep that on this machine.
    """
    del as_json
    with ExitStack() as running:
        ledger = running.enter_context(deployment(home))
        # Made before the first request, not by many of them at once.
        ledger.prepare()
        if publish:
            publisher = running.enter_context(PublisherProcess(ledger.home))
            running.callback(publisher.finish)
        config = uvicorn.Config(
            create_app(ledger), host=host, port=port, log_level="warning", access_log=False
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server takes the signal, ends in good order, and then raises it anew for
            # whoever held it before: that is us, and there is still something to close.
            signal.signal(number, lambda *_: None)
        uvicorn.Server(config).run()
    return Outcome({"ok": True, "host": host, "port": port}, "stopped")
