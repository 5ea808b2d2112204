"""Time stamps on record: which token dates which checkpoint (``features.md``, F6).

``evidence.md``, section 7: each token's SHA-256 is logged as an entry, so that a token that is
shown later, after its authority is gone, is known to be the one that was received then. One
stream a stamped checkpoint, ``stamp/<size>`` with twelve digits, named as its files are.
``tests/domain/evidence/test_f6_anchored.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.event import Event, event
from domain.payload import Digest, Moment, Units

ANCHOR_TABLE: Table = {"evidence.anchored": {NEW: "anchored"}}


@event("evidence.anchored")
class EvidenceAnchored(Event):
    """An authority has stamped a published checkpoint with the time."""

    checkpoint_size: Units
    checkpoint_sha256: Digest
    """Of its exact published bytes, signatures included."""
    token_sha256: Digest
    """Of the response as it was received."""
    authority: str
    """Subject of the signer's certificate, RFC 4514."""
    stamped_at: Moment
    """The authority's time."""
    sandbox: bool | None = None
    """True for a test authority: it gives no independent time."""


class Anchor(Aggregate):
    """The stamp of one checkpoint."""

    TOPIC = "anchor"
    PREFIX = "stamp/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": ANCHOR_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
