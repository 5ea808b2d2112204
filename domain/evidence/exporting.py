"""Use case of evidence: to put on record that a package is issued (``features.md``, J3).

Opening a hidden value takes a basis and two persons, who are both recorded (``evidence.md``,
section 5). ``tests/domain/evidence/test_j3_exported.py``.
"""

from dataclasses import dataclass

from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import ConflictOfInterestError, ReasonMissingError
from domain.evidence.package import EvidenceExported, EvidencePackage


@dataclass(frozen=True, slots=True)
class Approval:
    """By whom and why hidden values are opened."""

    approver: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the record of issuing says of ``bundle.json``."""

    number: str
    sha256: str
    sm3: str
    checkpoint_size: int
    opened: int


def check_approval(actor: str, approval: Approval) -> None:
    """Refuse to open hidden values without a basis and a second person.

    Raises:
        ReasonMissingError: there is no basis, or no second person.
        ConflictOfInterestError: both are one.
    """
    if not approval.basis or not approval.approver:
        raise ReasonMissingError("opening a hidden value needs a basis and a second person")
    if approval.approver == actor:
        raise ConflictOfInterestError(f"{actor}: nobody approves what they open themselves")


class Exporting(Desk):
    """Issues evidence packages."""

    @use_case
    def export_evidence(
        self, command: Command, manifest: Manifest, approval: Approval | None = None
    ) -> None:
        """Record that the package with *manifest* is issued.

        Raises:
            ReasonMissingError: it opens a value, and a basis or second person is missing.
            ConflictOfInterestError: the second person is the first.
            ConcurrentChangeError: the number is taken; nothing was recorded.
        """
        given = approval or Approval()
        if manifest.opened:
            check_approval(command.meta.actor, given)
        package = EvidencePackage(f"{EvidencePackage.PREFIX}{manifest.number}")
        package.happen(
            command,
            EvidenceExported(
                *package.follows(command),
                manifest.number,
                manifest.sha256,
                manifest.sm3,
                manifest.checkpoint_size,
                manifest.opened,
                given.approver if manifest.opened else None,
                given.basis if manifest.opened else None,
            ),
        )
