"""Lists of stolen keys: keyed fingerprints, never keys (``features.md``, B3).

A list is made elsewhere from raw keys and comes as their fingerprints under the index key of
this platform, exact and folded (`domain.keys.fingerprint`); whoever steals the list has
nothing to sell. ``tests/domain/qualification/test_b3_stolen.py``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol


class Listing(NamedTuple):
    """Where a fingerprint was found."""

    name: str
    """Of the list."""
    version: str


class StolenList(Protocol):
    """What is known to be stolen; `domain.qualification.store.stolen_lists` reads files."""

    def find(self, fingerprint: str) -> Listing | None:
        """Return the list that holds the exact or folded *fingerprint*; None if none does."""


class StolenSet:
    """One list in memory."""

    def __init__(self, name: str, version: str, fingerprints: Iterable[str]) -> None:
        self._listing = Listing(name, version)
        self._held = frozenset(fingerprints)

    def find(self, fingerprint: str) -> Listing | None:
        """See `StolenList.find`."""
        return self._listing if fingerprint in self._held else None


NOTHING_STOLEN: Final = StolenSet("none", "0", ())
"""What is known where nobody has brought a list."""


def find_any(stolen: StolenList, fingerprints: Iterable[str]) -> Listing | None:
    """Return where one of *fingerprints*, those of one raw key, is listed."""
    return next((found for each in fingerprints if (found := stolen.find(each))), None)
