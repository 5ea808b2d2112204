"""Orders: a buyer orders a key, or any key of a product, and holds it.

``tests/api/test_orders.py``, ``tests/api/test_t16_sold_out.py``.
"""

from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.ids import BuyerId, CheckoutId, KeyId, ProductId
from api.stating import Body, Currency
from chain.canonical import MAX_INTEGER
from domain.command import Command
from domain.money import Money
from domain.orders.placing import Basket, Wish

Amount = Annotated[
    int, Field(ge=1, le=MAX_INTEGER, strict=True, description="Minor units: fen, pence.")
]


class NewOrder(Body):
    """What a buyer orders."""

    buyer: BuyerId
    product: ProductId | None = Field(default=None, description="Any key of it, or name a key.")
    key: KeyId | None = None
    amount: Amount | None = Field(
        default=None, description="What the buyer was told; refused if it is not the price."
    )
    currency: Currency | None = None
    checkout: CheckoutId | None = Field(default=None, description="Default: one of its own.")

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse what is about nothing, or about two things."""
        if (self.product is None) == (self.key is None):
            raise ValueError("name a product, or a key of it: one of them")
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency come together")
        if self.key is not None and self.amount is None:
            raise ValueError("an order of a certain key states amount and currency")
        return self

    @property
    def price(self) -> Money | None:
        """What the buyer was told."""
        if self.amount is None or self.currency is None:
            return None
        return Money(self.amount, self.currency)


def order_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of orders."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    @command_route(router, "/orders", answer=_placed, operation_id="orders_place")
    def place_order(body: NewOrder, asked: Asked) -> Task:
        """Place an order and hold its key for 15 minutes; 409 `sold_out` if there is none."""
        asked.acting(buyer=body.buyer)
        order, checkout = new_id("ord"), body.checkout or new_id("chk")

        def act(command: Command) -> object:
            if body.key is not None and body.price is not None:
                basket = Basket(order, checkout, body.buyer, body.key, body.price)
                return ledger.trade.place_order(command, basket, this_moment())
            wish = Wish(order, checkout, body.buyer, str(body.product), body.price)
            return ledger.trade.order_product(command, wish, this_moment())

        return Task(act, body.buyer, "consumer")

    @router.get("/products/{product}/stock", operation_id="products_stock")
    def read_stock(product: ProductId) -> dict[str, bool]:
        """Say whether the product can be ordered now: sold out means not orderable."""
        return {"orderable": ledger.trade.is_orderable(product, this_moment())}

    return router


def _placed(done: Recorded) -> dict[str, Any]:
    placed = done.one("order.placed")
    held = {name: placed.data[name] for name in ("key", "amount", "currency", "hold_until")}
    checkout = placed.data["checkout"]
    return {"order": placed.stream, "checkout": checkout, **held, **done.receipt()}
