"""Use cases of the review: orders that risk did not simply allow (``features.md``, 3.2, D7).

Until somebody has cleared it, no key is held for an order under review; a blocked one never
has a key or money. ``tests/domain/orders/test_review.py``.
"""

from dataclasses import dataclass

from domain.catalogue.product import Product
from domain.command import Command
from domain.desk import use_case
from domain.errors import IllegalTransitionError, ReasonMissingError, WrongPartyError
from domain.identity.standing import require_right
from domain.keys.key import Key
from domain.money import Money
from domain.orders.events import OrderPlaced
from domain.orders.order import Order
from domain.orders.standings import Standings


@dataclass(frozen=True, slots=True)
class Wish:
    """What one order is about for which no key is held."""

    order: str
    """The order's new identifier."""
    checkout: str
    buyer: str
    product: str
    price: Money
    """Of the whole order."""
    units: int = 1


class Review(Standings):
    """What happens to an order that somebody must look at."""

    @use_case
    def place_for_review(self, command: Command, wish: Wish, reason: str) -> None:
        """Take an order that the risk decision sends to review; no key is held.

        Raises:
            UnverifiedError: buyer or merchant may not, as nobody verified is behind it.
            ReasonMissingError: no reason is given.
        """
        self._take(command, wish, reason).hold(command, reason)

    @use_case
    def place_blocked(self, command: Command, wish: Wish, reason: str) -> None:
        """Record an order that the risk decision blocks."""
        self._take(command, wish, reason).block(command, reason)

    @use_case
    def clear_order(self, command: Command, order: str, key: str, reason: str) -> None:
        """End the review well: *key* is held. Where none is left, see `close_review`.

        Raises:
            WrongPartyError: the caller is no member of the staff, or the key is not of the
                product, merchant and units that were ordered.
            SoldOutError: somebody else has the key.
        """
        if command.meta.role != "staff":
            raise WrongPartyError(f"{order}: a review is ended by staff, not {command.meta.role}")
        found, wanted = self.load(Order, order), self.load(Key, key)
        _check_reason(order, reason)
        ordered = (found.product, found.merchant, found.units)
        if (wanted.product, wanted.merchant, wanted.units) != ordered:
            raise WrongPartyError(f"{key}: is not {found.units} of {found.product}")
        found.clear(command, key, reason)
        wanted.reserve(command, order)

    @use_case
    def block_order(self, command: Command, order: str, reason: str) -> None:
        """End the review badly.

        Raises:
            WrongPartyError: neither staff nor the platform calls.
        """
        if command.meta.role not in ("staff", "platform"):
            raise WrongPartyError(f"{order}: {command.meta.role} blocks no order")
        _check_reason(order, reason)
        self.load(Order, order).block(command, reason)

    @use_case
    def close_review(self, command: Command, order: str) -> None:
        """End the review of an order for which no key is left, as ``sold_out``.

        Raises:
            WrongPartyError: the caller is no member of the staff.
            IllegalTransitionError: it is under review no more.
        """
        if command.meta.role != "staff":
            raise WrongPartyError(f"{order}: a review is ended by staff, not {command.meta.role}")
        found = self.load(Order, order)
        if found.state != "under_review":
            raise IllegalTransitionError(order, "order.closed (sold_out)", found.state)
        found.close(command, "sold_out")

    def _take(self, command: Command, wish: Wish, reason: str) -> Order:
        _check_reason(wish.order, reason)
        order, product = Order(wish.order), self.load(Product, wish.product)
        require_right(self, wish.buyer, "buy", wish.price)
        require_right(self, product.merchant, "sell")
        placed = OrderPlaced(
            *order.follows(command),
            checkout=wish.checkout,
            buyer=wish.buyer,
            merchant=product.merchant,
            product=product.id,
            units=wish.units,
            amount=wish.price.amount,
            currency=wish.price.currency,
        )
        order.place(command, placed)
        return order


def _check_reason(order: str, reason: str) -> None:
    if not reason:
        raise ReasonMissingError(f"{order}: a risk decision states its reason")
