"""Asking a real server over a real socket, with the standard library alone."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any, Protocol

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.asking import Asker, Asking
from api.access.matrix import default_scopes
from api.access.proof import token_hash
from api.access.signed import Key, sign
from api.access.token import Grant, write_token
from api.principal import Kind, Principal
from domain.identifiers import derive

CLIENT = derive("cli", 0, "tests")


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        members = json.loads(self.body)
        assert isinstance(members, dict)
        return members


@dataclass(frozen=True)
class Client:
    """Asks one server."""

    base: str
    sign: Callable[[object], Mapping[str, str]] = field(default=lambda _: {})
    """Returns the headers by which it shows who asks, from the body."""

    def bearing(self, **headers: str) -> "Client":
        """Return a client of the same server that always sends *headers*, and no others."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.base, lambda _: named)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        asked = {**self.sign(None), **(headers or {})}
        return _send(urllib.request.Request(self.base + path, headers=asked))

    def post(self, path: str, body: object, key: str | None = None) -> Reply:
        headers = {"Content-Type": "application/json", **self.sign(body)}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method="POST")
        return _send(request)


def signing(app: FastAPI) -> Callable[[object], Mapping[str, str]]:
    """Sign as whoever the body names: its buyer, its merchant, or else an auditor."""
    gate = getattr(app.state, "gate", None)

    def credential(body: object) -> Mapping[str, str]:
        if gate is None:
            return {}
        named = body if isinstance(body, dict) else {}
        if isinstance(body, bytes):
            with suppress(ValueError):
                named = json.loads(body)
        who = (Kind.AUDITOR, "staff-7") if body is None else (Kind.CONSUMER, derive("usr", 0, "me"))
        if "merchant" in named:
            who = (Kind.MERCHANT, str(named["merchant"]))
        if "buyer" in named:
            who = (Kind.CONSUMER, str(named["buyer"]))
        return {"Authorization": f"Bearer {token_of(gate, *who)}"}

    return credential


class Issuing(Protocol):
    """Whoever issues tokens: a gate, or what has its name and keys."""

    @property
    def name(self) -> str: ...
    @property
    def keys(self) -> Sequence[Key]: ...


def token_of(
    gate: Issuing,
    kind: Kind,
    subject: str,
    *,
    client: str = CLIENT,
    scopes: frozenset[str] | None = None,
    bound_to: str | None = None,
    authenticated_at: int | None = None,
    named: str | None = None,
    methods: tuple[str, ...] = (),
) -> str:
    """Return a token as our own issuer gives it."""
    granted = default_scopes(kind) if scopes is None else scopes
    grant = Grant(kind, subject, client, granted, "", bound_to, authenticated_at, methods=methods)
    now = int(time.time())
    return write_token(grant, gate.name, gate.keys[0], now, named or token_hex(8))


class Knowing(Asker):
    """Knows who asks without a look at what was sent."""

    def __init__(self, who: Callable[[], Principal]) -> None:
        self._who = who

    def identify(self, asking: Asking, now: int) -> Principal:
        """Return whoever the test says, with every scope of its kind."""
        del asking, now
        who = self._who()
        return replace(who, scopes=who.scopes | default_scopes(who.kind))


class Named:
    """Gives every request a credential, so that it is asked who sent it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            MutableHeaders(scope=scope)["Authorization"] = "Bearer whoever-the-test-says"
        await self._app(scope, receive, send)


def known(app: FastAPI, who: Callable[[], Principal]) -> FastAPI:
    """Let every request to *app* come from *who*, for the limits, the guard and the routes.

    Only the reading of a token is left out (``tests/api/access/test_asking.py`` has it): what
    that kind of principal may do is still asked of the matrix.
    """
    app.state.gate.__dict__["asker"] = Knowing(who)
    app.add_middleware(Named)
    return app


def proof_of(key: Key, method: str, url: str, token: str | None = None, **changes: object) -> str:
    """Return a proof of possession, with whatever claims a test wants otherwise."""
    header = {"typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    claims = {"jti": token_hex(8), "htm": method, "htu": url, "iat": int(time.time())}
    if token is not None:
        claims["ath"] = token_hash(token)
    return sign(header, claims | changes, key)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def serving(app: FastAPI) -> Iterator[Client]:
    """Serve *app* in a thread of this process."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.01)
        yield Client(f"http://127.0.0.1:{port}", signing(app))
    finally:
        server.should_exit = True
        thread.join(20)


def _send(request: urllib.request.Request) -> Reply:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read())
