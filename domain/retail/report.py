"""What an import reports: how far it is, and what it recorded in the end.

``features.md``, section 8. ``tests/domain/retail/test_importing.py``.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Progress(NamedTuple):
    """How far the import is."""

    rows: int
    events: int


class Rounding(NamedTuple):
    """A price finer than a penny, and what it was taken for."""

    row: int
    code: str
    text: str
    pence: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an import has recorded."""

    figures: dict[str, int]
    """The control figures by name; amounts in pence."""
    monthly: dict[str, int]
    """Pence by month."""
    events: dict[str, int]
    """Events by type."""
    roundings: list[Rounding] = field(default_factory=list)

    def differences(self, expected: dict[str, int]) -> dict[str, tuple[int, int]]:
        """Return each figure that is not as *expected*: what was expected, what was counted."""
        return {
            name: (value, self.figures[name])
            for name, value in expected.items()
            if self.figures[name] != value
        }
