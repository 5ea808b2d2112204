"""How often one principal may ask: a bucket each, by kind; the anonymous one an address.

A bucket holds a minute's requests and fills again at that rate. It is this process's own: two
processes let pass twice as much, which keeps off floods and is no accounting. The one module
that knows the syntax of the headers, still a draft (draft-ietf-httpapi-ratelimit-headers-10).
``tests/api/test_limits.py``.
"""

from collections.abc import Callable, Mapping
from math import ceil
from threading import Lock
from time import monotonic
from typing import Final, NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.asking import principal
from api.errors import RateLimitedError
from api.principal import Kind, Principal
from api.problems import problem_of

WINDOW: Final = 60
"""Seconds."""
QUOTAS: Final[Mapping[Kind, int]] = {
    Kind.ANONYMOUS: 300,
    Kind.CONSUMER: 600,
    Kind.MERCHANT: 6_000,
    Kind.PLATFORM_CLIENT: 60_000,
    Kind.AUDITOR: 6_000,
    Kind.ARBITRATOR: 1_200,
    Kind.REGULATOR: 60_000,
    Kind.OPERATOR: 6_000,
}
"""Requests in a window, of one principal."""
TIGHT: Final[Mapping[str, int]] = {
    "/v1/verifications": 20,
    "/v1/evidence/verifications": 20,
}
"""Requests in a window where each is costly, by the beginning of the path, for the anonymous."""
FREE: Final = ("/livez", "/readyz", "/startupz", "/metrics")
MAX_BUCKETS: Final = 100_000


class Standing(NamedTuple):
    """How a bucket stands after a request."""

    policy: str
    quota: int
    remaining: int
    seconds: int
    """Until there is more."""
    passed: bool


class Limits:
    """All buckets; safe to share between threads.

    Args:
        factor: of every quota.
        clock: seconds that only go forward.
    """

    def __init__(self, factor: float = 1.0, clock: Callable[[], float] = monotonic) -> None:
        self._factor = factor
        self._clock = clock
        self._lock = Lock()
        self._full_at: dict[str, float] = {}
        """By bucket: when it is full again. One that is full needs no memory."""

    def take(self, who: Principal, address: str, path: str) -> Standing:
        """Take one request of *who* out of its bucket, if there is one left."""
        policy, quota, bucket = who.kind.value, QUOTAS[who.kind], f"{who.subject}\n{who.client}"
        if who.kind is Kind.ANONYMOUS:
            bucket = address
            tight = next((each for each in TIGHT if path.startswith(each)), None)
            if tight is not None:
                policy, quota = f"anonymous{tight.replace('/', '-')}", TIGHT[tight]
        quota = max(1, int(quota * self._factor))
        each = WINDOW / quota
        now = self._clock()
        with self._lock:
            self._forget(now)
            full_at = max(now, self._full_at.get(f"{policy}\n{bucket}", now))
            passed = full_at + each <= now + WINDOW + 1e-9
            if passed:
                full_at += each
                self._full_at[f"{policy}\n{bucket}"] = full_at
        remaining = max(0, int((now + WINDOW - full_at) / each + 1e-9))
        wait = max(0.0, full_at + each - WINDOW - now)
        return Standing(policy, quota, remaining, ceil(wait - 1e-9), passed)

    def _forget(self, now: float) -> None:
        if len(self._full_at) >= MAX_BUCKETS:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
            if len(self._full_at) >= MAX_BUCKETS:
                # A flood from very many addresses: whoever has used the least is forgotten.
                kept = sorted(self._full_at.items(), key=lambda each: each[1])[MAX_BUCKETS // 2 :]
                self._full_at = dict(kept)


class RateLimits:
    """Refuses who asks too often, and tells everybody how it stands: a middleware.

    Args:
        app: what is behind it.
        limits: the buckets.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer 429."""
        if scope["type"] != "http" or scope["path"] in FREE:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        who = principal(request)
        address = request.client.host if request.client else ""
        standing = self._limits.take(who, address, scope["path"])

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                mark(MutableHeaders(scope=message), standing)
            await send(message)

        if standing.passed:
            await self._app(scope, receive, send_marked)
        else:
            refused = problem_of(request, RateLimitedError(max(1, standing.seconds)))
            await refused(scope, receive, send_marked)


def mark(headers: MutableHeaders, standing: Standing) -> None:
    """Say in *headers* how the bucket stands."""
    name = standing.policy
    headers["RateLimit-Policy"] = f'"{name}";q={standing.quota};w={WINDOW}'
    headers["RateLimit"] = f'"{name}";r={standing.remaining};t={standing.seconds}'
