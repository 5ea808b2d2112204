"""What one request is called: its own id, made here, and the trace that it is part of."""

import secrets
from time import time

from starlette.requests import HTTPConnection

from domain.identifiers import RANDOM_BITS, make


def new_request_id() -> str:
    """Return the id of a request that begins now."""
    return make("req", int(time() * 1000), secrets.randbits(RANDOM_BITS))


def request_id_of(request: HTTPConnection) -> str:
    """Return the request's id; made now, where nothing has made one before."""
    found = getattr(request.state, "request_id", None)
    if not isinstance(found, str):
        found = request.state.request_id = new_request_id()
    return found
