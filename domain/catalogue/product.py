"""A product of one merchant, and the stock it keeps outside the platform (``features.md``, G1).

``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

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

ReleasePolicy = Literal["redeem_on_platform", "reveal_at_activation", "reveal_after_confirmation"]
"""When the raw key is shown to its buyer (``features.md``, 3.1 and U1): never, by default;
where its operator has no interface, with the activation, or once receipt is confirmed."""


@event("product.created", schema=2)
class ProductCreated(Event):
    """A merchant offers something; the code is the merchant's own."""

    merchant: MerchantId
    code: str
    title: str | None = None
    category: Category | None = None
    """Of the goods; without one no scope of a qualified merchant covers them."""
    release_policy: ReleasePolicy | None = None
    """``redeem_on_platform`` where it is absent."""

    def _apply(self, product: "Product") -> None:
        product.merchant, product.code, product.title = self.merchant, self.code, self.title
        product.category = self.category
        product.release_policy = self.release_policy or product.release_policy


@upcaster("product.created", 1)
def created_without_category_and_policy(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* as it is: version 1 had no word for category and release policy."""
    return data


@event("product.updated", schema=2)
class ProductUpdated(Event):
    """The product has another title, or from now on another release policy."""

    title: str
    release_policy: ReleasePolicy | None = None
    """As it was where it is absent."""

    def _apply(self, product: "Product") -> None:
        product.title = self.title
        product.release_policy = self.release_policy or product.release_policy


@upcaster("product.updated", 1)
def updated_without_policy(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* as it is: version 2 knows a release policy."""
    return data


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

    __slots__ = ("category", "code", "merchant", "release_policy", "state", "stock", "title")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = self.code = ""
        self.title: str | None = None
        self.release_policy: ReleasePolicy = "redeem_on_platform"
        self.category: str | None = None
        self.stock = 0

    def create(
        self,
        command: Command,
        merchant: str,
        code: str,
        title: str | None,
        category: str | None = None,
        release_policy: ReleasePolicy | None = None,
    ) -> None:
        """Offer it."""
        follows = self.follows(command)
        self.happen(
            command, ProductCreated(*follows, merchant, code, title, category, release_policy)
        )

    def rename(
        self, command: Command, title: str, release_policy: ReleasePolicy | None = None
    ) -> None:
        """Give it another title, and another release policy if one is named."""
        follows = self.follows(command)
        self.happen(command, ProductUpdated(*follows, title, release_policy=release_policy))

    def withdraw(self, command: Command) -> None:
        """Offer it no longer."""
        self.happen(command, ProductWithdrawn(*self.follows(command)))

    def adjust_stock(self, command: Command, adjusted: ProductStockAdjusted) -> None:
        """Count units in or out."""
        self.happen(command, adjusted)
