"""A product of one merchant, and the stock it keeps outside the platform (``features.md``, G1).

``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, event, upcaster
from domain.payload import BuyerId, MerchantId, Reference, Units
from domain.qualification.categories import Category

PRODUCT_TABLE: Table = {
    "product.created": {NEW: "offered"},
    "product.updated": {"offered": "offered"},
    "product.withdrawn": {"offered": "withdrawn"},
    "product.stock_adjusted": {"offered": "offered", "withdrawn": "withdrawn"},
}


@event("product.created", schema=2)
class ProductCreated(Event):
    """A merchant offers something; the code is the merchant's own."""

    merchant: MerchantId
    code: str
    title: str | None = None
    category: Category | None = None
    """Of the goods; without one no scope of a qualified merchant covers them."""

    def _apply(self, product: "Product") -> None:
        product.merchant, product.code, product.title = self.merchant, self.code, self.title
        product.category = self.category


@upcaster("product.created", 1)
def without_a_category(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* as it is: version 1 had no word for the category."""
    return data


@event("product.updated")
class ProductUpdated(Event):
    """The product has another title."""

    title: str

    def _apply(self, product: "Product") -> None:
        product.title = self.title


@event("product.withdrawn")
class ProductWithdrawn(Event):
    """The product is no longer offered."""


@event("product.stock_adjusted")
class ProductStockAdjusted(Event):
    """Units came or went without a sale: found, lost, damaged, given away."""

    merchant: MerchantId
    units: int
    """Positive where units came, negative where they went."""
    row: Units | None = None
    """The row of the source file that says so."""
    buyer: BuyerId | None = None
    party: Reference | None = None
    """The person whom the source names beside it."""

    def _apply(self, product: "Product") -> None:
        product.stock += self.units


class Product(Aggregate):
    """Something that a merchant offers."""

    TOPIC = "product"
    PREFIX = "prd"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": PRODUCT_TABLE}

    __slots__ = ("category", "code", "merchant", "state", "stock", "title")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = self.code = ""
        self.title: str | None = None
        self.category: str | None = None
        self.stock = 0

    def create(
        self,
        command: Command,
        merchant: str,
        code: str,
        title: str | None,
        category: str | None = None,
    ) -> None:
        """Offer it."""
        follows = self.follows(command)
        self.happen(command, ProductCreated(*follows, merchant, code, title, category))

    def rename(self, command: Command, title: str) -> None:
        """Give it another title."""
        self.happen(command, ProductUpdated(*self.follows(command), title))

    def withdraw(self, command: Command) -> None:
        """Offer it no longer."""
        self.happen(command, ProductWithdrawn(*self.follows(command)))

    def adjust_stock(self, command: Command, adjusted: ProductStockAdjusted) -> None:
        """Count units in or out."""
        self.happen(command, adjusted)
