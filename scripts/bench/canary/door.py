"""The HTTP door, asked with all canaries in all the wrong places: no answer repeats any.

Walks the OpenAPI document, so that a route that is added is asked, too: secrets in the path,
in the query, in headers, in members and in names of members, in bodies that are none. Nothing
of it can succeed: a body has a member too many. ``tests/scripts/bench/test_canaries.py``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from secrets import token_hex
from typing import Any, Final
from urllib.parse import quote, urlsplit

METHODS: Final = ("get", "post", "put", "patch", "delete")
HEADERS: Final = (
    *("User-Agent", "Cookie", "X-Request-Id", "tracestate", "baggage", "Last-Event-ID"),
    *("If-None-Match", "X-Xiyou-Key", "X-Xiyou-Signature", "X-Xiyou-Connection", "Referer"),
)
ALONE: Final = ("Authorization", "DPoP", "Idempotency-Key", "Xiyou-Version", "traceparent")
"""Headers for which a request is refused before its other ones are looked at."""
TOO_MANY: Final = "note"


@dataclass
class Door:
    """Asks one server, and keeps what it answered.

    Attributes:
        base: the server's URL.
        tokens: a credential of each kind of principal.
        own: things of the consumer's, by their names in paths.
        said: every answer but those that may show a secret.
        statuses: how often each was answered.
        kinds: of principals that ask wrongly.
    """

    base: str
    tokens: Mapping[str, str]
    own: dict[str, str] = field(default_factory=dict)
    said: bytearray = field(default_factory=bytearray)
    statuses: dict[int, int] = field(default_factory=dict)
    kinds: Sequence[str] = ()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        kind: str | None = None,
        shows: bool = False,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Return status and body of an answer; *shows*: it may hold a secret, so nobody looks."""
        parts = urlsplit(self.base)
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if kind is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens[kind]}")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request(method.upper(), path, data, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if not shows:
            self.said += str(answer.headers).encode() + content
        return answer.status, content

    def walk(self, document: Mapping[str, Any], canaries: list[str], kinds: Sequence[str]) -> int:
        """Ask every operation of *document* in every wrong way; return how many there are.

        Args:
            document: OpenAPI.
            canaries: put everywhere.
            kinds: of the principals that ask.
        """
        self.kinds = kinds
        operations = 0
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    operations += 1
                    self._ask_wrongly(document, path, method, item[method], canaries)
        return operations

    def _ask_wrongly(
        self,
        document: Mapping[str, Any],
        path: str,
        method: str,
        operation: Mapping[str, Any],
        canaries: list[str],
    ) -> None:
        every = ".".join(canaries)
        named = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        filled = path
        while "{" in filled:
            before, _, behind = filled.partition("{")
            filled = before + quote(every, safe="") + behind.partition("}")[2]
        query = "&".join(f"{name}={quote(every)}" for name in (*named, TOO_MANY))
        bodies: list[object] = (
            [None] if method == "get" else list(_bodies(document, operation, canaries))
        )
        own = path
        for name, text in self.own.items():
            own = own.replace(f"{{{name}}}", text)
        # A right path lets a body be read; a GET of what is one's own may show a secret.
        wrong = own if method != "get" and own != path else filled
        for kind in self.kinds:
            self.ask(method, filled, bodies[0], kind=kind, Idempotency_Key=token_hex(12))
            for body in bodies:
                self.ask(method, wrong, body, kind=kind, Idempotency_Key=token_hex(12))
        rest: dict[str, Any] = dict.fromkeys((each.replace("-", "_") for each in HEADERS), every)
        first = self.kinds[0]
        self.ask(method, f"{path}?{query}", bodies[0], kind=first, Idempotency_Key=token_hex(12))
        self.ask(method, path, bodies[0], kind=first, **rest)
        for name in ALONE:
            one: dict[str, Any] = {name.replace("-", "_"): every}
            self.ask(method, path, bodies[0], kind=first, **one)


def _bodies(
    document: Mapping[str, Any], operation: Mapping[str, Any], canaries: list[str]
) -> Iterator[object]:
    """Give bodies none of which is what *operation* takes."""
    every = ".".join(canaries)
    content = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = next((each.get("schema", {}) for each in content.values()), {})
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    members = schema.get("properties", {})
    yield dict.fromkeys(members, every) | {TOO_MANY: canaries}
    yield dict.fromkeys(members, canaries) | {TOO_MANY: {"deep": canaries}}
    yield dict.fromkeys(canaries, 1)
    yield f'{{"{canaries[0]}": 1, "{canaries[0]}": 2}}'.encode()
    yield every
    yield canaries
    yield b'{"code": "' + every.encode()
    yield every.encode("utf-16")
