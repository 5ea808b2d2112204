"""The server of ``xiyou serve``: how it stops (``reliability.md``, 7.3).

SIGTERM or SIGINT: readiness goes red, no new connections, requests in hand are finished, and
the server ends; whoever runs it then commits what waits and has it signed. A second signal
means now: connections are cut, and what was committed is committed, for an answer that was
not heard is asked for again with its key. ``tests/scripts/test_stopping.py``.
"""

from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

FINISHING: Final = 20
"""Seconds that requests in hand are given; ending must take less than 30."""


class LedgerServer(uvicorn.Server):
    """Serves one application, and stops in good order."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; asked a second time, stop now."""
        app = self.config.app
        assert isinstance(app, FastAPI)  # noqa: S101 — made by `server_of`
        app.state.readiness.stopping = True
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)


def server_of(app: FastAPI, host: str, port: int) -> LedgerServer:
    """Return the server of *app*, which logs as the process does and not by itself."""
    return LedgerServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=FINISHING,
        )
    )
