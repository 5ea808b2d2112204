"""Who asks: the principal that a request carries."""

from fastapi import Request

from api.principal import ANONYMOUS, Principal


def principal(request: Request) -> Principal:
    """Return who asks, as whoever authenticated the request has put it there."""
    found = getattr(request.state, "principal", ANONYMOUS)
    return found if isinstance(found, Principal) else ANONYMOUS
