"""A writing request as a command: once, whatever is lost on the way.

The Idempotency-Key is the command's id, so the log itself knows whether a request was
served: asking again gets what was recorded, after a crash and for ever
(``reliability.md``, 5.1, as far as a slice without principals goes). Nothing is answered
before the commit. Proved by ``tests/api/test_orders.py``.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Annotated, Any

from fastapi import Header

from api.bootstrap import Deployment
from api.errors import BodyChangedError, KeyMissingError
from chain.canonical import parse
from domain.command import Command
from domain.errors import Refusal
from domain.event import Meta, Role
from domain.identifiers import RANDOM_BITS, make

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="16 to 128 printable ASCII characters without space, new for each command.",
    ),
]

_KEY = re.compile(r"(?!policy/)[!-~]{16,128}")
"""Those of the platform's own policies begin with ``policy/``: nobody else may take them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One recorded event, as an answer needs it."""

    index: int
    stream: str
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a command has written, now or when it first came."""

    command_id: str
    facts: Sequence[Fact]
    replayed: bool

    def of(self, kind: str) -> list[Fact]:
        """Return the facts of one type."""
        return [each for each in self.facts if each.type == kind]

    def receipt(self) -> dict[str, Any]:
        """Return where in the log it stands, for the answer."""
        indexes = [each.index for each in self.facts]
        return {
            "command_id": self.command_id,
            "index": indexes[0],
            "indexes": [indexes[0], indexes[-1]],
        }

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {"Idempotency-Replayed": "true"} if self.replayed else {}


def this_moment(later: int = 0) -> str:
    """Return the time of day, or so many seconds later, RFC 3339 in UTC.

    It is what a request's rights are held against.
    """
    return f"{datetime.fromtimestamp(time() + later, UTC):%Y-%m-%dT%H:%M:%SZ}"


def new_id(prefix: str) -> str:
    """Return a new identifier of this moment."""
    return make(prefix, int(time() * 1000), secrets.randbits(RANDOM_BITS))


def perform(
    ledger: Deployment,
    key: str | None,
    who: tuple[str, Role],
    act: Callable[[Command], object],
    same: Callable[[Recorded], bool],
) -> Recorded:
    """Let *act* record a command under *key*, or return what it recorded before.

    Args:
        ledger: to record in.
        key: the request's Idempotency-Key.
        who: the actor and its role.
        act: calls one use case with the command.
        same: says whether what was recorded under the key is what is asked for now.

    Raises:
        KeyMissingError: *key* is missing, or no command's id.
        BodyChangedError: the key was used for something else.
        Refusal: a rule of the business; nothing was recorded.
    """
    if key is None or not _KEY.fullmatch(key):
        raise KeyMissingError(
            "Idempotency-Key: send 16 to 128 printable ASCII characters, no space"
        )
    found = _recorded(ledger, key, replayed=True)
    if found is None:
        meta = Meta(*who, source="api", channel="api", command_id=key, correlation_id=key)
        try:
            act(Command(meta, ledger.vault, secrets.token_bytes))
        except Refusal:
            # A request with the same key may have been faster, and this one met its effects.
            found = _recorded(ledger, key, replayed=True)
            if found is None:
                raise
        else:
            found = _recorded(ledger, key, replayed=False)
    if found is None:
        raise AssertionError(f"command {key}: committed, and not in the log")
    if found.replayed and not same(found):
        raise BodyChangedError(f"Idempotency-Key {key}: was used for another request")
    return found


def _recorded(ledger: Deployment, key: str, *, replayed: bool) -> Recorded | None:
    """Return what the log has of command *key*, None if nothing."""
    ids = ledger.trade.find_receipt(key)
    if ids is None:
        return None
    stored = ledger.trade.recorder.select_notifications(ids[0], len(ids), stop=ids[-1])
    facts = [
        Fact(each.id - 1, str(each.originator_id), each.topic, _data(each.state)) for each in stored
    ]
    return Recorded(key, facts, replayed)


def _data(body: bytes) -> Mapping[str, Any]:
    members = parse(body)
    data = members.get("data") if isinstance(members, dict) else None
    return data if isinstance(data, dict) else {}
