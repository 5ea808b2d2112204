"""What the import remembers of its sales: enough to refund and to end them without reading.

Half a million orders are kept in arrays, about 30 bytes each and as much again for the
index by customer, code and price; identifiers are derived from row number and time, so
none is stored. ``tests/domain/retail/test_importing.py``.
"""

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.identifiers import derive
from domain.keys.key import Key
from domain.money import Money
from domain.orders.order import Order
from domain.retail.rows import CURRENCY

_NONE: Final = -1


class Part(NamedTuple):
    """Units of one sale that a cancellation takes back."""

    sale: int
    """The sale's number, from 0 in the order of rows."""
    units: int


class PastSales:
    """The goods sold so far, and how many units of each are left.

    Args:
        book: the name of the import, part of what identifiers are derived from.
    """

    def __init__(self, book: str) -> None:
        self._book = book
        self._rows = array("I")
        self._seconds = array("Q")
        self._units = array("i")
        self._left = array("i")
        self._prices = array("q")
        self._order_versions = array("H")
        self._key_versions = array("H")
        self._before = array("i")
        self._merchant_numbers = array("B")
        self._merchants: list[str] = []
        self._latest: dict[int, int] = {}
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def new_order(self, row: int, seconds: int) -> Order:
        """Return the order, nothing having happened, of the sale in *row* at Unix *seconds*."""
        return Order(self._order_id(row, seconds))

    def new_key(self, row: int, seconds: int) -> Key:
        """Return the key, nothing having happened, of the sale in *row* at Unix *seconds*."""
        return Key(self._key_id(row, seconds))

    def add(
        self, row: int, seconds: int, order: Order, key: Key, price: int, match: tuple[int, str]
    ) -> None:
        """Remember a delivered order.

        Args:
            row: of the file.
            seconds: Unix time of the sale.
            order: delivered.
            key: its key.
            price: of one unit, in pence.
            match: the customer's number, from 0, or -1 for a guest; and the code.
        """
        sale = len(self._rows)
        self._rows.append(row)
        self._seconds.append(seconds)
        self._units.append(order.units)
        self._left.append(order.units)
        self._prices.append(price)
        if order.merchant not in self._merchants:
            self._merchants.append(order.merchant)
        self._merchant_numbers.append(self._merchants.index(order.merchant))
        self._order_versions.append(order.version)
        self._key_versions.append(key.version)
        before = _NONE
        if match[0] >= 0:  # a guest's sale is never found again: nobody can say whose it was
            name = self._name(match[0], self._codes.setdefault(match[1], len(self._codes)), price)
            before = self._latest.get(name, _NONE)
            self._latest[name] = sale
        self._before.append(before)

    def take_back(self, customer: int, code: str, price: int, units: int) -> list[Part]:
        """Return which sales *units* come from, latest first; less where none is left."""
        parts: list[Part] = []
        if customer < 0 or code not in self._codes:
            return parts
        sale = self._latest.get(self._name(customer, self._codes[code], price), _NONE)
        while units and sale != _NONE:
            taken = min(units, self._left[sale])
            if taken:
                parts.append(Part(sale, taken))
                units -= taken
            sale = self._before[sale]
        return parts

    def order(self, sale: int) -> Order:
        """Return the order of *sale* as it is now."""
        units, left = self._units[sale], self._left[sale]
        return Order.as_delivered(
            self._order_id(self._rows[sale], self._seconds[sale]),
            self._order_versions[sale],
            escrow=Money(left * self._prices[sale], CURRENCY),
            units=units,
            refunded=units - left,
            key=self._key_id(self._rows[sale], self._seconds[sale]),
            merchant=self._merchants[self._merchant_numbers[sale]],
        )

    def key(self, sale: int) -> Key:
        """Return the key of *sale* as it is now."""
        row, seconds, units = self._rows[sale], self._seconds[sale], self._units[sale]
        order = self._order_id(row, seconds)
        refunded = units - self._left[sale]
        key_id = self._key_id(row, seconds)
        return Key.as_vouchered(key_id, self._key_versions[sale], order, units, refunded)

    def refunded(self, sale: int, order: Order, key: Key) -> None:
        """Remember what a refund left of *sale*."""
        self._left[sale] = order.units - order.units_refunded
        self._order_versions[sale], self._key_versions[sale] = order.version, key.version

    def left(self, first: int, end: int) -> Iterator[int]:
        """Give the sales in [first, end) of which something is left."""
        return (sale for sale in range(first, end) if self._left[sale])

    def _order_id(self, row: int, seconds: int) -> str:
        return derive("ord", seconds * 1000, f"{self._book}/{row}")

    def _key_id(self, row: int, seconds: int) -> str:
        return derive("key", seconds * 1000, f"{self._book}/{row}")

    @staticmethod
    def _name(customer: int, code: int, price: int) -> int:
        """Return customer, code and price as one number: much smaller than a tuple."""
        return (customer << 20 | code) << 50 | price
