"""The client that asks an outside party over HTTP, and knows when to stop asking.

Every attempt is signed with a date and nonce of its own; all attempts at one question carry
one idempotency key, so that a question whose answer was lost is answered once more, not
carried out once more. An attempt ends in good time even if the party sends a byte now and
then. What is tried again: no connection, no answer in time, 429 and 5xx. What is not: an
answer that cannot be believed, and any other status. Bodies are canonical JSON objects.
Proved by ``tests/domain/outside/test_client.py`` against the sandbox's process.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError, VerificationError
from chain.store.deadline import Deadline
from domain.outside import signing
from domain.outside.circuit import Circuit
from domain.outside.party import (
    PartyDownError,
    PartyRefusedError,
    PartyRestingError,
    PartySlowError,
    UntrustedAnswerError,
)

MAX_ANSWER_SIZE: Final = 65_536
_OK, _TOO_MANY, _FAULT = 200, 429, 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a party is, who we are to it, and the secret we share."""

    url: str
    client: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a party is asked. Seconds."""

    timeout: float = 5.0
    """Of one attempt, from connecting to the answer's last byte."""
    attempts: int = 3
    pause: float = 0.2
    """Before the second attempt; twice that before the third, and so on, less up to half."""


class SignedClient:
    """Asks one party. Threads may share it.

    Args:
        endpoint: the party.
        patience: when to give up.
        circuit: when not to ask at all; share none between parties.
        random_bytes: a cryptographic source of nonces.
        wall: the time of day, for the date that is signed.
        monotonic: a clock that never goes back, for the circuit.
        sleep: waits.

    Raises:
        MalformedError: the endpoint's URL is no http or https URL of a host.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        patience: Patience = Patience(),
        circuit: Circuit | None = None,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(endpoint.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise MalformedError("url: write http://host:port or https://host")
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._endpoint = endpoint
        self._patience = patience
        self._circuit = circuit or Circuit()
        self._random_bytes = random_bytes
        self._wall = wall
        self._monotonic = monotonic
        self._sleep = sleep

    def ask(self, path: str, question: Mapping[str, object], key: str) -> dict[str, Any]:
        """Return the party's answer to *question*.

        Args:
            path: of the question, under the endpoint's.
            question: a canonical JSON object.
            key: the idempotency key: the same for the same question, also after a crash.

        Raises:
            PartyError: there is no answer that can be used; its `cause` says why.
            MalformedError: *question* or *key* has no canonical spelling.
        """
        body = to_bytes(dict(question))
        failure: PartyDownError | PartySlowError | None = None
        for attempt in range(self._patience.attempts):
            if attempt:
                self._sleep(self._pause(attempt))
            if not self._circuit.allows(self._monotonic()):
                raise failure or PartyRestingError(f"{path}: failed too often; not asked")
            try:
                answer = self._attempt(f"{self._prefix}{path}", body, key)
            except (PartyDownError, PartySlowError) as error:
                self._circuit.failed(self._monotonic())
                failure = error
            except UntrustedAnswerError:
                self._circuit.failed(self._monotonic())
                raise
            except PartyRefusedError:
                self._circuit.succeeded()
                raise
            else:
                self._circuit.succeeded()
                return answer
        raise failure or PartyDownError(f"{path}: never asked")

    def _pause(self, attempt: int) -> float:
        # Not all who wait come back at the same moment.
        jitter = 0.5 + self._random_bytes(1)[0] / 510
        return float(self._patience.pause * 2 ** (attempt - 1) * jitter)

    def _attempt(self, path: str, body: bytes, key: str) -> dict[str, Any]:
        nonce = self._random_bytes(16).hex()
        date = f"{datetime.fromtimestamp(self._wall(), UTC):%Y-%m-%dT%H:%M:%SZ}"
        question = signing.Question("POST", path, date, nonce, key, body)
        headers = {
            "Content-Type": "application/json",
            "Connection": "close",
            signing.CLIENT: self._endpoint.client,
            signing.DATE: date,
            signing.NONCE: nonce,
            signing.IDEMPOTENCY: key,
            signing.SIGNATURE: question.sign(self._endpoint.secret),
        }
        status, signature, content = self._exchange(path, body, headers)
        if status == _TOO_MANY or status >= _FAULT:
            raise PartyDownError(f"{path}: answered {status}")
        if status != _OK:
            raise PartyRefusedError(f"{path}: answered {status}")
        try:
            secret = self._endpoint.secret
            signing.verify_answer(status, nonce, content, signature, secret)
            answer = parse(content)
        except (VerificationError, MalformedError) as error:
            raise UntrustedAnswerError(f"{path}: {error}") from None
        if not isinstance(answer, dict):
            raise UntrustedAnswerError(f"{path}: the answer is no object")
        return answer

    def _exchange(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str, bytes]:
        """Send and receive; return status, signature and body."""
        timeout = self._patience.timeout
        connection = self._connection(self._host, self._port, timeout=timeout)
        with Deadline(connection, timeout) as deadline:
            try:
                connection.request("POST", path, body, dict(headers))
                deadline.watch(connection.sock)
                with connection.getresponse() as response:
                    content = response.read(MAX_ANSWER_SIZE + 1)
                    signature = response.getheader(signing.SIGNATURE) or ""
                    status = response.status
            except (OSError, HTTPException) as error:
                if deadline.over or isinstance(error, TimeoutError):
                    raise PartySlowError(f"{path}: no answer within {timeout} s") from None
                raise PartyDownError(f"{path}: {type(error).__name__}") from None
        if deadline.over:
            raise PartySlowError(f"{path}: no whole answer within {timeout} s")
        if len(content) > MAX_ANSWER_SIZE:
            raise UntrustedAnswerError(f"{path}: the answer is longer than {MAX_ANSWER_SIZE} bytes")
        return status, signature, content
