"""A dispute over one order, from opening to an executed ruling (``features.md``, 3.4).

The rule table of section 4 is not here yet: whoever asks for an automatic ruling brings
its row and outcome. Proved by ``tests/domain/disputes/test_arbitration.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.disputes import events
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    ReasonMissingError,
    WindowOverError,
)

DISPUTE_TABLE: Table = {
    "dispute.opened": {NEW: "opened"},
    "evidence.gathered": {"opened": "evidence_gathered"},
    "dispute.assigned": {"evidence_gathered": "assigned", "appealed": "assigned"},
    # "conceded" lasts no longer than the command that also issues the ruling.
    "dispute.conceded": dict.fromkeys(("opened", "evidence_gathered", "assigned"), "conceded"),
    "ruling.issued": {
        "evidence_gathered": "auto_ruled",
        "assigned": "ruled",
        "conceded": "ruled",
    },
    "dispute.withdrawn": dict.fromkeys(("opened", "evidence_gathered", "assigned"), "withdrawn"),
    "dispute.appealed": {"auto_ruled": "appealed", "ruled": "appealed"},
    "ruling.accepted": {"auto_ruled": "auto_ruled", "ruled": "ruled"},
    "ruling.executed": {"auto_ruled": "executed", "ruled": "executed"},
}


class Dispute(Aggregate):
    """One contested order."""

    TOPIC = "dispute"
    PREFIX = "dsp"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": DISPUTE_TABLE}

    __slots__ = (
        *("accepted", "amount", "appeal_until", "appealed", "arbitrator", "has_ruled"),
        *("key_effect", "opener", "order", "outcome", "state"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.order = ""
        self.opener = ""
        self.arbitrator = ""
        self.has_ruled: set[str] = set()
        self.outcome = ""
        self.key_effect = "unchanged"
        self.amount: int | None = None
        self.appeal_until: str | None = None
        self.appealed = False
        self.accepted = False

    @property
    def loser(self) -> str:
        """Which party the ruling goes against."""
        return "consumer" if self.outcome == "rejected" else "merchant"

    def open(self, command: Command, opened: events.DisputeOpened) -> None:
        """Record that the order is contested."""
        self.happen(command, opened)

    def gather_evidence(self, command: Command, gathered: events.EvidenceGathered) -> None:
        """Record the facts that the log had at one position."""
        self.happen(command, gathered)

    def assign(self, command: Command, arbitrator: str, reason: str) -> None:
        """Hand the case to *arbitrator*.

        Raises:
            ConflictOfInterestError: the same person has ruled in it before.
        """
        if arbitrator in self.has_ruled:
            raise ConflictOfInterestError(f"{self.id}: {arbitrator} has ruled in it before")
        self.happen(command, events.DisputeAssigned(*self.follows(command), arbitrator, reason))

    def rule(self, command: Command, ruling: events.RulingIssued) -> None:
        """Issue the decision.

        Raises:
            ReasonMissingError: a manual ruling without reason or events, or an automatic
                one without its row.
        """
        if ruling.mode == "manual" and not (ruling.reason and ruling.relied_on):
            raise ReasonMissingError(f"{self.id}: a manual ruling needs a reason and its events")
        if ruling.mode == "auto" and not (ruling.row and ruling.rules):
            raise ReasonMissingError(f"{self.id}: an automatic ruling names version and row")
        expected = {"auto": "evidence_gathered", "manual": "assigned", "conceded": "conceded"}
        if self.state != expected.get(ruling.mode):
            raise IllegalTransitionError(self.id, f"ruling.issued ({ruling.mode})", self.state)
        self.happen(command, ruling)

    def concede(self, command: Command) -> None:
        """Let the merchant give in: a full refund, without appeal."""
        self.happen(command, events.DisputeConceded(*self.follows(command)))
        follows = self.follows(command)
        self.rule(command, events.RulingIssued(*follows, "conceded", "refund", "voided"))

    def withdraw(self, command: Command) -> None:
        """Let the buyer end it; a chargeback cannot be withdrawn here."""
        if self.opener == "channel":
            raise IllegalTransitionError(self.id, "dispute.withdrawn", "a chargeback")
        self.happen(command, events.DisputeWithdrawn(*self.follows(command)))

    def appeal(self, command: Command, reason: str, now: str) -> None:
        """Let the losing party ask for another person's decision, once.

        Raises:
            WindowOverError: too late at *now*, or appealed before.
        """
        if self.appealed or self.appeal_until is None or now >= self.appeal_until:
            raise WindowOverError(f"{self.id}: no appeal is left")
        party: events.Loser = "consumer" if self.loser == "consumer" else "merchant"
        self.happen(command, events.DisputeAppealed(*self.follows(command), party, reason))

    def accept(self, command: Command) -> None:
        """Let the losing party accept the decision."""
        party: events.Loser = "consumer" if self.loser == "consumer" else "merchant"
        self.happen(command, events.RulingAccepted(*self.follows(command), party))

    def execute(self, command: Command, now: str) -> None:
        """Carry the decision out; the money's event comes after it in *command*.

        Raises:
            WindowOverError: the losing party may still appeal at *now*.
        """
        can_appeal = not self.appealed and self.appeal_until is not None
        if can_appeal and not self.accepted and now < (self.appeal_until or ""):
            raise WindowOverError(f"{self.id}: may be appealed until {self.appeal_until}")
        self.happen(command, events.RulingExecuted(*self.follows(command)))
