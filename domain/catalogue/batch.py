"""A batch of goods: what a merchant uploads at once, line by line (``features.md``, G1, E5).

Accepted and rejected lines add up to the lines read. A rejected line leaves its number
and the reason, never the raw key. ``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, event, unchanged, upcaster
from domain.payload import Count, Digest, KeyId, MerchantId, ProductId, Units

BATCH_TABLE: Table = {
    "product.import_started": {NEW: "open"},
    "product.import_line_rejected": {"open": "open"},
    "key.duplicate_detected": {"open": "open"},
    "product.import_finished": {"open": "finished"},
}

LineFault = Literal[
    "empty",
    "malformed",
    "duplicate",
    "bad_units",
    "too_long",
    "not_utf8",
    "not_printable",
    "voided",
    "not_sealed",
]
"""``voided``: the raw key was in stock and is dead; ``not_sealed``: its ciphertext did not open."""


@event("product.import_started", schema=2)
class ProductImportStarted(Event):
    """A merchant began to upload keys of a product."""

    merchant: MerchantId
    product: ProductId
    units: Units | None = None
    """Of each key."""
    chunk: Units | None = None
    """Lines of which one command each is made; absent where all is one command."""
    content: Digest | None = None
    """Keyed digest of the file; going on with another file is refused."""
    index_key: str | None = None
    """Id of the key of that digest."""
    reviewers: tuple[str, ...] | None = None
    """Two of staff, who allow raw keys that are dead to come back."""

    def _apply(self, batch: "Batch") -> None:
        batch.merchant, batch.product = self.merchant, self.product


@event("product.import_line_rejected", schema=2)
class ProductImportLineRejected(Event):
    """A line was refused; nothing of it was stored."""

    line: Units
    fault: LineFault

    def _apply(self, batch: "Batch") -> None:
        batch.rejected += 1


@event("key.duplicate_detected")
class KeyDuplicateDetected(Event):
    """A line held a raw key that is in stock already, of this merchant or another."""

    line: Units
    first: KeyId


@event("product.import_finished")
class ProductImportFinished(Event):
    """The upload ended; accepted and rejected are the lines read."""

    accepted: Count
    rejected: Count


upcaster("product.import_started", 1)(unchanged)


upcaster("product.import_line_rejected", 1)(unchanged)


class Batch(Aggregate):
    """One upload of one merchant's keys."""

    TOPIC = "batch"
    PREFIX = "bat"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": BATCH_TABLE}

    __slots__ = ("merchant", "product", "rejected", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = self.product = ""
        self.rejected = 0

    def start(self, command: Command, started: ProductImportStarted) -> None:
        """Begin the upload."""
        self.happen(command, started)

    def reject(self, command: Command, line: int, fault: LineFault) -> None:
        """Refuse one line."""
        self.happen(command, ProductImportLineRejected(*self.follows(command), line, fault))

    def reject_duplicate(self, command: Command, line: int, first: str) -> None:
        """Refuse a line whose raw key is the one of *first*."""
        self.happen(command, KeyDuplicateDetected(*self.follows(command), line, first))
        self.reject(command, line, "duplicate")

    def finish(self, command: Command, accepted: int) -> None:
        """End the upload."""
        follows = self.follows(command)
        self.happen(command, ProductImportFinished(*follows, accepted, self.rejected))
