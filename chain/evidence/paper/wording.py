"""The parts of a printed page: groups of rows, each named in Chinese and English."""

from dataclasses import dataclass
from typing import Any, TypeAlias

Both: TypeAlias = tuple[str, str]
"""Chinese, and English."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: its name in two languages, and its lines."""

    zh: str
    en: str
    lines: list[str]
    is_digest: bool = False
    """Set in letters of one width."""

    def to_json(self) -> dict[str, Any]:
        """Return it for the press."""
        return {"zh": self.zh, "en": self.en, "lines": self.lines, "digest": self.is_digest}


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under one heading."""

    zh: str
    en: str
    rows: list[Row]

    def to_json(self) -> dict[str, Any]:
        """Return it for the press."""
        return {"zh": self.zh, "en": self.en, "rows": [each.to_json() for each in self.rows]}
