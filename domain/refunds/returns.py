"""Use cases of a refund that the merchant agrees to (``features.md``, F1, F8, 3.2).

Key and money move in one command. ``tests/domain/refunds/test_returns.py``.
"""

from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import RefundTooLargeError
from domain.keys.events import FaultCause
from domain.keys.key import Effect, Key
from domain.orders.order import Order
from domain.refunds.refund import Refund, RefundRequested


def execute(
    command: Command,
    order: Order,
    key: Key,
    refund: Refund,
    effect: Effect,
    cause: FaultCause = "fault",
) -> None:
    """Pay the refund out of the escrow; units go back, and in full the key meets *effect*."""
    # What was given back is said of the units before the key leaves the order.
    in_full = order.refund(command, refund.id, refund.money.amount, refund.units)
    if refund.units:
        key.refund_units(command, refund.units, refund.id)
    if in_full:
        key.end(command, effect, refund.id, cause)


class Returns(Desk):
    """What happens when a buyer wants the money back and the merchant answers."""

    @use_case
    def request_refund(
        self, command: Command, refund: str, order: str, units: int | None = None
    ) -> None:
        """Ask for the money of an order: all that is left, or of *units* of its bundle.

        Raises:
            RefundTooLargeError: fewer units are left.
        """
        found = self.load(Order, order)
        found.check_no_dispute("refund.requested")
        left = found.units - found.units_refunded
        wanted = left if units is None else units
        if not 0 < wanted <= left:
            raise RefundTooLargeError(f"{order}: {left} units are left, not {wanted}")
        new = Refund(refund)
        new.request(
            command,
            RefundRequested(
                *new.follows(command),
                order=order,
                merchant=found.merchant,
                amount=found.escrow * wanted // left,
                currency=found.currency,
                units=wanted,
            ),
        )

    @use_case
    def approve_refund(self, command: Command, refund: str) -> None:
        """Let the merchant agree; the money and the key move at once."""
        found = self.load(Refund, refund)
        order = self.load(Order, found.order)
        order.check_no_dispute("refund.approved")
        key = self.load(Key, order.key)
        found.approve(command)
        used = key.activated or key.revealed
        execute(command, order, key, found, "voided" if used else "returned")

    @use_case
    def decline_refund(self, command: Command, refund: str, reason: str) -> None:
        """Let the merchant disagree."""
        self.load(Refund, refund).decline(command, reason)

    @use_case
    def settle_refund(self, command: Command, refund: str, transfer: str) -> None:
        """Record that the channel paid the money out."""
        self.load(Refund, refund).settle(command, transfer)

    @use_case
    def fail_refund(self, command: Command, refund: str, reason: str) -> None:
        """Record that the channel could not pay the money out yet."""
        self.load(Refund, refund).fail(command, reason)
