"""The end of an exchange over HTTP that takes too long, however slowly it goes on.

``tests/chain/store/test_http.py``, ``tests/domain/outside/test_client.py``.
"""

import socket
from contextlib import suppress
from http.client import HTTPConnection
from threading import Timer
from typing import Self


class Deadline:
    """Ends an exchange that takes too long; a socket's own limit starts anew with every byte.

    A context manager around one exchange.

    Args:
        connection: that it goes over; closed at the end.
        seconds: for all of it.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self.over = False
        self._connection = connection
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()

    def watch(self, connected: socket.socket | None) -> None:
        """Hold on to the socket, which the connection lets go when the answer begins."""
        self._socket = connected

    def _end(self) -> None:
        self.over = True
        for each in (self._socket, self._connection.sock):
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
