"""The life of an evidence package in the log: that it was issued, over which manifest (J3).

``evidence.md``, 2.2: `evidence.exported` is the first event of the stream
``evidence/<number>`` and holds both digests of ``bundle.json``, so that a hand-made manifest
around true entries is seen through. ``tests/domain/evidence/test_j3_exported.py``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.event import Event, event
from domain.payload import Count, Digest, Pattern, Units

EvidenceNumber = Annotated[str, Pattern("EV-[0-9]{8}-[0-9]{6}")]

EVIDENCE_TABLE: Table = {"evidence.exported": {NEW: "exported"}}


@event("evidence.exported")
class EvidenceExported(Event):
    """A package was issued, and what its manifest is."""

    number: EvidenceNumber
    bundle_sha256: Digest
    bundle_sm3: Digest
    checkpoint_size: Units
    opened: Count
    """Hidden values that it opens."""
    approver: str | None = None
    """The second person, where a value is opened; the first is the actor."""
    basis: str | None = None
    """Why it may be opened: a court's order, the data subject's own request."""


class EvidencePackage(Aggregate):
    """One package by its number."""

    TOPIC = "evidence"
    PREFIX = "evidence/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": EVIDENCE_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
