"""Invariant I3: what a batch brought is somewhere (``reliability.md``, I3).

Per batch: imported = available + reserved + delivered + voided + quarantined + returned.
The left side is what the batch's own stream says at its end; the right side follows from the
streams of the keys, by their table of transitions. A pure fold over the log.
``tests/domain/keys/test_i3_conservation.py``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from domain.aggregate import NEW
from domain.catalogue.batch import ProductImportFinished, ProductImportLineRejected
from domain.event import Event
from domain.keys.events import KeyImported
from domain.keys.key import KEY_TABLE

Place = Literal["available", "reserved", "delivered", "voided", "quarantined", "returned"]

PLACES: Final[Mapping[str, Place]] = {
    "imported": "available",
    "sealed": "available",
    "listed": "available",
    "reserved": "reserved",
    "sold": "delivered",
    "vouchered": "delivered",
    "activated": "delivered",
    "confirmed": "delivered",
    "released": "delivered",
    "voided": "voided",
    "quarantined": "quarantined",
    "returned": "returned",
}
"""Where a key is that is in a state of ``KEY_TABLE``."""


@dataclass(slots=True)
class BatchBalance:
    """One batch's keys, by where they are."""

    batch: str
    accepted: int | None = None
    """As its end says; None while it is open."""
    rejected: int | None = None
    lines_rejected: int = 0
    """Counted one by one."""
    imported: int = 0
    """Keys that name the batch."""
    places: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(PLACES.values(), 0))

    @property
    def is_balanced(self) -> bool:
        """Whether all that must be equal is; an open batch has said nothing yet."""
        whole = sum(self.places.values()) == self.imported
        if self.accepted is None:
            return whole
        return whole and self.accepted == self.imported and self.rejected == self.lines_rejected


class Conservation:
    """The fold: `take` every event of the log in its order, then look at `batches`."""

    def __init__(self) -> None:
        self.batches: dict[str, BatchBalance] = {}
        self._keys: dict[str, tuple[BatchBalance, str]] = {}

    def take(self, event: Event) -> None:
        """Count *event*."""
        if isinstance(event, ProductImportLineRejected):
            self._batch(event.originator_id).lines_rejected += 1
        elif isinstance(event, ProductImportFinished):
            batch = self._batch(event.originator_id)
            batch.accepted, batch.rejected = event.accepted, event.rejected
        elif isinstance(event, KeyImported) and event.batch is not None:
            batch = self._batch(event.batch)
            batch.imported += 1
            self._move(event.originator_id, batch, None, "imported")
        elif event.originator_id in self._keys and event.TOPIC in KEY_TABLE:
            batch, state = self._keys[event.originator_id]
            self._move(event.originator_id, batch, state, KEY_TABLE[event.TOPIC].get(state, NEW))

    def unbalanced(self) -> list[BatchBalance]:
        """Return the batches of which something is missing or too much."""
        return [each for each in self.batches.values() if not each.is_balanced]

    def _batch(self, name: str) -> BatchBalance:
        return self.batches.setdefault(name, BatchBalance(name))

    def _move(self, key: str, batch: BatchBalance, before: str | None, after: str) -> None:
        self._keys[key] = batch, after
        if before is not None and before in PLACES:
            batch.places[PLACES[before]] -= 1
        if after in PLACES:
            batch.places[PLACES[after]] += 1


def balances(events: Iterable[Event]) -> Conservation:
    """Return the fold over *events*, all of the log in its order."""
    fold = Conservation()
    for each in events:
        fold.take(each)
    return fold
