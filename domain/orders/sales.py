"""Use cases of a sale: from the payment to the merchant's money (``features.md``, 3.2, 3.3).

The functions decide over aggregates in hand, so that the import, which knows its own
orders, uses the same ones; the methods of `Sales` load first.
``tests/domain/orders/test_sales.py``.
"""

from domain.command import Command
from domain.desk import use_case
from domain.errors import IllegalTransitionError, WrongPartyError
from domain.keys.activation import USABLE, activate
from domain.keys.key import Key
from domain.money import Money
from domain.orders.events import CloseCause, ConfirmCause
from domain.orders.holds import end_hold
from domain.orders.order import Order
from domain.orders.placing import Basket, Placing, place
from domain.payload import Basis

__all__ = ["USABLE", "Basket", "Sales", "confirm", "pay", "place", "release"]


def pay(
    command: Command,
    order: Order,
    key: Key,
    payment: str,
    received: Money,
    basis: Basis | None = None,
) -> None:
    """Take the money for the order; the key is the buyer's from now on."""
    order.pay(command, payment, received, basis)
    end_hold(command, order)
    key.sell(command, order.id)


def confirm(command: Command, order: Order, key: Key | None, cause: ConfirmCause) -> None:
    """Confirm receipt; an activated *key* follows, an unused one need not be in hand."""
    order.confirm(command, cause)
    if key is not None:
        key.order_confirmed(command)


def release(command: Command, order: Order, key: Key | None) -> None:
    """Release the funds; a confirmed *key* follows, an unused one need not be in hand."""
    order.release_funds(command)
    if key is not None:
        key.funds_released(command)


class Sales(Placing):
    """What happens between buyer, merchant and channel when all goes well."""

    @use_case
    def deliver_order(self, command: Command, order: str, voucher_until: str) -> None:
        """Give the buyer a redemption code that is good until *voucher_until*."""
        found = self.load(Order, order)
        key = self.load(Key, found.key)
        found.check_no_dispute("order.delivered")
        key.issue_voucher(command, found.buyer, voucher_until)
        found.deliver(command)
        if key.units > 1:
            key.issue_bundle(command)

    @use_case
    def expire_voucher(self, command: Command, order: str, now: str) -> None:
        """End the order's redemption code, whose time is over at *now*."""
        self._key_of(self.load(Order, order)).expire_voucher(command, now)

    @use_case
    def renew_voucher(self, command: Command, order: str, voucher_until: str) -> None:
        """Give the buyer a new code, so that expiry never forfeits the goods."""
        found = self.load(Order, order)
        found.check_no_dispute("voucher.issued")
        self._key_of(found).issue_voucher(command, found.buyer, voucher_until)

    @use_case
    def activate_key(self, command: Command, order: str, buyer: str, now: str) -> None:
        """Redeem the order's key on the platform.

        Raises:
            WrongPartyError: *buyer* did not buy it.
        """
        found, key = self.key_for_use(order, buyer, "key.activated")
        activate(command, found, key, buyer, now)

    @use_case
    def use_units(self, command: Command, order: str, buyer: str, units: int) -> None:
        """Use units of an activated bundle."""
        _, key = self.key_for_use(order, buyer, "bundle.unit_used")
        key.use_units(command, units)

    @use_case
    def confirm_order(self, command: Command, order: str, cause: ConfirmCause) -> None:
        """Confirm receipt: the buyer, or the timer at the end of the window."""
        found = self.load(Order, order)
        confirm(command, found, self.load(Key, found.key), cause)

    @use_case
    def release_funds(self, command: Command, order: str) -> None:
        """Release the escrow to the merchant."""
        found = self.load(Order, order)
        release(command, found, self.load(Key, found.key))

    @use_case
    def close_order(self, command: Command, order: str, cause: CloseCause) -> None:
        """Close an order that was never paid, or one that is completed."""
        found = self.load(Order, order)
        if cause == "expired" and found.state == "closed_unpaid":
            # Whoever needed its key or its buyer's slot was there before the timer.
            return
        held = found.state == "placed"
        found.close(command, cause)
        if held:
            end_hold(command, found)
            self.load(Key, found.key).release_reservation(command, found.id)

    def key_for_use(self, order: str, buyer: str, topic: str) -> tuple[Order, Key]:
        """Return the order and its key, if *buyer* may use it now.

        Raises:
            WrongPartyError: *buyer* did not buy it, or it is another order's by now.
            DisputeOpenError: a dispute is open.
            IllegalTransitionError: the order is not in a state for it.
        """
        found = self.load(Order, order)
        if found.buyer != buyer:
            raise WrongPartyError(f"{order} was not bought by {buyer}")
        found.check_no_dispute(topic)
        if found.state not in USABLE:
            raise IllegalTransitionError(order, topic, found.state)
        return found, self._key_of(found)

    def _key_of(self, order: Order) -> Key:
        """Return the order's key, which must not be another order's by now."""
        key = self.load(Key, order.key)
        if key.order != order.id:
            raise WrongPartyError(f"{key.id} is no longer the key of {order.id}")
        return key
