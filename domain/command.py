"""A command at work: the events and sealed values that it will record, all or none.

Aggregates add their events to it in the order in which they happen, and that is the
order of their leaves; a refusal on the way leaves the command to be thrown away.
"""

from dataclasses import replace
from typing import Any

from chain.sealed import SALT_SIZE
from domain.event import Event, Meta
from domain.sealing import Entropy, SealedRow, Sealer


class Command:
    """What one caller asks for: one id, one transaction.

    Args:
        meta: who asks and how; its command id names this command.
        sealer: keeps secret and personal values.
        entropy: where salts and codes come from.
    """

    __slots__ = ("_entropy", "_sealer", "events", "meta", "sealed")

    def __init__(self, meta: Meta, sealer: Sealer, entropy: Entropy) -> None:
        self.meta = meta
        self.events: list[Event] = []
        self.sealed: list[SealedRow] = []
        self._sealer = sealer
        self._entropy = entropy

    @property
    def id(self) -> str:
        """The id under which the log remembers it."""
        return self.meta.command_id

    def at(self, occurred_at: str) -> None:
        """Say when the events that follow happened, if that is another moment."""
        if occurred_at != self.meta.occurred_at:
            self.meta = replace(self.meta, occurred_at=occurred_at)

    def draw(self, size: int) -> bytes:
        """Return *size* random bytes."""
        return self._entropy(size)

    def seal(self, subject: str, value: Any) -> dict[str, str]:  # noqa: ANN401 — any JSON value
        """Keep *value* under the data key of *subject*; return what stands in the entry."""
        row = self._sealer.seal(subject, value, self._entropy(SALT_SIZE))
        self.sealed.append(row)
        return {"sealed": row.digest.hex()}
