"""Use case of time stamps: to put on record which token was received (``features.md``, F6).

``tests/domain/evidence/test_f6_anchored.py``.
"""

from dataclasses import astuple, dataclass

from domain.command import Command
from domain.credit.register import Register
from domain.desk import use_case
from domain.evidence.anchor import Anchor, EvidenceAnchored


@dataclass(frozen=True, slots=True)
class Token:
    """What the record of a time stamp says; see `EvidenceAnchored`."""

    checkpoint_size: int
    checkpoint_sha256: str
    token_sha256: str
    authority: str
    stamped_at: str
    sandbox: bool | None = None


class Anchoring(Register):
    """Puts time stamps on record."""

    def is_anchored(self, size: int) -> bool:
        """Say whether the stamp of the checkpoint of *size* is on record."""
        return self.kept(Anchor, f"{size:012d}").version > 0

    @use_case
    def anchor_checkpoint(self, command: Command, token: Token) -> None:
        """Record the *token* that was received for a checkpoint.

        Raises:
            IllegalTransitionError: one is on record for it.
        """
        anchor = self.kept(Anchor, f"{token.checkpoint_size:012d}")
        anchor.happen(command, EvidenceAnchored(*anchor.follows(command), *astuple(token)))
