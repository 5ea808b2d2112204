"""Use cases of a refund that the merchant agrees to (``features.md``, F1, F8, 3.2).

Key and money move in one command. ``tests/domain/refunds/test_returns.py``.
"""

from datetime import datetime, timedelta
from typing import Final

from domain.command import Command
from domain.desk import use_case
from domain.errors import (
    IllegalTransitionError,
    NotYetError,
    RefundTooLargeError,
    WrongPartyError,
)
from domain.keys.events import FaultCause
from domain.keys.key import Effect, Key
from domain.orders.order import Order
from domain.orders.standings import Standings
from domain.refunds.refund import Refund, RefundRequested

DELIVERY_MINUTES: Final = 10
"""From payment to delivery (``features.md``, 3.8)."""


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
    command.rest_on(key)
    in_full = order.refund(command, refund.id, refund.money.amount, refund.units)
    if refund.units:
        key.refund_units(command, refund.units, refund.id)
    if in_full:
        key.end(command, effect, refund.id, cause)


class Returns(Standings):
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
        found.check("refund.executed")
        found.check_no_dispute("refund.requested")
        left = found.units - found.units_refunded
        wanted = left if units is None else units
        if not 0 < wanted <= left:
            raise RefundTooLargeError(f"{order}: {left} units are left, not {wanted}")
        new = Refund(refund)
        amount = found.escrow * wanted // left
        new.request(command, _request(command, new, found, amount, wanted))

    @use_case
    def approve_refund(self, command: Command, refund: str) -> None:
        """Let the merchant agree; the money and the key move at once."""
        found = self.load(Refund, refund)
        order = self.load(Order, found.order)
        order.check("refund.executed")
        order.check_no_dispute("refund.approved")
        key = self.load(Key, order.key)
        found.approve(command)
        used = key.activated or key.revealed
        execute(command, order, key, found, "voided" if used else "returned")

    @use_case
    def refund_undelivered(
        self, command: Command, refund: str, order: str, now: str, minutes: int = DELIVERY_MINUTES
    ) -> None:
        """Give all of the money back: the delivery deadline was missed, or the key is lost.

        Args:
            command: the platform's.
            refund: a new identifier.
            order: paid, not delivered, not disputed.
            now: RFC 3339, UTC.
            minutes: that the product's terms allow for delivery.

        Raises:
            WrongPartyError: another than the platform calls.
            NotYetError: there is still time to deliver.
        """
        if command.meta.role != "platform":
            raise WrongPartyError(f"{order}: only the platform gives up waiting")
        found = self.load(Order, order)
        found.check_no_dispute("refund.executed")
        if found.state != "paid":
            raise IllegalTransitionError(order, "refund.executed (undelivered)", found.state)
        due = after(found.paid_at, minutes) if found.paid_at else ""
        if now < due:
            raise NotYetError(f"{order}: may be delivered until {due}")
        new = Refund(refund)
        left = found.units - found.units_refunded
        request = _request(command, new, found, found.escrow, left)
        new.request(command, request)
        new.approve(command)
        execute(command, found, self.load(Key, found.key), new, "returned")

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


def _request(
    command: Command, refund: Refund, order: Order, amount: int, units: int
) -> RefundRequested:
    return RefundRequested(
        *refund.follows(command),
        order=order.id,
        merchant=order.merchant,
        amount=amount,
        currency=order.currency,
        units=units,
    )


def after(moment: str, minutes: int) -> str:
    """Return the moment that is *minutes* after *moment*, both RFC 3339 in UTC."""
    later = datetime.fromisoformat(moment) + timedelta(minutes=minutes)
    return f"{later:%Y-%m-%dT%H:%M:%SZ}"
