"""Use cases of a dispute (``features.md``, F1 to F8, 3.4): opened, ruled, carried out.

Opening freezes the escrow in the same command; ``ruling.executed`` stands before the
money's event. Facts are read from the log, never taken from a caller, and nobody issues a
ruling by rule but the rule table. ``tests/domain/disputes/``, a file a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.command import Command
from domain.desk import Desk, use_case
from domain.disputes.case import Case, Histories, read_case
from domain.disputes.deadline import (
    ANSWER_HOURS,
    APPEAL_HOURS,
    RULING_DAYS,
    WEEKDAYS,
    Calendar,
    after,
)
from domain.disputes.dispute import Dispute
from domain.disputes.events import (
    DisputeAssigned,
    DisputeOpened,
    EvidenceField,
    Fact,
    Fault,
    MessageAdded,
    Opener,
    Outcome,
    Party,
    RulingIssued,
    Terms,
)
from domain.disputes.execution import carry_out
from domain.disputes.facts import gather
from domain.disputes.judgement import Judgement, check_lawful, rests_on
from domain.disputes.panel import check_impartial, choose
from domain.disputes.rules import CURRENT, KeyEffect
from domain.disputes.ruling import decide
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NoGroundForDisputeError,
    ReasonMissingError,
    WindowOverError,
    WrongPartyError,
)
from domain.keys.key import Key
from domain.orders.order import Order
from domain.refunds.refund import Refund

DISPUTABLE = frozenset({"paid", "delivered", "confirmed"})
DEFAULT_TERMS: Final = Terms()
OPENERS: Final[dict[Opener, frozenset[str]]] = {
    "consumer": frozenset({"consumer"}),
    "platform": frozenset({"platform", "staff"}),
    "channel": frozenset({"channel"}),
}
"""By what a dispute is opened as: the roles that may."""
PARTIES: Final[dict[str, Party]] = {
    "consumer": "consumer",
    "merchant": "merchant",
    "channel": "channel",
    "upstream": "platform",
    "platform": "platform",
    "staff": "platform",
}
"""By role: for whom evidence is brought; an arbitrator brings none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence: a text, a document beside the log, or both."""

    field: EvidenceField
    text: str | None = None
    document: str | None = None
    """SHA-256, in hex."""
    contests: Fact | None = None


class Arbitration(Desk):
    """What happens when an order is contested."""

    @use_case
    def open_dispute(
        self,
        command: Command,
        dispute: str,
        order: str,
        opener: Opener,
        fault: Fault = "none",
        now: str | None = None,
    ) -> None:
        """Contest an order; its escrow is frozen, and its key with it.

        Args:
            command: of whoever contests it.
            dispute: its new identifier.
            order: paid, delivered or confirmed.
            opener: the buyer, the platform, or the payment channel (a chargeback).
            fault: what is wrong with the goods, as the opener says.
            now: RFC 3339, UTC, from which the parties' time to answer runs; if it is not
                given, the moment that *command* states.

        Raises:
            AlreadyDisputedError: another dispute over it is open.
            NoGroundForDisputeError: it is confirmed, and no fault is named.
            WrongPartyError: the caller is not who *opener* says.
        """
        found = self.load(Order, order)
        if found.state not in DISPUTABLE:
            raise IllegalTransitionError(order, "dispute.opened", found.state)
        if found.state == "confirmed" and opener != "channel" and fault == "none":
            raise NoGroundForDisputeError(f"{order} is confirmed: name the fault of the goods")
        meta = command.meta
        if meta.role not in OPENERS[opener] or (opener == "consumer" and meta.actor != found.buyer):
            raise WrongPartyError(f"{order}: {meta.actor} ({meta.role}) cannot open for {opener}")
        new = Dispute(dispute)
        began = now or command.meta.occurred_at
        until = after(began, ANSWER_HOURS) if began else None
        opened = DisputeOpened(*new.follows(command), order, found.buyer, opener, fault, until)
        new.open(command, opened)
        found.freeze(command, dispute)

    @use_case
    def add_evidence(self, command: Command, dispute: str, piece: Piece, now: str) -> None:
        """Bring evidence, in time; a text is sealed for whoever brings it.

        Raises:
            WindowOverError: too late.
            WrongEvidenceError: it does not bear on what the dispute is about.
            WrongPartyError: the caller has no part in the dispute.
            ReasonMissingError: it is empty.
        """
        found = self.load(Dispute, dispute)
        party = PARTIES.get(command.meta.role)
        if party is None:
            raise WrongPartyError(f"{dispute}: the role {command.meta.role} brings no evidence")
        if party in ("consumer", "merchant"):
            self._check_party(command, found, party)
        if not piece.text and not piece.document:
            raise ReasonMissingError(f"{dispute}: a piece of evidence has a text or a document")
        text = command.seal(command.meta.actor, piece.text) if piece.text else None
        message = MessageAdded(
            *found.follows(command), party, piece.field, text, piece.document, piece.contests
        )
        found.add_evidence(command, message, now)

    @use_case
    def gather_evidence(self, command: Command, dispute: str, terms: Terms = DEFAULT_TERMS) -> None:
        """Fix the facts of the rule table as the log has them now.

        Args:
            command: the platform's.
            dispute: newly opened.
            terms: what product and tenant have agreed on.
        """
        found = self.load(Dispute, dispute)
        found.check("evidence.gathered")
        evidence = gather(self.read_case(dispute), terms)
        found.gather_evidence(command, evidence.event(*found.follows(command)))

    @use_case
    def decide_dispute(
        self,
        command: Command,
        dispute: str,
        now: str,
        arbitrators: Sequence[str] = (),
        calendar: Calendar = WEEKDAYS,
    ) -> None:
        """Rule by the table; where it says so, hand the case to a person instead.

        Args:
            command: the platform's.
            dispute: with its evidence gathered.
            now: RFC 3339, UTC.
            arbitrators: the first of them who is impartial gets a hard case.
            calendar: of working days.

        Raises:
            ConflictOfInterestError: it is a hard case, and none of *arbitrators* may decide it.
        """
        found = self.load(Dispute, dispute)
        if found.state != "evidence_gathered":
            raise IllegalTransitionError(dispute, "ruling.issued (auto)", found.state)
        case = self.read_case(dispute)
        decision = decide(case, CURRENT)
        if decision.is_automatic:
            until = after(now, APPEAL_HOURS)
            ruling = RulingIssued(*found.follows(command), **decision.payload(), appeal_until=until)
            found.rule(command, ruling)
            return
        row = f"{decision.rule.row}: " if decision.rule else ""
        assign(
            command, found, case, (choose(case, arbitrators), f"{row}{decision.zh}"), now, calendar
        )

    @use_case
    def assign_dispute(
        self,
        command: Command,
        dispute: str,
        arbitrator: str,
        reason: str,
        now: str,
        calendar: Calendar = WEEKDAYS,
    ) -> None:
        """Hand the case to a person, who has five working days.

        Raises:
            ConflictOfInterestError: a party, or somebody who has ruled in it before.
            IllegalTransitionError: another has it, and still has time.
        """
        found = self.load(Dispute, dispute)
        found.check("dispute.assigned")
        assign(command, found, self.read_case(dispute), (arbitrator, reason), now, calendar)

    @use_case
    def rule(self, command: Command, dispute: str, judgement: Judgement, now: str) -> None:
        """Issue an arbitrator's decision.

        Raises:
            ConflictOfInterestError: the caller is not the arbitrator whom it was assigned to.
            WindowOverError: the ruling was due before *now*: have it assigned again.
            ReasonMissingError: without reason, or an event relied on is none of the case.
            UnlawfulRulingError: it orders what no ruling may.
            RefundTooLargeError: more than the escrow holds.
        """
        found = self.load(Dispute, dispute)
        if (command.meta.role, command.meta.actor) != ("arbitrator", found.arbitrator):
            raise ConflictOfInterestError(
                f"{dispute}: is assigned to {found.arbitrator or 'nobody'}"
            )
        if found.state == "assigned" and found.due is not None and now >= found.due:
            raise WindowOverError(f"{dispute}: was due at {found.due}: have it assigned again")
        case = self.read_case(dispute)
        check_lawful(judgement, case)
        ruling = RulingIssued(
            *found.follows(command),
            "manual",
            judgement.outcome,
            judgement.key_effect,
            reason=judgement.reason,
            relied_on=judgement.relied_on,
            amount=judgement.amount,
            appeal_until=None if found.appealed else after(now, APPEAL_HOURS),
            rests_on=rests_on(case, judgement.relied_on),
        )
        found.rule(command, ruling)

    @use_case
    def enter_bank_result(
        self, command: Command, dispute: str, outcome: Outcome, reason: str
    ) -> None:
        """Enter how the bank has decided a chargeback; nobody appeals here.

        Raises:
            WrongPartyError: the caller is no payment channel.
            UnlawfulRulingError: the dispute is no chargeback.
        """
        if command.meta.role != "channel":
            raise WrongPartyError(f"{dispute}: a bank's result comes from the payment channel")
        found = self.load(Dispute, dispute)
        effect: KeyEffect = "voided" if outcome == "refund" else "unchanged"
        follows = found.follows(command)
        found.rule(command, RulingIssued(*follows, "external", outcome, effect, reason=reason))

    @use_case
    def concede_dispute(self, command: Command, dispute: str) -> None:
        """Let the merchant give in."""
        found = self.load(Dispute, dispute)
        self._check_party(command, found, "merchant")
        found.concede(command)

    @use_case
    def withdraw_dispute(self, command: Command, dispute: str) -> None:
        """Let the buyer end it; the escrow is unfrozen."""
        found = self.load(Dispute, dispute)
        order = self._check_party(command, found, "consumer")
        found.withdraw(command)
        order.unfreeze(command, dispute)

    @use_case
    def appeal_ruling(self, command: Command, dispute: str, reason: str, now: str) -> None:
        """Let the losing party ask for another person's decision."""
        found = self.load(Dispute, dispute)
        self._check_party(command, found, found.loser)
        found.appeal(command, reason, now)

    @use_case
    def accept_ruling(self, command: Command, dispute: str) -> None:
        """Let the losing party accept the decision."""
        found = self.load(Dispute, dispute)
        self._check_party(command, found, found.loser)
        found.accept(command)

    @use_case
    def execute_ruling(self, command: Command, dispute: str, refund: str, now: str) -> None:
        """Carry the decision out: refund in full or in part, or unfreeze.

        Args:
            command: the platform's.
            dispute: with a ruling that can no longer be appealed at *now*.
            refund: a new identifier, used if money goes back.
            now: RFC 3339, UTC.
        """
        found = self.load(Dispute, dispute)
        order = self.load(Order, found.order)
        if order.dispute != dispute:
            raise WrongPartyError(f"{order.id} is not frozen by {dispute}")
        found.execute(command, now)
        carry_out(command, found, order, self.load(Key, order.key), Refund(refund))

    def read_case(self, dispute: str, size: int | None = None) -> Case:
        """Return all that the log holds about *dispute*, up to its first *size* entries.

        Raises:
            NotFoundError: the log does not know it.
        """
        recorder = self.recorder
        if not isinstance(recorder, Histories):
            raise TypeError(f"{type(recorder).__name__} cannot say where an event stands")
        return read_case(recorder, dispute, size)

    def _check_party(self, command: Command, dispute: Dispute, party: Party) -> Order:
        """Refuse whoever is not *party* of the dispute; return the order."""
        order = self.load(Order, dispute.order)
        wanted = order.buyer if party == "consumer" else order.merchant
        if (command.meta.role, command.meta.actor) != (party, wanted):
            raise WrongPartyError(f"{dispute.id}: only its {party} may do this")
        return order


def assign(
    command: Command,
    dispute: Dispute,
    case: Case,
    whom: tuple[str, str],
    now: str,
    calendar: Calendar,
) -> None:
    """Hand the case to *whom*, for a reason, if the person may decide it.

    Raises:
        ConflictOfInterestError: a party, or somebody who has ruled in it before.
        IllegalTransitionError: another has it, and still has time.
    """
    arbitrator, reason = whom
    check_impartial(case, arbitrator)
    due = calendar.end_of(RULING_DAYS, now)
    assigned = DisputeAssigned(*dispute.follows(command), arbitrator, reason, due)
    dispute.assign(command, assigned, now)
