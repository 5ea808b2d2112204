"""The clerk: every state of an Idempotency-Key, and what is answered in it.

    new          the command is performed, and its answer kept
    in flight    `InFlightError`: 409, try again in a second
    finished     the same status and bytes, and ``Idempotency-Replayed: true``
    interrupted  the effect is in the log and its answer is not kept: answered from the log
    spent        the answer is older than 30 days: `KeySpentError`, with the thing's link
    other body   `BodyChangedError`: 422, whatever the state, once there is one

A success is answered from what the log holds of its command and nothing else, so whoever
comes after a crash, the client or the finisher, gives the answer that was due. Proved by
``tests/api/idempotency/test_states.py``.
"""

import json
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from random import SystemRandom
from time import sleep, time
from typing import Any, Final

from fastapi import Response

from api.bootstrap import Deployment
from api.errors import BodyChangedError, KeySpentError, answer_of, is_final
from api.idempotency.answers import Answers
from api.idempotency.claims import Claims
from api.idempotency.key import KeyDigest
from api.idempotency.keyed import KeyedCommand
from api.idempotency.recorded import Recorded, facts_of, read_recorded
from api.idempotency.register import KeyRow, read_rows
from api.problems import MEDIA_TYPE, document
from api.tracing import new_request_id
from domain.command import Command
from domain.errors import CodeRefusedError, ConcurrentChangeError, Refusal
from domain.event import Meta, Role

KEPT_SECONDS: Final = 30 * 24 * 3600
"""For which an answer is given again."""
SHOWN_AGAIN_SECONDS: Final = 600
"""For which what an answer only shows is shown to the same key again."""
TRIES: Final = 5
"""Of a command that others were faster than."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route does, as far as its answer goes: it must follow from the log alone.

    Attributes:
        name: method and path's template; part of what a key belongs to, so it never changes.
        answer: gives the answer's members, or raises the final refusal that was recorded.
        status: of a success.
        link: where the thing that came of it is read; by default its first entry.
    """

    name: str
    answer: Callable[[Recorded], Mapping[str, Any]]
    status: int = 201
    link: Callable[[Recorded], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One writing request: its operation, its key, who asks, and what is compared."""

    operation: Operation
    digest: KeyDigest
    body: bytes
    actor: str
    role: Role
    instance: str
    """Its path."""
    request_id: str
    noted: MutableMapping[str, Any] = field(default_factory=dict)
    """What the request's log line and its measurement should know."""
    source: str = "api"
    """The system that reports it: the API client of a platform, which speaks for others."""


Act = Callable[[Command], object]
Shown = Callable[[Recorded], Mapping[str, Any]]


class Clerk:
    """Performs commands under keys; safe to share between threads.

    Args:
        ledger: to record in; open for as long as the clerk works.
        clock: says what time it is, in Unix seconds.
    """

    def __init__(self, ledger: Deployment, clock: Callable[[], float] = time) -> None:
        self._ledger = ledger
        self._clock = clock
        self._claims = Claims(ledger.database)
        self._answers = Answers(ledger.database)

    def close(self) -> None:
        """Write what is to be written, and let go of every lock."""
        self._answers.close()
        self._claims.close()

    def perform(self, asked: Asked, act: Act, shown: Shown | None = None) -> Response:
        """Answer *asked*: with what *act* does, or with what was answered before.

        Args:
            asked: the request.
            act: calls one use case with the command; may be called again.
            shown: what the answer shows besides and keeps nowhere: secrets. Asked again by
                the same key within ten minutes.

        Raises:
            InFlightError, BodyChangedError, KeySpentError: see the module.
            Refusal: one that is not final; nothing was recorded.
        """
        with self._claims.claim(asked.digest) as row:
            if row is not None:
                return self._answer_again(asked, row, shown, replayed=True)
            begun = KeyRow(asked.digest.value, asked.operation.name, asked.body, int(self._clock()))
            try:
                recorded = self._record(asked, act, begun)
            except (Refusal, CodeRefusedError) as error:
                return self._answer_error(asked, error, begun)
            return self._answer_new(asked, begun, recorded, shown)

    def drive_on(self, row: KeyRow, operation: Operation) -> bool:
        """Give an interrupted key its answer; False if it has one by now.

        Raises:
            InFlightError: somebody is at it.
            Exception: what stood in the way; it is to be tried again.
        """
        digest = KeyDigest(row.digest)
        with self._claims.claim(digest) as now:
            if now is None or now.finished is not None:
                return False
            # The request is gone; nothing of it is in its answer but its path.
            path, request_id = operation.name.split()[1], new_request_id()
            asked = Asked(operation, digest, now.body, "", "staff", path, request_id)
            self._answers.keep(self._finished(asked, now, self._read(asked)))
            return True

    def _record(self, asked: Asked, act: Act, begun: KeyRow) -> Recorded:
        """Let *act* record the command, again while others are faster."""
        name = asked.digest.command_id
        meta = Meta(asked.actor, asked.role, asked.source, "api", name, name)
        for tries_left in reversed(range(TRIES)):
            command = KeyedCommand(meta, self._ledger.vault, secrets.token_bytes, begun.beginning())
            try:
                # Dying in here leaves nothing, or the events with the key's row: interrupted.
                ids = act(command)
            except ConcurrentChangeError:
                if not tries_left:
                    raise
                sleep(SystemRandom().uniform(0.005, 0.05))
            else:
                return facts_of(command, ids) or self._read(asked, replayed=False)
        raise AssertionError("the last try returns or raises")

    def _answer_new(
        self, asked: Asked, row: KeyRow, recorded: Recorded, shown: Shown | None
    ) -> Response:
        """Answer from what was *recorded*, and keep the answer."""
        if recorded.facts:
            asked.noted["log_index"] = recorded.facts[0].index
        if not recorded.replayed:
            asked.noted["recorded"] = [each.type for each in recorded.facts]
        finished = self._finished(asked, row, recorded)
        if finished.is_refusal:
            self._answers.keep(finished)
            return _respond(finished, {}, replayed=recorded.replayed)
        # Dying before it is written leaves the key interrupted: the same answer, later.
        self._answers.keep_soon(finished)
        more = shown(recorded) if shown else {}
        return _respond(finished, more, replayed=recorded.replayed)

    def _answer_again(
        self, asked: Asked, row: KeyRow, shown: Shown | None, *, replayed: bool
    ) -> Response:
        """Answer a key that is known: from what is kept of it, or from the log."""
        if row.body != asked.body:
            raise BodyChangedError
        now = int(self._clock())
        again = shown if now - row.begun <= SHOWN_AGAIN_SECONDS else None
        if row.finished is None:
            return self._answer_new(asked, row, self._read(asked, replayed=replayed), again)
        if row.answer is None or now - row.finished > KEPT_SECONDS:
            raise KeySpentError(row.link)
        more = again(self._read(asked)) if again and not row.is_refusal else {}
        return _respond(row, more, replayed=replayed)

    def _answer_error(self, asked: Asked, error: Exception, begun: KeyRow) -> Response:
        """Answer a command that raised: by its key's effect, with a final word, or not here."""
        with self._ledger.database.connection() as connection:
            row = read_rows(connection, [asked.digest.value]).get(asked.digest.value)
        if row is not None:
            # What was refused is in the log; or the same key was faster elsewhere, and this
            # request has met its effects.
            return self._answer_again(asked, row, None, replayed=isinstance(error, Refusal))
        if not is_final(error):
            raise error
        # Durable before anybody hears it: a late duplicate must hear the same.
        refused = self._refused(asked, begun, error)
        self._answers.keep(refused)
        return _respond(refused, {}, replayed=False)

    def _read(self, asked: Asked, *, replayed: bool = True) -> Recorded:
        return read_recorded(self._ledger, asked.digest.command_id, replayed=replayed)

    def _finished(self, asked: Asked, row: KeyRow, recorded: Recorded) -> KeyRow:
        """Return *row* with the answer that follows from the log, a success or a refusal."""
        operation = asked.operation
        try:
            members = operation.answer(recorded)
        except Exception as error:
            if not is_final(error):
                raise
            return self._refused(asked, row, error)
        return row._replace(
            status=operation.status,
            answer=_spell(members),
            link=(operation.link or _entry)(recorded),
            finished=int(self._clock()),
        )

    def _refused(self, asked: Asked, row: KeyRow, error: Exception) -> KeyRow:
        answer = answer_of(error)
        asked.noted["code"] = answer.code
        said = document(answer, str(error), asked.instance, asked.request_id)
        return row._replace(
            status=int(answer.status), answer=_spell(said), finished=int(self._clock())
        )


def _entry(recorded: Recorded) -> str | None:
    """Return where the first entry of what was recorded is read, if anything was."""
    return f"/v1/log/entries/{recorded.facts[0].index}" if recorded.facts else None


def _spell(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _respond(row: KeyRow, more: Mapping[str, Any], *, replayed: bool) -> Response:
    """Return the answer that *row* keeps, with what is shown besides and never kept."""
    assert row.status is not None  # noqa: S101 — it is finished
    assert row.answer is not None  # noqa: S101 — and not spent
    headers = {"Cache-Control": "no-store"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if row.link and not row.is_refusal:
        headers["Location"] = row.link
    content = _spell({**json.loads(row.answer), **more}) if more else row.answer
    media_type = MEDIA_TYPE if row.is_refusal else "application/json"
    return Response(content, row.status, headers, media_type=media_type)
