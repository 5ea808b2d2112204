"""One HTTP exchange with somebody outside who may be slow, silent or hostile.

It ends in good time even if the other side sends a byte now and then, reads no more than it
was told to, and follows no redirect. Proved by ``tests/chain/store/test_http.py``.
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from chain.errors import ChainError, MalformedError
from chain.store.deadline import Deadline

MAX_REPLY_SIZE: Final = 65_536


class UnreachableError(ChainError):
    """There is no answer: no connection, none in time, or none that is HTTP."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    content_type: str
    body: bytes


def check_url(url: str) -> None:
    """Check that *url* is one that `post` can be given.

    Raises:
        MalformedError: it is no http or https URL of a host, or holds a password.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and not parts.username and not parts.fragment and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or any(c <= " " for c in url):
        raise MalformedError("url: write http://host:port/path or https://host/path")


def post(url: str, body: bytes, content_type: str, timeout: float) -> Reply:
    """Send *body* to *url* and return the reply, whatever its status.

    Args:
        url: checked by `check_url`.
        body: what is sent.
        content_type: of *body*.
        timeout: seconds from connecting to the reply's last byte.

    Raises:
        MalformedError: *url* is none.
        UnreachableError: there is no reply, or it is longer than `MAX_REPLY_SIZE`.
    """
    headers = {"Content-Type": content_type}
    return _exchange("POST", url, body, headers, timeout, MAX_REPLY_SIZE)


def get(url: str, timeout: float, most: int) -> Reply:
    """Return what is at *url*, whatever the status; *most* bytes at most.

    Raises:
        MalformedError: *url* is none.
        UnreachableError: there is no reply, or it is longer.
    """
    return _exchange("GET", url, None, {}, timeout, most)


def _exchange(
    method: str, url: str, body: bytes | None, headers: dict[str, str], timeout: float, most: int
) -> Reply:
    check_url(url)
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with Deadline(connection, timeout) as deadline:
        try:
            connection.request(method, path, body, {**headers, "Connection": "close"})
            deadline.watch(connection.sock)
            with connection.getresponse() as response:
                content = response.read(most + 1)
                reply = Reply(response.status, response.getheader("Content-Type") or "", content)
        except (OSError, HTTPException, ValueError) as error:
            if deadline.over or isinstance(error, TimeoutError):
                raise UnreachableError(f"no answer within {timeout:g} s") from None
            raise UnreachableError(f"no answer ({type(error).__name__})") from None
    if deadline.over:
        raise UnreachableError(f"no whole answer within {timeout:g} s")
    if len(content) > most:
        raise UnreachableError(f"an answer longer than {most} bytes")
    return reply
