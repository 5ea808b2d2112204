"""The private file of our connections to payment channels: ``keys/channels.json`` of a home.

Canonical JSON and a line's end, readable by its owner alone:

    {"connections":[{"account":"…","channel":"paylink","connection":"main",
      "endpoint":{"client":"…","secret":"<64 hex>","url":"https://…"},
      "keys":[{"algorithm":"hmac-sha256","id":"k1","key":"<64 hex>"}]}]}

``endpoint`` is where the channel is asked, and the secret that our questions are signed with;
without it a connection only listens. ``key`` is the shared secret of ``hmac-sha256``, or the
public key of ``ed25519``. A connection may have two keys while one takes the other's place.
Without the file there is no connection, and every callback is refused.
``tests/domain/payments/test_connections.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from chain.store.files import MissingFileError, read_private, write_private
from domain.outside.store.client import Endpoint, Patience
from domain.payload import Digest, Pattern, payload_fields, read_object
from domain.payments.channel import (
    NAME_PATTERN,
    Algorithm,
    CallbackKey,
    Channel,
    Connection,
    Connections,
    Route,
    connections_of,
)
from domain.payments.store.http_channel import HttpChannel

FILE: Final = "keys/channels.json"
MAX_KEYS: Final = 2

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class _Key:
    id: Annotated[str, Pattern(NAME_PATTERN)]
    algorithm: Algorithm
    key: Digest


@dataclass(frozen=True, slots=True)
class _Endpoint:
    url: Annotated[str, Pattern("https?://[!-~]{1,200}")]
    client: Annotated[str, Pattern("[!-~]{1,64}")]
    secret: Digest


@dataclass(frozen=True, slots=True)
class _Row:
    channel: Annotated[str, Pattern(NAME_PATTERN)]
    connection: Annotated[str, Pattern(NAME_PATTERN)]
    account: Annotated[str, Pattern("[A-Za-z0-9_-]{1,64}")]
    keys: tuple[_Key, ...]
    endpoint: _Endpoint | None = None

    @property
    def route(self) -> Route:
        return Route(self.channel, self.connection)


@dataclass(frozen=True, slots=True)
class _File:
    connections: tuple[_Row, ...]


_FIELDS: Final = payload_fields(_File)


def read_connections(home: Path) -> Connections:
    """Return the connections of a deployment; none where it has no such file.

    Raises:
        VerificationError: others may read the file.
        MalformedError: it is not what the module's text says; no key is shown.
    """
    return _read(home, lambda rows: connections_of(_connection(each) for each in rows), {})


def read_channels(home: Path, patience: Patience | None = None) -> Mapping[Route, Channel]:
    """Return a client of each connection that can be asked.

    Raises:
        VerificationError: others may read the file.
        MalformedError: it is not what the module's text says; no key is shown.
    """

    def clients(rows: tuple[_Row, ...]) -> Mapping[Route, Channel]:
        connections_of(_connection(each) for each in rows)
        return {
            each.route: HttpChannel.at(each.route, _endpoint(each.endpoint), patience)
            for each in rows
            if each.endpoint is not None
        }

    return _read(home, clients, {})


def _read(home: Path, make: Callable[[tuple[_Row, ...]], A], nothing: A) -> A:
    try:
        content = read_private(home / FILE)
    except MissingFileError:
        return nothing
    try:
        found = _File(**read_object(_FIELDS, parse(content.removesuffix(b"\n"))))
        return make(found.connections)
    except MalformedError:
        # The fault's own words could quote a secret.
        raise MalformedError(
            f"{home / FILE}: not a file of connections: write it anew as its format says"
        ) from None


def write_connections(
    home: Path, connections: Connections, endpoints: Mapping[Route, Endpoint] | None = None
) -> None:
    """Write the file of *connections* and of where they are asked; what it held is gone."""
    rows: list[dict[str, Any]] = [
        {
            "channel": route.channel,
            "connection": route.connection,
            "account": each.account,
            "keys": [
                {"id": key.id, "algorithm": key.algorithm, "key": key.material.hex()}
                for key in each.keys
            ],
        }
        for route, each in connections.items()
    ]
    for row in rows:
        endpoint = (endpoints or {}).get(Route(row["channel"], row["connection"]))
        if endpoint is not None:
            secret = endpoint.secret.hex()
            row["endpoint"] = {"url": endpoint.url, "client": endpoint.client, "secret": secret}
    path = home / FILE
    path.unlink(missing_ok=True)
    write_private(path, to_bytes({"connections": rows}) + b"\n")


def _connection(row: _Row) -> Connection:
    if not 0 < len(row.keys) <= MAX_KEYS:
        raise MalformedError(f"{row.channel}/{row.connection}: one key, or two")
    keys = tuple(CallbackKey(each.id, each.algorithm, bytes.fromhex(each.key)) for each in row.keys)
    return Connection(row.route, row.account, keys)


def _endpoint(found: _Endpoint) -> Endpoint:
    return Endpoint(found.url, found.client, bytes.fromhex(found.secret))
