"""A command at work: events, sealed values and register rows, recorded all or none.

Aggregates add their events to it in the order in which they happen, and that is the
order of their leaves; a refusal on the way leaves the command to be thrown away.
"""

from dataclasses import replace
from typing import Any

from chain.register import RegisterRow
from chain.sealed import SALT_SIZE, parse_reference, unseal
from domain.errors import Refusal
from domain.event import Event, Meta
from domain.sealing import Entropy, SealedRow, Sealer


class Command:
    """What one caller asks for: one id, one transaction.

    Args:
        meta: who asks and how; its command id names this command.
        sealer: keeps secret and personal values.
        entropy: where salts and codes come from.
    """

    __slots__ = ("_entropy", "_sealer", "beside", "events", "meta", "refusals", "sealed")

    def __init__(self, meta: Meta, sealer: Sealer, entropy: Entropy) -> None:
        self.meta = meta
        self.events: list[Event] = []
        self.sealed: list[SealedRow] = []
        self.beside: list[RegisterRow] = []
        self.refusals: dict[str, Refusal] = {}
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

    def unseal(self, reference: object) -> Any:  # noqa: ANN401 — any JSON value
        """Return the value that an entry refers to, opened where this command seals.

        Raises:
            MalformedError: *reference* is none.
            VerificationError: what is kept is not what the entry commits to.
        """
        digest = parse_reference(reference)
        return unseal(self._sealer.open(digest).content, digest)

    def tag(self, kind: str, *parts: str) -> str:
        """Return what stands for *parts* where they must not stand in clear."""
        return self._sealer.tag(kind, *parts)

    def tags(self, kind: str, *parts: str) -> list[str]:
        """Return every tag that may stand for *parts*."""
        return self._sealer.tags(kind, *parts)

    def anew(self) -> "Command":
        """Return the same command with nothing in it, to decide again."""
        return Command(self.meta, self._sealer, self._entropy)

    def begin_anew(self) -> None:
        """Forget all that has happened in it: it is decided once more."""
        for each in (self.events, self.sealed, self.beside):
            each.clear()
        self.refusals.clear()

    def keep(self, row: RegisterRow, refusal: Refusal | None = None) -> None:
        """Write *row* of a register together with the events.

        Args:
            row: what becomes of it.
            refusal: what the caller hears if the register does not take the row.
        """
        self.beside.append(row)
        if refusal is not None:
            self.refusals[row.register.name] = refusal
