"""Reading a small JSON document of an identity provider over HTTP.

It ends in good time, reads no more than it was told to, and follows no redirect. Plain http
is for this machine alone. ``tests/api/access/test_asking.py``.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from api.settings import LOOPBACK
from chain.errors import MalformedError
from chain.store.http import UnreachableError, check_url, get

MAX_SIZE: Final = 262_144
OK: Final = 200


def check_provider(url: str) -> None:
    """Check that *url* is one that an identity provider may have.

    Raises:
        MalformedError: it is no URL, or neither https nor on this machine.
    """
    check_url(url)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise MalformedError("url: an identity provider is asked over https")


def fetch_json(url: str, timeout: float) -> dict[str, Any]:
    """Return the JSON object at *url*.

    Raises:
        MalformedError: *url* is none, or what is there is no JSON object.
        UnreachableError: there is no whole good answer within *timeout* seconds.
    """
    check_provider(url)
    reply = get(url, timeout, MAX_SIZE)
    if reply.status != OK:
        raise UnreachableError(f"identity provider: it answers {reply.status}")
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MalformedError("identity provider: what it answers is no JSON object")
    return found
