"""``xiyou serve``: the HTTP door of one deployment, on this machine unless told otherwise.

Beside it publish and work what a deployment needs, each in a process of its own and each to be
left out: signing; and views, the stream index, webhooks, policies and timers. It logs JSON
lines on standard output, and stops in good order.
``tests/scripts/test_serve.py``, ``tests/scripts/test_stopping.py``.
"""

import logging
import os
import signal
from contextlib import ExitStack
from typing import Annotated

import typer
from prometheus_client import start_http_server

from api import logs
from api.app import create_app
from api.bootstrap import Deployment
from api.metrics import Metrics
from scripts.beside import Beside
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Exit, Outcome
from scripts.publish import PublisherProcess
from scripts.serving import server_of
from scripts.work import Arbitrators, Without, chosen

app = typer.Typer(rich_markup_mode=None, add_completion=False)
logger = logging.getLogger("xiyou.serve")

METRICS_HOST = "127.0.0.1"


@app.command()
def serve(  # noqa: PLR0913 — each is an option of the command
    home: Home = None,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8_000,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Play a payment channel beside.")
    ] = False,
    publish: Annotated[bool, typer.Option(help="Publish beside, in a process of its own.")] = True,
    without: Without = None,
    arbitrator: Arbitrators = None,
    as_json: Json = False,
) -> Outcome:
    """Serve the log, goods and orders over HTTP until stopped.

    SIGTERM or Ctrl-C: requests in hand are finished, and what was recorded is committed and
    signed. A second one means now.

    Who may do what is in docs/authorization.md. Without XIYOU_PUBLIC_URL it is a sandbox that
    believes the tokens of `xiyou token`: keep that on this machine.
    """
    del as_json
    chosen(without)  # a wrong name is found before anything is started
    with ExitStack() as running:
        ledger = running.enter_context(deployment(home))
        if sandbox:
            # What it plays is slow to import, and few play.
            from scripts.counter import sandbox_counter  # noqa: PLC0415 — see above

            running.enter_context(sandbox_counter(ledger, port))
        # Made before the first request, not by many of them at once.
        ledger.prepare()
        if publish:
            publisher = running.enter_context(PublisherProcess(ledger.home))
            # Entered after the ledger, so it signs what is there before the database goes.
            running.callback(publisher.finish)
        if chosen(without):
            worker = running.enter_context(Beside(*_work_words(ledger, without, arbitrator)))
            # Entered after the publisher, so what it records at its end is signed as well.
            running.callback(worker.finish)
        served = create_app(ledger)
        logs.configure()
        if ledger.settings.metrics_port is not None:
            _show_metrics(running, served.state.metrics, ledger.settings.metrics_port)
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server takes the signal, ends in good order, and then raises it anew for
            # whoever held it before: that is us, and there is still something to close.
            signal.signal(number, lambda *_: None)
        logger.info("serving")
        server = server_of(served, host, port)
        server.run()
        if server.force_exit:
            _end_now()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end_now)
        logger.info("stopping")
    logger.info("stopped")
    return Outcome({"ok": True, "host": host, "port": port}, "stopped")


def _work_words(
    ledger: Deployment, without: list[str] | None, arbitrators: list[str] | None
) -> list[object]:
    words: list[object] = ["work", "--home", ledger.home]
    for option, values in (("--without", without), ("--arbitrator", arbitrators)):
        for value in values or ():
            words += [option, value]
    return words


def _end_now(*_: object) -> None:
    # What is committed is committed; the publisher ends when our pipe to it closes. Dying
    # here is like being killed: an answer that was not heard is asked for again.
    logger.warning("stopped_at_once")
    os._exit(Exit.STOPPED)


def _show_metrics(running: ExitStack, metrics: Metrics, port: int) -> None:
    server, thread = start_http_server(port, METRICS_HOST, metrics.registry)
    running.callback(thread.join)
    running.callback(server.shutdown)
