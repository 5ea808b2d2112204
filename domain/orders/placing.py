"""Use cases of placing: a buyer orders a key, or a product and is given one of its keys.

``features.md``, 3.2 and 3.8. The price is the record's (T05). Many may want the same key: the
log gives it to one of them. Who ordered a product then tries another key of it, and is told
that it is sold out only when there is none. ``tests/domain/orders/test_placing.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chain.errors import MalformedError
from domain.catalogue.product import Product
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import (
    ConcurrentChangeError,
    HoldLimitError,
    NotOfferedError,
    SoldOutError,
    StolenKeyError,
    UpstreamNotUnusedError,
)
from domain.identity.standing import require_right
from domain.keys.key import Key
from domain.keys.shelf import SHELF
from domain.money import Money
from domain.orders.events import OrderPlaced
from domain.orders.holds import (
    Expiring,
    Hold,
    close_expired,
    expired_holds,
    hold_until,
    holder_of,
    is_over,
    take_slot,
)
from domain.orders.order import Order
from domain.qualification.standing import require_reservable

TRIES: Final = 32
"""Of one order: each one that fails means that somebody else got a key or a slot meanwhile."""
OF_THIS_KEY: Final = (SoldOutError, StolenKeyError, UpstreamNotUnusedError)
"""Refusals that say nothing of the product's other keys."""
CANDIDATES: Final = 128
"""Keys of a product that are looked at, of which one is drawn: few draw the same."""


@dataclass(frozen=True, slots=True)
class Basket:
    """What one order of a certain key is about."""

    order: str
    """The order's new identifier."""
    checkout: str
    buyer: str
    key: str
    price: Money
    """Of the whole order, as the buyer was told it; the product's own goes before it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one order of any key of a product is about."""

    order: str
    """The order's new identifier."""
    checkout: str
    buyer: str
    product: str
    price: Money | None = None
    """As the buyer was told it; refused if it is not the product's."""


def place(command: Command, order: Order, key: Key, placed: OrderPlaced) -> None:
    """Place the order and hold its key."""
    order.place(command, placed)
    key.reserve(command, order.id, placed.hold_until)


class Placing(Desk):
    """What happens up to the payment."""

    def place_order(
        self, command: Command, basket: Basket, now: str | None = None
    ) -> Sequence[int]:
        """Order a key and hold it for 15 minutes from *now*.

        Raises:
            SoldOutError: somebody else has it.
            NotOfferedError: its merchant offers the product no longer.
            AmountMismatchError: the product has another price.
            HoldLimitError: the buyer has three unpaid orders.
            UnverifiedError: buyer or merchant may not, as nobody verified is behind it.
        """
        moment = _moment(command, now)
        return self._record_order(command, lambda: self._place(command, basket, moment))

    def order_product(self, command: Command, wish: Wish, now: str | None = None) -> Sequence[int]:
        """Order any key of a product and hold it, as `place_order` does.

        Raises:
            SoldOutError: no key of it can be bought.
        """
        moment = _moment(command, now)

        def place_one() -> None:
            price = self.load(Product, wish.product).check_price(wish.price)
            key = self._choose(command, wish.product, moment)
            basket = Basket(wish.order, wish.checkout, wish.buyer, key, price)
            try:
                self._place(command, basket, moment)
            except OF_THIS_KEY as error:
                # It left the shelf between two looks, or may not be sold: there may be others.
                raise ConcurrentChangeError(str(error)) from error

        return self._record_order(command, place_one)

    def is_orderable(self, product: str, now: str) -> bool:
        """Say whether somebody could order *product* at *now*.

        Raises:
            NotFoundError: there is no such product.
        """
        if self.load(Product, product).state != "offered":
            return False
        return bool(self.rows_of(SHELF, 1, product=product) or expired_holds(self, now, 1, product))

    @use_case
    def expire_order(self, command: Command, order: str, now: str) -> None:
        """Close an order whose hold is over at *now*; what a worker does in good time.

        Raises:
            ConcurrentChangeError: it does not wait for its money, or its time is not over.
        """
        found = self.load(Order, order)
        if not is_over(found, now):
            raise ConcurrentChangeError(f"{order}: is {found.state}, held to {found.hold_until}")
        close_expired(command, found, self.load(Key, found.key))

    def _record_order(self, command: Command, decide: Callable[[], None]) -> Sequence[int]:
        """Decide and record, again and again while others are faster.

        What `decide` refuses is final, but for a `ConcurrentChangeError`; what the log or a
        register refuses is decided anew, and is then refused by `decide` if it still holds.
        """
        for tries_left in reversed(range(TRIES)):
            receipt = self.find_receipt(command.id)
            if receipt is not None:
                return receipt
            command.begin_anew()
            try:
                decide()
                return self._record_anew(command)
            except ConcurrentChangeError as error:
                if not tries_left:
                    raise error.__cause__ or error from None
        raise AssertionError("the last try returns or raises")

    def _record_anew(self, command: Command) -> Sequence[int]:
        try:
            return self.record(command)
        except (SoldOutError, HoldLimitError) as error:
            raise ConcurrentChangeError(str(error)) from error

    def _choose(self, command: Command, product: str, now: str) -> str:
        """Return a key of *product* that can be bought, drawn by lot."""
        keys = [key for _, key in self.rows_of(SHELF, CANDIDATES, product=product)]
        if not keys:
            keys = [each.key for each in expired_holds(self, now, CANDIDATES, product)]
        if not keys:
            raise SoldOutError(f"{product}: no key of it is left")
        return str(keys[int.from_bytes(command.draw(4)) % len(keys)])

    def _place(self, command: Command, basket: Basket, now: str) -> None:
        expiring = Expiring(self, command, now)
        key = expiring.key(basket.key)
        product = self.load(Product, key.product)
        if product.state != "offered":
            raise NotOfferedError(f"{product.id} is {product.state}")
        price = product.check_price(basket.price)
        require_right(self, basket.buyer, "buy", price)
        require_right(self, key.merchant, "sell")
        require_reservable(self, command, key, now)
        if key.state == "reserved" and key.order is not None:
            expiring.close(key.order)
        order, until = Order(basket.order), hold_until(now)
        hold = Hold(until, order.id, holder_of(self, basket.buyer), 0, key.product, key.id)
        if key.state == "listed":
            take_slot(self, command, expiring, hold, now)
        placed = OrderPlaced(
            *order.follows(command),
            checkout=basket.checkout,
            buyer=basket.buyer,
            merchant=key.merchant,
            product=key.product,
            key=key.id,
            units=key.units,
            amount=price.amount,
            currency=price.currency,
            hold_until=until,
        )
        place(command, order, key, placed)


def _moment(command: Command, now: str | None) -> str:
    """Return the moment at which a hold begins."""
    moment = now or command.meta.occurred_at
    if moment is None:
        raise MalformedError("now: say when it is: a hold has an end")
    return moment
