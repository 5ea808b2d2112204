"""What can happen in a dispute (``features.md``, F1 to F7 and 3.4).

Payload versions 2 add what a ruling is replayed from: the leaf indexes behind each fact,
the histories read, the terms, the version and digest of the rule table. What version 1 has
no word for is absent.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from domain.disputes.rules import Facts
from domain.event import Event, event, unchanged, upcaster
from domain.payload import (
    Amount,
    BuyerId,
    Count,
    Digest,
    Moment,
    OrderId,
    Pattern,
    Reference,
    Units,
)

if TYPE_CHECKING:
    from domain.disputes.dispute import Dispute

Opener = Literal["consumer", "platform", "channel"]
Fault = Literal[
    "used_before",
    "revoked",
    "not_existing",
    "wrong_region",
    "wrong_edition",
    "wrong_duration",
    "late_delivery",
    "found_elsewhere",
    "none",
]
Mode = Literal["auto", "manual", "conceded", "external"]
Outcome = Literal["refund", "partial_refund", "rejected", "manual"]
Loser = Literal["consumer", "merchant"]
Party = Literal["consumer", "merchant", "platform", "channel"]
Row = Annotated[str, Pattern("R[0-9]{2}")]
Fact = Literal["delivered", "activated", "in_window", "upstream", "merchant_fault"]
Obstacle = Literal[
    "provenance_missing", "waiver_missing", "fact_contested", "chargeback", "amount_above_limit"
]
"""What sends a case to a person before the table is asked."""
EvidenceField = Literal[
    "statement",
    "screenshot",
    "listing",
    "account_region",
    "redemption_record",
    "delivery_time",
    "upstream_reply",
    "bank_notice",
]
"""What a piece of evidence shows."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The entries that decided one fact, by leaf index; none where nothing happened."""

    fact: Fact
    indexes: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a person must decide, and the entries that say so, by leaf index."""

    obstacle: Obstacle
    indexes: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """How much of one stream there was when the facts were read."""

    stream: str
    version: Units


@dataclass(frozen=True, slots=True)
class Terms:
    """What product and tenant have agreed on, as far as the facts depend on it (3.8)."""

    window_hours: Units = 168
    delivery_minutes: Units = 10
    limit: Amount | None = None
    """Minor units of an order above which a person decides."""
    needs_waiver: bool = False


@event("dispute.opened", schema=2)
class DisputeOpened(Event):
    """The buyer, the platform or a chargeback contests an order."""

    order: OrderId
    buyer: BuyerId
    opener: Opener
    fault: Fault
    evidence_until: Moment | None = None
    """Until when the parties may bring evidence."""

    def _apply(self, dispute: "Dispute") -> None:
        dispute.order, dispute.opener, dispute.fault = self.order, self.opener, self.fault
        dispute.evidence_until = self.evidence_until


@event("message.added")
class MessageAdded(Event):
    """Somebody with a stake in the dispute brought a piece of evidence."""

    party: Party
    field: EvidenceField
    text: Reference | None = None
    document: Digest | None = None
    """SHA-256 of a file kept beside the log."""
    contests: Fact | None = None
    """The fact that it is meant to disprove."""


@event("evidence.gathered", schema=2)
class EvidenceGathered(Event):
    """The facts of the rule table, as the log had them at one position."""

    delivered: bool
    activated: Literal["no", "used", "shown"]
    in_window: bool
    upstream: Literal["used", "unused", "unknown"]
    merchant_fault: Literal["total", "partial", "none"]
    log_size: Count
    decided_by: tuple[Decided, ...] | None = None
    hindrances: tuple[Hindrance, ...] | None = None
    histories: tuple[HistoryRead, ...] | None = None
    terms: Terms | None = None

    @property
    def facts(self) -> Facts:
        """What the rule table asks."""
        return Facts(
            self.delivered, self.activated, self.in_window, self.upstream, self.merchant_fault
        )


@event("dispute.assigned", schema=2)
class DisputeAssigned(Event):
    """A person will decide."""

    arbitrator: str
    reason: str
    due: Moment | None = None
    """When the ruling must be there."""

    def _apply(self, dispute: "Dispute") -> None:
        dispute.arbitrator, dispute.due = self.arbitrator, self.due


@event("ruling.issued", schema=2)
class RulingIssued(Event):
    """The decision, by which rule or person, and for which reason."""

    mode: Mode
    outcome: Outcome
    key_effect: Literal["unchanged", "returned", "quarantined", "voided"]
    rules: Units | None = None
    """Version of the rule table, for a ruling by rule."""
    row: Row | None = None
    reason: str | None = None
    relied_on: tuple[str, ...] | None = None
    """Events that a manual ruling rests on, as ``stream/version``."""
    amount: Amount | None = None
    """Minor units to refund, for a partial refund and for a refund by rule."""
    appeal_until: Moment | None = None
    """Until when the losing party may appeal; absent where nobody may."""
    reason_en: str | None = None
    rules_digest: Digest | None = None
    """SHA-256 of the published rule table."""
    facts: Facts | None = None
    decided_by: tuple[Decided, ...] | None = None
    evidence: Count | None = None
    """Leaf index of the `evidence.gathered` that the facts come from."""
    rests_on: tuple[Count, ...] | None = None
    """Leaf indexes of all entries that the ruling rests on."""
    units: Count | None = None
    """Units of a bundle that are given back, for a refund by rule."""

    def _apply(self, dispute: "Dispute") -> None:
        dispute.outcome, dispute.key_effect = self.outcome, self.key_effect
        dispute.amount, dispute.appeal_until = self.amount, self.appeal_until
        dispute.units, dispute.facts = self.units, self.facts
        dispute.accepted = False
        if self.mode == "manual":
            dispute.has_ruled.add(dispute.arbitrator)


@event("dispute.conceded")
class DisputeConceded(Event):
    """The merchant gives in: refund in full."""


@event("dispute.withdrawn")
class DisputeWithdrawn(Event):
    """The buyer no longer contests the order."""


@event("dispute.appealed")
class DisputeAppealed(Event):
    """The losing party wants another person to decide."""

    party: Loser
    reason: str

    def _apply(self, dispute: "Dispute") -> None:
        dispute.appealed = True


@event("ruling.accepted")
class RulingAccepted(Event):
    """The losing party accepts the decision."""

    party: Loser

    def _apply(self, dispute: "Dispute") -> None:
        dispute.accepted = True


@event("ruling.executed")
class RulingExecuted(Event):
    """The decision was carried out; the money's own event follows in the same command."""


for _topic in ("dispute.opened", "evidence.gathered", "dispute.assigned", "ruling.issued"):
    upcaster(_topic, 1)(unchanged)
