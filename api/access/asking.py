"""The principal of a request, as whatever reads its credentials has left it there."""

from fastapi import Request

from api.principal import ANONYMOUS, Principal


def principal(request: Request) -> Principal:
    """Return who asks; anonymous where no credential was read."""
    found = getattr(request.state, "principal", ANONYMOUS)
    assert isinstance(found, Principal)  # noqa: S101 — nobody else writes there
    return found
