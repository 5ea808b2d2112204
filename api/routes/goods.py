"""Goods: products that merchants offer, and the batches of keys that they bring.

``tests/api/test_orders.py``.
"""

from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.access.asking import Asked
from api.access.parties import product_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.ids import ProductId
from api.stating import Body, Currency, Merchant
from chain.canonical import MAX_INTEGER
from domain.catalogue.product import ReleasePolicy
from domain.command import Command
from domain.keys.intake import Upload
from domain.keys.line import MAX_RAW_KEY_SIZE
from domain.money import Money

MAX_LINES = 1_000

Line = Annotated[str, Field(max_length=MAX_RAW_KEY_SIZE)]


class NewProduct(Body):
    """A product to offer."""

    merchant: Merchant
    code: str = Field(min_length=1, max_length=64, examples=["SKU-001"])
    title: str | None = Field(default=None, min_length=1, max_length=200)
    category: str | None = Field(
        default=None, pattern="^[a-z][a-z0-9_]{0,39}$", examples=["game_card"]
    )
    release_policy: ReleasePolicy | None = Field(
        default=None, description="When the raw key is shown to its buyer; by default never."
    )
    price: int | None = Field(
        default=None, ge=1, le=MAX_INTEGER, strict=True, description="Of one order, minor units."
    )
    currency: Currency | None = None

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse half a price."""
        if (self.price is None) != (self.currency is None):
            raise ValueError("price and currency come together")
        return self

    @property
    def money(self) -> Money | None:
        """What one order costs."""
        if self.price is None or self.currency is None:
            return None
        return Money(self.price, self.currency)


class NewBatch(Body):
    """Raw keys of one product. They are sealed on arrival and never answered back."""

    merchant: Merchant
    product: ProductId
    lines: list[Line] = Field(min_length=1, max_length=MAX_LINES)
    units: int = Field(default=1, ge=1, le=10_000)


def goods_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of the merchant's side."""
    router = APIRouter(prefix="/v1", tags=["goods"])

    @command_route(router, "/products", answer=_created, operation_id="products_create")
    def create_product(body: NewProduct, asked: Asked) -> Task:
        """Offer a product."""
        asked.acting(merchant=body.merchant)
        product = new_id("prd")

        def act(command: Command) -> object:
            return ledger.trade.create_product(
                command,
                product,
                body.merchant,
                body.code,
                body.title,
                body.category,
                body.money,
                release_policy=body.release_policy,
            )

        return Task(act, body.merchant, "merchant")

    @command_route(router, "/batches", answer=_imported, operation_id="batches_import")
    def import_batch(body: NewBatch, asked: Asked) -> Task:
        """Take in a batch: each good line becomes a key, each bad one is named by its number."""
        asked.acting(merchant=body.merchant)
        asked.object(body.product, product_parties(ledger.trade, body.product))
        upload = Upload(new_id("bat"), body.merchant, body.product, body.lines, body.units)

        def act(command: Command) -> object:
            return ledger.trade.import_batch(
                command, upload, ledger.index_ring, lambda _: new_id("key"), this_moment()
            )

        return Task(act, body.merchant, "merchant")

    return router


def _created(done: Recorded) -> dict[str, Any]:
    return {"product": done.one("product.created").stream, **done.receipt()}


def _imported(done: Recorded) -> dict[str, Any]:
    return {
        "batch": done.one("product.import_started").stream,
        "keys": [each.stream for each in done.of("key.imported")],
        "rejected_lines": [each.data["line"] for each in done.of("product.import_line_rejected")],
        **done.receipt(),
    }
