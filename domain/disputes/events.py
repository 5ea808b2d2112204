"""What can happen in a dispute (``features.md``, F1 to F7 and 3.4)."""

from typing import TYPE_CHECKING, Annotated, Literal

from domain.event import Event, event
from domain.payload import Amount, BuyerId, Count, Moment, OrderId, Pattern, Units

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
Row = Annotated[str, Pattern("R[0-9]{2}")]


@event("dispute.opened")
class DisputeOpened(Event):
    """The buyer, the platform or a chargeback contests an order."""

    order: OrderId
    buyer: BuyerId
    opener: Opener
    fault: Fault

    def _apply(self, dispute: "Dispute") -> None:
        dispute.order, dispute.opener = self.order, self.opener


@event("evidence.gathered")
class EvidenceGathered(Event):
    """The facts of the rule table, as the log had them at one position."""

    delivered: bool
    activated: Literal["no", "used", "shown"]
    in_window: bool
    upstream: Literal["used", "unused", "unknown"]
    merchant_fault: Literal["total", "partial", "none"]
    log_size: Count


@event("dispute.assigned")
class DisputeAssigned(Event):
    """A person will decide."""

    arbitrator: str
    reason: str

    def _apply(self, dispute: "Dispute") -> None:
        dispute.arbitrator = self.arbitrator


@event("ruling.issued")
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
    """Minor units to refund, for a partial refund."""
    appeal_until: Moment | None = None
    """Until when the losing party may appeal; absent where nobody may."""

    def _apply(self, dispute: "Dispute") -> None:
        dispute.outcome, dispute.key_effect = self.outcome, self.key_effect
        dispute.amount, dispute.appeal_until = self.amount, self.appeal_until
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
