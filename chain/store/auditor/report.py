"""What an audit answers."""

from collections.abc import Callable
from dataclasses import dataclass

from chain.audit import Finding
from chain.hashes import TreeHash

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The verdict on one log."""

    size: int
    """Entries that the audit was to read."""

    root: TreeHash
    """Root hash of the entries that it could read."""

    findings: tuple[Finding, ...]
    """What is wrong, the first leaf index first; empty if nothing is."""

    erased: int = 0
    """Sealed values that are gone as the log says they must be: they read "erased"."""

    @property
    def first(self) -> Finding | None:
        """The first thing that is wrong, None if nothing is."""
        return self.findings[0] if self.findings else None
