"""Use cases of a dispute (``features.md``, F1 to F8, 3.4): opened, ruled, carried out.

Opening freezes the escrow in the same command; ``ruling.executed`` stands before the
money's event. ``tests/domain/disputes/test_arbitration.py``.
"""

from typing import Any, cast

from domain.command import Command
from domain.desk import Desk, use_case
from domain.disputes.dispute import Dispute
from domain.disputes.events import DisputeOpened, EvidenceGathered, Fault, Opener, RulingIssued
from domain.errors import IllegalTransitionError, NoGroundForDisputeError, WrongPartyError
from domain.keys.key import Effect, Key
from domain.money import Money
from domain.orders.order import Order
from domain.refunds.refund import Refund, RefundRequested
from domain.refunds.returns import execute

DISPUTABLE = frozenset({"paid", "delivered", "confirmed"})


class Arbitration(Desk):
    """What happens when an order is contested."""

    @use_case
    def open_dispute(
        self, command: Command, dispute: str, order: str, opener: Opener, fault: Fault = "none"
    ) -> None:
        """Contest an order; its escrow is frozen.

        Raises:
            AlreadyDisputedError: another dispute over it is open.
            NoGroundForDisputeError: it is confirmed, and no fault is named.
        """
        found = self.load(Order, order)
        if found.state not in DISPUTABLE:
            raise IllegalTransitionError(order, "dispute.opened", found.state)
        if found.state == "confirmed" and opener != "channel" and fault == "none":
            raise NoGroundForDisputeError(f"{order} is confirmed: name the fault of the goods")
        new = Dispute(dispute)
        new.open(command, DisputeOpened(*new.follows(command), order, found.buyer, opener, fault))
        found.freeze(command, dispute)

    @use_case
    def gather_evidence(self, command: Command, dispute: str, facts: dict[str, Any]) -> None:
        """Fix the facts of the rule table as the log has them now.

        Args:
            command: the platform's.
            dispute: newly opened.
            facts: the payload of `EvidenceGathered`, without the log's size.
        """
        found = self.load(Dispute, dispute)
        size = self.recorder.max_notification_id() or 0
        gathered = EvidenceGathered(*found.follows(command), **facts, log_size=size)
        found.gather_evidence(command, gathered)

    @use_case
    def assign_dispute(self, command: Command, dispute: str, arbitrator: str, reason: str) -> None:
        """Hand the case to a person."""
        self.load(Dispute, dispute).assign(command, arbitrator, reason)

    @use_case
    def rule(self, command: Command, dispute: str, ruling: dict[str, Any]) -> None:
        """Issue the decision; *ruling* is the payload of `RulingIssued`."""
        found = self.load(Dispute, dispute)
        found.rule(command, RulingIssued(*found.follows(command), **ruling))

    @use_case
    def concede_dispute(self, command: Command, dispute: str) -> None:
        """Let the merchant give in."""
        self.load(Dispute, dispute).concede(command)

    @use_case
    def withdraw_dispute(self, command: Command, dispute: str) -> None:
        """Let the buyer end it; the escrow is unfrozen."""
        found = self.load(Dispute, dispute)
        order = self.load(Order, found.order)
        found.withdraw(command)
        order.unfreeze(command, dispute)

    @use_case
    def appeal_ruling(self, command: Command, dispute: str, reason: str, now: str) -> None:
        """Let the losing party ask for another person's decision."""
        self.load(Dispute, dispute).appeal(command, reason, now)

    @use_case
    def accept_ruling(self, command: Command, dispute: str) -> None:
        """Let the losing party accept the decision."""
        self.load(Dispute, dispute).accept(command)

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
        if found.outcome in ("refund", "partial_refund"):
            self._refund(command, found, order, Refund(refund))
        if order.funds == "frozen":
            order.unfreeze(command, dispute)

    def _refund(self, command: Command, found: Dispute, order: Order, refund: Refund) -> None:
        key = self.load(Key, order.key)
        in_full = found.outcome == "refund"
        amount = order.escrow if in_full or found.amount is None else found.amount
        refund.units = key.units_left if in_full else 0
        refund.money = Money(amount, order.currency)
        used = key.activated or key.revealed
        effect = "voided" if used or found.key_effect == "unchanged" else found.key_effect
        request = RefundRequested(
            *refund.follows(command),
            order=order.id,
            merchant=order.merchant,
            amount=amount,
            currency=order.currency,
            units=refund.units,
        )
        refund.request(command, request)
        refund.approve(command)
        execute(command, order, key, refund, cast("Effect", effect))
