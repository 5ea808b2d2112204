"""An action: one call of one use case, with who calls and when, and whether it succeeds.

``tests/domain/market/test_marketplace.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.application import Trade
from domain.command import Command
from domain.entropy import KeyedEntropy
from domain.errors import Refusal
from domain.event import Meta, Role
from domain.market.dice import seed_secret
from domain.sealing import Sealer


class UnexpectedOutcomeError(AssertionError):
    """The trade took what it should have refused: a rule of the business is broken."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody does."""

    use_case: str
    """The method of `Trade`."""
    arguments: Mapping[str, Any]
    at: int
    """Unix seconds of the market's own time."""
    actor: str
    role: Role
    channel: str
    command_id: str
    correlation_id: str
    seed: int
    refused: tuple[type[Refusal], ...] = field(default=())
    """The refusals of which one is expected; none where the action succeeds."""

    def perform(self, trade: Trade, sealer: Sealer) -> None:
        """Do it.

        Raises:
            Refusal: it was refused, and should not have been.
            UnexpectedOutcomeError: it should have been refused.
        """
        meta = Meta(
            actor=self.actor,
            role=self.role,
            source="synthetic",
            channel=self.channel,
            command_id=self.command_id,
            correlation_id=self.correlation_id,
            occurred_at=moment(self.at),
        )
        entropy = KeyedEntropy(seed_secret(self.seed), self.command_id)
        command = Command(meta, sealer, entropy)
        try:
            getattr(trade, self.use_case)(command, **self.arguments)
        except self.refused:
            return
        if self.refused:
            raise UnexpectedOutcomeError(f"{self.command_id}: {self.use_case} was not refused")


def moment(seconds: int) -> str:
    """Return Unix *seconds* as RFC 3339, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}Z"
