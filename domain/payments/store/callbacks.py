"""Sends callbacks as a channel does: over HTTP, later, and again until they are taken.

For the sandbox. A callback that is not answered, or answered 5xx, is sent again with the same
nonce, date and signature; one that is refused (4xx) is not. ``tests/api/test_callbacks.py``.
"""

import threading
import time
from collections import deque
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from chain.errors import MalformedError
from domain.payments.callback import HEADERS, Delivery

TIMEOUT: Final = 10.0
ATTEMPTS: Final = 5
PAUSE: Final = 0.2
_FAULT: Final = 500


class CallbackSender:
    """Sends what it is given from a thread of its own, one after the other."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, Delivery]] = deque()
        self._arrived = threading.Condition()
        self._statuses: list[int] = []
        threading.Thread(target=self._run, name="callbacks", daemon=True).start()

    def send(self, receiver: str, delivery: Delivery) -> None:
        """Queue a callback for *receiver*, the URL up to the channel's name.

        Raises:
            MalformedError: the URL is none of this machine.
        """
        parts = urlsplit(receiver)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
            raise MalformedError("receiver: a sandbox calls http://127.0.0.1 alone")
        with self._arrived:
            self._queue.append((receiver, delivery))
            self._arrived.notify()

    def statuses(self) -> list[int]:
        """Return what each callback was answered in the end; 0 where nobody answered."""
        with self._arrived:
            return list(self._statuses)

    def _run(self) -> None:
        while True:
            with self._arrived:
                while not self._queue:
                    self._arrived.wait()
                receiver, delivery = self._queue.popleft()
            status = 0
            for attempt in range(ATTEMPTS):
                status = post(receiver, delivery)
                if 0 < status < _FAULT:
                    break
                time.sleep(PAUSE * 2**attempt)
            with self._arrived:
                self._statuses.append(status)


def post(receiver: str, delivery: Delivery) -> int:
    """Send *delivery* once; return the status of its answer, 0 if there is none."""
    parts = urlsplit(receiver)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    headers = {header: getattr(delivery, name) for name, header in HEADERS.items()}
    try:
        path = f"{parts.path.rstrip('/')}/{delivery.channel}"
        connection.request("POST", path, delivery.body, headers)
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
