"""Use cases that only the platform's own policies and timers call.

``tests/domain/policies/test_upkeep.py``.
"""

from collections.abc import Sequence

from domain.command import Command
from domain.credit.rules import NEWEST, RULES
from domain.credit.sanctions import Sanctions
from domain.desk import use_case
from domain.disputes.arbitration import Arbitration, assign
from domain.disputes.deadline import WEEKDAYS, Calendar
from domain.disputes.dispute import Dispute
from domain.disputes.panel import choose
from domain.errors import IllegalTransitionError, Refusal, WrongPartyError
from domain.identity.standing import require_right
from domain.keys.key import Key
from domain.money import Money
from domain.orders.order import Order
from domain.refunds.refund import Refund, RefundRequested
from domain.refunds.returns import execute


class Upkeep(Arbitration, Sanctions):
    """What the platform does by itself."""

    @use_case
    def unlist_keys(self, command: Command, keys: Sequence[str]) -> None:
        """Take those of *keys* off the shelf that are on it; the others need nothing."""
        for each in keys:
            found = self.load(Key, each)
            if found.state == "listed":
                found.take_off(command)

    @use_case
    def withhold_key(self, command: Command, key: str, now: str) -> None:
        """Take a key off the shelf if its merchant may not list at *now*."""
        found = self.load(Key, key)
        if found.state != "listed":
            return
        try:
            require_right(self, found.merchant, "list")
            self.check_may_list(command, found.merchant, now)
        except Refusal:
            found.take_off(command)

    @use_case
    def refund_undelivered(self, command: Command, order: str, refund: str) -> None:
        """Give the buyer the money back: the time for delivery is over (3.2).

        Raises:
            WrongPartyError: it is not the platform that asks.
            IllegalTransitionError: the order was delivered, or was not paid.
            DisputeOpenError: a dispute decides it.
        """
        if command.meta.role != "platform":
            raise WrongPartyError(f"{order}: is refunded by the platform's own timer alone")
        found = self.load(Order, order)
        if found.state != "paid":
            raise IllegalTransitionError(order, "order.refunded (not delivered)", found.state)
        found.check_no_dispute("refund.executed")
        new = Refund(refund)
        requested = RefundRequested(
            *new.follows(command),
            order=order,
            merchant=found.merchant,
            amount=found.escrow,
            currency=found.currency,
            units=found.units - found.units_refunded,
        )
        new.request(command, requested)
        new.approve(command)
        execute(command, found, self.load(Key, found.key), new, "returned")

    @use_case
    def reassign_dispute(
        self,
        command: Command,
        dispute: str,
        arbitrators: Sequence[str],
        reason: str,
        now: str,
        calendar: Calendar = WEEKDAYS,
    ) -> None:
        """Hand an appealed or overdue case to the first of *arbitrators* who may decide it.

        Raises:
            ConflictOfInterestError: none of them may.
            IllegalTransitionError: another has it, and still has time.
        """
        found = self.load(Dispute, dispute)
        found.check("dispute.assigned")
        case = self.read_case(dispute)
        assign(command, found, case, (choose(case, arbitrators), reason), now, calendar)

    @use_case
    def adjust_deposit(self, command: Command, merchant: str) -> None:
        """Demand the deposit that the merchant's grade asks for, if that is another."""
        deposit = self.deposit_of(merchant)
        if deposit.version:
            file = self.credit_of(merchant)
            base = Money(deposit.base, deposit.currency)
            deposit.demand(command, base, file.grade, RULES.get(file.rules, NEWEST))
