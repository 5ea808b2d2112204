"""Use cases of a sale: from the order to the merchant's money (``features.md``, 3.2, 3.3).

The functions decide over aggregates in hand, so that the import, which knows its own
orders, uses the same ones; the methods of `Sales` load first.
``tests/domain/orders/test_sales.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import AmountMismatchError, IllegalTransitionError, WrongPartyError
from domain.identity.standing import require_right
from domain.keys.activation import USABLE, activate
from domain.keys.key import Key
from domain.money import Money
from domain.orders.events import CloseCause, ConfirmCause, OrderPlaced
from domain.orders.order import Order
from domain.payload import Basis
from domain.payments.payment import Payment
from domain.qualification.standing import require_reservable


@dataclass(frozen=True, slots=True)
class Basket:
    """What one order is about."""

    order: str
    """The order's new identifier."""
    checkout: str
    buyer: str
    key: str
    price: Money
    """Of the whole order."""


def place(command: Command, order: Order, key: Key, placed: OrderPlaced) -> None:
    """Place the order and hold its key."""
    order.place(command, placed)
    key.reserve(command, order.id)


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


class Sales(Desk):
    """What happens between buyer, merchant and channel when all goes well."""

    @use_case
    def place_order(self, command: Command, basket: Basket, now: str | None = None) -> None:
        """Order a key and hold it.

        Raises:
            SoldOutError: somebody else has it.
            UnverifiedError: buyer or merchant may not, as nobody verified is behind it.
        """
        key, order = self.load(Key, basket.key), Order(basket.order)
        require_right(self, basket.buyer, "buy", basket.price)
        require_right(self, key.merchant, "sell")
        require_reservable(self, command, key, now)
        placed = OrderPlaced(
            *order.follows(command),
            checkout=basket.checkout,
            buyer=basket.buyer,
            merchant=key.merchant,
            product=key.product,
            key=key.id,
            units=key.units,
            amount=basket.price.amount,
            currency=basket.price.currency,
        )
        place(command, order, key, placed)

    @use_case
    def initiate_payment(self, command: Command, payment: str, checkout: str, due: Money) -> None:
        """Ask the channel to collect *due* for a checkout."""
        Payment(payment).initiate(command, checkout, due)

    @use_case
    def capture_payment(
        self, command: Command, payment: str, received: Money, orders: Sequence[str], payer: object
    ) -> None:
        """Take the channel's word that a checkout was paid; its *orders* are then paid.

        Args:
            command: the channel's callback.
            payment: that was initiated.
            received: what the channel says it has.
            orders: all orders of the checkout.
            payer: who paid, as the channel says; sealed for the buyer.

        Raises:
            AmountMismatchError: it is not what was asked for, or not what the orders cost.
        """
        found = self.load(Payment, payment)
        loaded = [self.load(Order, each) for each in orders]
        if sum(each.amount for each in loaded) != received.amount:
            raise AmountMismatchError(f"{payment}: {received} is not what the orders cost")
        if any(each.checkout != found.checkout for each in loaded):
            raise WrongPartyError(f"{payment}: pays for checkout {found.checkout} alone")
        found.capture(command, received, command.seal(loaded[0].buyer, payer))
        for order in loaded:
            price = Money(order.amount, received.currency)
            pay(command, order, self.load(Key, order.key), payment, price)

    @use_case
    def refuse_callback(self, command: Command, payment: str, reason: str) -> None:
        """Record a callback that differs from our own record."""
        self.load(Payment, payment).refuse_callback(command, reason)

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
        held = found.state == "placed"
        found.close(command, cause)
        if held:
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
