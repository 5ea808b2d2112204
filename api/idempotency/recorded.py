"""What a command has recorded, as an answer needs it: from the command, or from the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.bootstrap import Deployment
from chain.canonical import parse
from domain.command import Command


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

    def one(self, kind: str) -> Fact:
        """Return the first fact of one type, which an answer rests on.

        Raises:
            AssertionError: there is none: the route and its use case do not fit together.
        """
        found = self.of(kind)
        if not found:
            raise AssertionError(f"command {self.command_id}: recorded no {kind}")
        return found[0]

    def receipt(self) -> dict[str, Any]:
        """Return where in the log it stands, for the answer."""
        indexes = [each.index for each in self.facts]
        return {
            "command_id": self.command_id,
            "index": indexes[0],
            "indexes": [indexes[0], indexes[-1]],
        }


def facts_of(command: Command, ids: object) -> Recorded | None:
    """Return what *command* has just recorded; None if only the log can say.

    Args:
        command: as its use case leaves it.
        ids: what the use case returned: its notification ids, or anything else.
    """
    if not isinstance(ids, Sequence) or not command.events or len(ids) != len(command.events):
        return None
    if not all(type(each) is int for each in ids):
        return None
    facts = [
        Fact(index - 1, each.originator_id, each.TOPIC, _data(each.body()))
        for index, each in zip(ids, command.events, strict=True)
    ]
    return Recorded(command.id, facts, replayed=False)


def read_recorded(ledger: Deployment, command_id: str, *, replayed: bool) -> Recorded:
    """Return what the log has of a command; without facts if it has nothing."""
    ids = ledger.trade.find_receipt(command_id)
    if ids is None:
        return Recorded(command_id, [], replayed)
    stored = ledger.trade.recorder.select_notifications(ids[0], len(ids), stop=ids[-1])
    facts = [
        Fact(each.id - 1, str(each.originator_id), each.topic, _data(each.state)) for each in stored
    ]
    return Recorded(command_id, facts, replayed)


def _data(body: bytes) -> Mapping[str, Any]:
    members = parse(body)
    data = members.get("data") if isinstance(members, dict) else None
    return data if isinstance(data, dict) else {}
