"""A product of one merchant, and the stock it keeps outside the platform (``features.md``, G1).

``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import AmountMismatchError
from domain.event import Event, event, unchanged, upcaster
from domain.money import Money
from domain.payload import BuyerId, Currency, MerchantId, Reference, Units
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
    price: Units | None = None
    """Minor units of one order: one key of it, whatever units that has."""
    currency: Currency | None = None
    release_policy: ReleasePolicy | None = None
    """``redeem_on_platform`` where it is absent."""

    def _apply(self, product: "Product") -> None:
        product.merchant, product.code, product.title = self.merchant, self.code, self.title
        product.category = self.category
        product.take_price(self.price, self.currency)
        product.release_policy = self.release_policy or product.release_policy


@event("product.updated", schema=2)
class ProductUpdated(Event):
    """The product has another title, price or release policy; what is absent stays."""

    title: str | None = None
    price: Units | None = None
    currency: Currency | None = None
    release_policy: ReleasePolicy | None = None
    case_sensitive: bool | None = None
    """True once its raw keys are said to tell cases apart."""

    def _apply(self, product: "Product") -> None:
        product.case_sensitive = product.case_sensitive or bool(self.case_sensitive)
        product.title = product.title if self.title is None else self.title
        product.take_price(self.price, self.currency)
        product.release_policy = self.release_policy or product.release_policy


for _topic in ("product.created", "product.updated"):
    upcaster(_topic, 1)(unchanged)


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

    __slots__ = (
        *("case_sensitive", "category", "code", "merchant", "price", "release_policy", "state"),
        *("stock", "title"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = self.code = ""
        self.title: str | None = None
        self.release_policy: ReleasePolicy = "redeem_on_platform"
        self.category: str | None = None
        self.price: Money | None = None
        self.stock = 0
        self.case_sensitive = False

    def create(
        self,
        command: Command,
        merchant: str,
        code: str,
        title: str | None,
        category: str | None = None,
        price: Money | None = None,
        release_policy: ReleasePolicy | None = None,
    ) -> None:
        """Offer it.

        Raises:
            MalformedError: the price is nothing, or less.
        """
        minor, currency = (None, None) if price is None else (price.amount, price.currency)
        made = ProductCreated(
            *self.follows(command), merchant, code, title, category, minor, currency, release_policy
        )
        self.happen(command, made)

    def rename(
        self, command: Command, title: str, release_policy: ReleasePolicy | None = None
    ) -> None:
        """Give it another title, and another release policy if one is named."""
        follows = self.follows(command)
        self.happen(command, ProductUpdated(*follows, title, release_policy=release_policy))

    def reprice(self, command: Command, price: Money) -> None:
        """Give it another price, for the orders that follow.

        Raises:
            MalformedError: the price is nothing, or less.
        """
        follows = self.follows(command)
        self.happen(command, ProductUpdated(*follows, None, price.amount, price.currency))

    def check_price(self, stated: Money | None) -> Money:
        """Return what an order costs: the record's word, of which *stated* must be no other.

        A product without a price costs what is stated.

        Raises:
            AmountMismatchError: something else is stated, nothing where the record says
                nothing either, or no amount that anybody pays.
        """
        due = self.price or stated
        if due is None:
            raise AmountMismatchError(f"{self.id}: has no price: let its merchant set one")
        if stated is not None and stated != due:
            raise AmountMismatchError(f"{self.id}: {stated} was offered, {due} is the price")
        if due.amount <= 0:
            raise AmountMismatchError(f"{self.id}: {due} is no price: it is above nothing")
        return due

    def take_price(self, price: int | None, currency: str | None) -> None:
        """Follow an event that names a price."""
        if price is not None and currency is not None:
            self.price = Money(price, currency)

    def tell_cases_apart(self, command: Command) -> None:
        """Declare that raw keys of it that differ in case alone are different keys."""
        event = ProductUpdated(*self.follows(command), case_sensitive=True)
        self.happen(command, event)

    def withdraw(self, command: Command) -> None:
        """Offer it no longer."""
        self.happen(command, ProductWithdrawn(*self.follows(command)))

    def adjust_stock(self, command: Command, adjusted: ProductStockAdjusted) -> None:
        """Count units in or out."""
        self.happen(command, adjusted)
