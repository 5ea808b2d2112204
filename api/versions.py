"""Which behaviour of ``/v1`` a client gets: a date, asked for and told by ``Xiyou-Version``.

``/v1`` grows only by addition. A change in behaviour gets a date in `KNOWN`; a client that
asks for an older one gets what it was then, and the route looks at ``request.state.version``.
Without the header it is the newest. What will go is named in `ENDING`, at least 180 days
ahead, and then answers with ``Deprecation`` and ``Sunset``. ``tests/api/test_versions.py``.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Final, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import VersionUnknownError
from api.problems import problem_of

KNOWN: Final = ("2026-11-24",)
"""The oldest first."""
NOTICE_DAYS: Final = 180


class Ending(NamedTuple):
    """A path that will go."""

    deprecated: datetime
    sunset: datetime


ENDING: Final[Mapping[str, Ending]] = {}
"""By the beginning of the path."""


class Versions:
    """Reads and tells the version: a middleware.

    Args:
        app: what is behind it.
        ending: what will go.
    """

    def __init__(self, app: ASGIApp, ending: Mapping[str, Ending] = ENDING) -> None:
        for path, each in ending.items():
            if (each.sunset - each.deprecated).days < NOTICE_DAYS:
                raise ValueError(f"{path}: {NOTICE_DAYS} days lie between notice and end")
        self._app = app
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its version, or refuse one that there never was."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("xiyou-version") or KNOWN[-1]
        version = asked if asked in KNOWN else KNOWN[-1]
        scope.setdefault("state", {})["version"] = version
        ending = next((each for path, each in self._ending.items() if _is(scope, path)), None)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Xiyou-Version"] = version
                if ending is not None:
                    headers["Deprecation"] = f"@{int(ending.deprecated.timestamp())}"
                    headers["Sunset"] = format_datetime(ending.sunset, usegmt=True)
            await send(message)

        if asked == version:
            await self._app(scope, receive, send_marked)
        else:
            error = VersionUnknownError(f"Xiyou-Version: must be one of {', '.join(KNOWN)}")
            await problem_of(Request(scope), error)(scope, receive, send_marked)


def _is(scope: Scope, path: str) -> bool:
    return str(scope["path"]).startswith(path)
