"""Sends one webhook: resolves its host once and connects to that very address (T11).

Follows no redirect, reads little of the answer, and ends within 15 seconds.
``tests/domain/webhooks/test_t11_inward_urls.py``.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Final

from chain.store.deadline import Deadline
from domain.webhooks.address import InwardAddressError, Target, check_address, parse_target

TIME_LIMIT: Final = 15.0
"""Seconds from connecting to the answer's last byte."""
MAX_ANSWER: Final = 4_096

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of *host*.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Sender:
    """Sends messages.

    Args:
        sandbox: plain http and this machine are allowed.
        resolve: the addresses of a host.
        time_limit: seconds, a message.
        context: what a receiver's certificate is checked with.
    """

    def __init__(
        self,
        *,
        sandbox: bool = False,
        resolve: Resolve = resolve,
        time_limit: float = TIME_LIMIT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._resolve = resolve
        self._time_limit = time_limit
        self._context = context or ssl.create_default_context()

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> int | None:
        """Send *body* to *url*; return the answer's status, None if there is none in time.

        Raises:
            InwardAddressError: *url* leads inward, now; nothing was connected to.
            MalformedError: it is no URL of an endpoint.
        """
        target = parse_target(url, sandbox=self._sandbox)
        try:
            address = self._address(target)
        except OSError:
            return None
        connection = _Pinned(target, address, self._time_limit, self._context)
        with Deadline(connection, self._time_limit) as deadline:
            try:
                connection.request("POST", target.path, body, dict(headers))
                deadline.watch(connection.sock)
                with connection.getresponse() as response:
                    response.read(MAX_ANSWER)
                    return None if deadline.over else response.status
            except (OSError, HTTPException, ValueError):
                return None

    def _address(self, target: Target) -> str:
        addresses = self._resolve(target.host, target.port)
        # All of them, so that a name with one public address does not carry an inward one.
        for each in addresses:
            check_address(each, sandbox=self._sandbox)
        if not addresses:
            raise InwardAddressError("url: its host has no address")
        return addresses[0]


class _Pinned(HTTPConnection):
    """A connection to one address, in the name of a host."""

    def __init__(
        self, target: Target, address: str, timeout: float, context: ssl.SSLContext
    ) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self._target = target
        self._address = address
        self._tls = context

    def connect(self) -> None:
        """Connect to the address that was checked; the name is not resolved again."""
        plain = socket.create_connection((self._address, self._target.port), self.timeout)
        if self._target.scheme == "https":
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._target.host)
        else:
            self.sock = plain
