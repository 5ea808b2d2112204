"""A dispute over one order, from opening to an executed ruling (``features.md``, 3.4).

The table of 3.4, and one row that it leaves open: an arbitrator who misses the deadline is
replaced, or gets another (assigned to assigned), so that no case is stuck. What needs more
of the log than the dispute's own history is checked in `domain.disputes.arbitration`.
Proved by ``tests/domain/disputes/``, a file a row.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.disputes import events
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    ReasonMissingError,
    UnlawfulRulingError,
    WindowOverError,
    WrongEvidenceError,
)

if TYPE_CHECKING:
    from domain.disputes.rules import Facts, KeyEffect

DISPUTE_TABLE: Table = {
    "dispute.opened": {NEW: "opened"},
    "message.added": {state: state for state in ("opened", "evidence_gathered", "assigned")},
    "evidence.gathered": {"opened": "evidence_gathered"},
    "dispute.assigned": dict.fromkeys(("evidence_gathered", "appealed", "assigned"), "assigned"),
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

EVIDENCE: Mapping[events.Fault, frozenset[events.EvidenceField]] = {
    "none": frozenset({"statement", "screenshot"}),
    "used_before": frozenset({"statement", "screenshot", "redemption_record", "upstream_reply"}),
    "revoked": frozenset({"statement", "screenshot", "upstream_reply"}),
    "not_existing": frozenset({"statement", "screenshot", "upstream_reply"}),
    "wrong_region": frozenset({"statement", "screenshot", "listing", "account_region"}),
    "wrong_edition": frozenset({"statement", "screenshot", "listing"}),
    "wrong_duration": frozenset({"statement", "screenshot", "listing", "redemption_record"}),
    "late_delivery": frozenset({"statement", "delivery_time"}),
    "found_elsewhere": frozenset({"statement", "screenshot", "listing", "upstream_reply"}),
}
"""By what the dispute is about: the evidence that bears on it."""


def evidence_fields(opener: str, fault: events.Fault) -> frozenset[events.EvidenceField]:
    """Return what may be brought; in a chargeback, of whatever channel, the bank's notice too."""
    found = EVIDENCE[fault]
    return found | {"bank_notice"} if opener == "channel" else found


def _check_consistent(dispute: str, ruling: events.RulingIssued) -> None:
    """Refuse a ruling that contradicts itself.

    Raises:
        UnlawfulRulingError: it does.
    """
    by_rule = ruling.mode == "auto"
    if ruling.outcome == "manual":
        raise UnlawfulRulingError(f"{dispute}: a ruling decides: refund, partial_refund, rejected")
    if ruling.outcome == "refund" and ruling.key_effect == "unchanged" and not by_rule:
        raise UnlawfulRulingError(f"{dispute}: a full refund says what becomes of the key")
    if ruling.outcome != "refund" and ruling.key_effect != "unchanged":
        raise UnlawfulRulingError(f"{dispute}: the key stays with the order: key_effect unchanged")
    if (ruling.outcome == "partial_refund") and not ruling.amount:
        raise UnlawfulRulingError(f"{dispute}: a partial refund names its amount")


class Dispute(Aggregate):
    """One contested order."""

    TOPIC = "dispute"
    PREFIX = "dsp"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": DISPUTE_TABLE}

    __slots__ = (
        *("accepted", "amount", "appeal_until", "appealed", "arbitrator", "due", "evidence_until"),
        *("facts", "fault", "has_ruled", "key_effect", "opener", "order", "outcome", "state"),
        "units",
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.order = ""
        self.opener = ""
        self.fault: events.Fault = "none"
        self.evidence_until: str | None = None
        self.due: str | None = None
        self.arbitrator = ""
        self.has_ruled: set[str] = set()
        self.outcome = ""
        self.key_effect: KeyEffect = "unchanged"
        self.amount: int | None = None
        self.units: int | None = None
        self.facts: Facts | None = None
        self.appeal_until: str | None = None
        self.appealed = False
        self.accepted = False

    @property
    def loser(self) -> events.Loser:
        """Which party the ruling goes against."""
        return "consumer" if self.outcome == "rejected" else "merchant"

    def open(self, command: Command, opened: events.DisputeOpened) -> None:
        """Record that the order is contested."""
        self.happen(command, opened)

    def gather_evidence(self, command: Command, gathered: events.EvidenceGathered) -> None:
        """Record the facts that the log had at one position."""
        self.happen(command, gathered)

    def add_evidence(self, command: Command, message: events.MessageAdded, now: str) -> None:
        """Record what a party brings.

        Raises:
            WindowOverError: too late at *now*: with an arbitrator, the ruling is due;
                before, the parties' time to answer is over.
            WrongEvidenceError: it does not bear on what the dispute is about.
        """
        self.check(message.TOPIC)
        until = self.due if self.state == "assigned" else self.evidence_until
        if until is not None and now >= until:
            raise WindowOverError(f"{self.id}: evidence was taken until {until}")
        allowed = evidence_fields(self.opener, self.fault)
        if message.field not in allowed:
            names = ", ".join(sorted(allowed))
            raise WrongEvidenceError(f"{self.id}: {message.field} shows nothing here: {names} do")
        self.happen(command, message)

    def assign(self, command: Command, assigned: events.DisputeAssigned, now: str) -> None:
        """Hand the case to an arbitrator; at *now*.

        Raises:
            ConflictOfInterestError: the same person has ruled in it before.
            IllegalTransitionError: another has it, and still has time.
        """
        if assigned.arbitrator in self.has_ruled:
            raise ConflictOfInterestError(
                f"{self.id}: {assigned.arbitrator} has ruled in it before"
            )
        if self.state == "assigned" and (self.due is None or now < self.due):
            state = f"assigned to {self.arbitrator} until {self.due}"
            raise IllegalTransitionError(self.id, "dispute.assigned", state)
        self.happen(command, assigned)

    def rule(self, command: Command, ruling: events.RulingIssued) -> None:
        """Issue the decision.

        Raises:
            ReasonMissingError: a manual ruling without reason or events, or an automatic
                one without its row.
            UnlawfulRulingError: outcome, key and amount contradict each other.
        """
        if ruling.mode == "manual" and not (ruling.reason and ruling.relied_on):
            raise ReasonMissingError(f"{self.id}: a manual ruling needs a reason and its events")
        if ruling.mode == "auto" and not (ruling.row and ruling.rules):
            raise ReasonMissingError(f"{self.id}: an automatic ruling names version and row")
        expected = {"auto": "evidence_gathered", "conceded": "conceded"}
        if self.state != expected.get(ruling.mode, "assigned"):
            raise IllegalTransitionError(self.id, f"ruling.issued ({ruling.mode})", self.state)
        if ruling.mode == "external" and self.opener != "channel":
            raise UnlawfulRulingError(f"{self.id}: no bank has a say in it: it is no chargeback")
        _check_consistent(self.id, ruling)
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
        self.happen(command, events.DisputeAppealed(*self.follows(command), self.loser, reason))

    def accept(self, command: Command) -> None:
        """Let the losing party accept the decision."""
        self.happen(command, events.RulingAccepted(*self.follows(command), self.loser))

    def execute(self, command: Command, now: str) -> None:
        """Carry the decision out; the money's event comes after it in *command*.

        Raises:
            WindowOverError: the losing party may still appeal at *now*.
        """
        can_appeal = not self.appealed and self.appeal_until is not None
        if can_appeal and not self.accepted and now < (self.appeal_until or ""):
            raise WindowOverError(f"{self.id}: may be appealed until {self.appeal_until}")
        self.happen(command, events.RulingExecuted(*self.follows(command)))
