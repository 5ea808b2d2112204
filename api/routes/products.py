"""What a merchant says of a product that it offers: title, price, count, and that it ends.

A product is offered by `api.routes.goods`. ``tests/api/test_products.py``.
"""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import product_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route
from api.idempotency.clerk import Act
from api.ids import ProductId
from api.stating import Body, Sum
from domain.catalogue.product import ReleasePolicy


class NewTitle(Body):
    """What a product is called from now on."""

    title: str = Field(min_length=1, max_length=200, examples=["月卡 30 天"])
    release_policy: ReleasePolicy | None = Field(
        default=None, description="When the raw key is shown, for views from now on."
    )


class StockAdjustment(Body):
    """Stock that came or went without a sale."""

    units: int = Field(
        ge=-1_000_000, le=1_000_000, strict=True, description="In: positive. Out: negative."
    )


def product_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of products that are there already."""
    router = APIRouter(prefix="/v1", tags=["goods"])
    trade = ledger.trade

    def by_its_merchant(product: str, asked: Asked, act: Act) -> Task:
        merchant = asked.object(product, product_parties(trade, product)).merchant
        return Task(act, merchant, "merchant")

    @command_route(
        router, "/products/{product}/title", answer=_changed, operation_id="products_rename"
    )
    def rename_product(product: ProductId, body: NewTitle, asked: Asked) -> Task:
        """Give a product another title, and say when its raw keys are shown."""
        policy = body.release_policy
        return by_its_merchant(
            product,
            asked,
            lambda command: trade.rename_product(
                command, product, body.title, release_policy=policy
            ),
        )

    @command_route(
        router, "/products/{product}/price", answer=_changed, operation_id="products_reprice"
    )
    def reprice_product(product: ProductId, body: Sum, asked: Asked) -> Task:
        """Give a product another price, for the orders that follow."""
        return by_its_merchant(
            product, asked, lambda command: trade.reprice_product(command, product, body.money)
        )

    @command_route(
        router,
        "/products/{product}/case-sensitivity",
        answer=_changed,
        operation_id="products_tell_cases_apart",
    )
    def tell_cases_apart(product: ProductId, asked: Asked) -> Task:
        """Declare that raw keys which differ in case alone are different keys; for good."""
        return by_its_merchant(
            product, asked, lambda command: trade.tell_cases_apart(command, product)
        )

    @command_route(
        router, "/products/{product}/withdrawal", answer=_changed, operation_id="products_withdraw"
    )
    def withdraw_product(product: ProductId, asked: Asked) -> Task:
        """Offer a product no longer; keys on the shelf are taken off by ``keys_unlist``."""
        return by_its_merchant(
            product, asked, lambda command: trade.withdraw_product(command, product)
        )

    @command_route(
        router,
        "/products/{product}/stock-adjustments",
        answer=_changed,
        operation_id="products_adjust_stock",
    )
    def adjust_stock(product: ProductId, body: StockAdjustment, asked: Asked) -> Task:
        """Count stock in or out that came or went without a sale."""
        return by_its_merchant(
            product, asked, lambda command: trade.adjust_stock(command, product, body.units)
        )

    return router


def _changed(done: Recorded) -> dict[str, Any]:
    return {"product": done.facts[0].stream, **done.receipt()}
