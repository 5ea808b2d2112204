"""Orders: a buyer orders a key, or any key of a product, and holds it.

``tests/api/test_orders.py``, ``tests/api/test_t16_sold_out.py``.
"""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import IdempotencyKey, Recorded, new_id, perform, this_moment
from chain.canonical import MAX_INTEGER
from domain.command import Command
from domain.identifiers import SUFFIX_PATTERN
from domain.money import Money
from domain.orders.placing import Basket, Wish

BuyerId = Annotated[str, Field(pattern=f"^usr_{SUFFIX_PATTERN}$")]
Amount = Annotated[
    int, Field(ge=1, le=MAX_INTEGER, strict=True, description="Minor units: fen, pence.")
]
ProductId = Annotated[str, Field(pattern=f"^prd_{SUFFIX_PATTERN}$")]
KeyId = Annotated[str, Field(pattern=f"^key_{SUFFIX_PATTERN}$")]
CheckoutId = Annotated[str, Field(pattern=f"^chk_{SUFFIX_PATTERN}$")]


class NewOrder(BaseModel):
    """What a buyer orders."""

    model_config = ConfigDict(extra="forbid")

    buyer: BuyerId
    product: ProductId | None = Field(default=None, description="Any key of it, or name a key.")
    key: KeyId | None = None
    amount: Amount | None = Field(
        default=None, description="What the buyer was told; refused if it is not the price."
    )
    currency: Literal["CNY", "EUR", "GBP", "HKD", "JPY", "USD"] | None = None
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

    @router.post("/orders", status_code=201, operation_id="orders_place")
    def place_order(
        body: NewOrder, asked: Asked, response: Response, key: IdempotencyKey = None
    ) -> dict[str, Any]:
        """Place an order and hold its key for 15 minutes; 409 `sold_out` if there is none."""
        asked.acting(buyer=body.buyer)
        order, checkout = new_id("ord"), body.checkout or new_id("chk")

        def act(command: Command) -> object:
            if body.key is not None and body.price is not None:
                basket = Basket(order, checkout, body.buyer, body.key, body.price)
                return ledger.trade.place_order(command, basket, this_moment())
            wish = Wish(order, checkout, body.buyer, str(body.product), body.price)
            return ledger.trade.order_product(command, wish, this_moment())

        def same(found: Recorded) -> bool:
            asked = body.model_dump(exclude_none=True)
            placed = found.of("order.placed")
            return len(placed) == 1 and asked.items() <= dict(placed[0].data).items()

        done = perform(
            ledger,
            key,
            (body.buyer, "consumer"),
            act,
            same,
        )
        response.headers.update(done.headers)
        [placed] = done.of("order.placed")
        held = {name: placed.data[name] for name in ("key", "amount", "currency", "hold_until")}
        return {
            "order": placed.stream,
            "checkout": placed.data["checkout"],
            **held,
            **done.receipt(),
        }

    @router.get("/products/{product}/stock", operation_id="products_stock")
    def read_stock(product: ProductId) -> dict[str, bool]:
        """Say whether the product can be ordered now: sold out means not orderable."""
        return {"orderable": ledger.trade.is_orderable(product, this_moment())}

    return router
