"""Orders: a buyer orders a key and holds it. ``tests/api/test_orders.py``."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.bootstrap import Deployment
from api.commands import IdempotencyKey, Recorded, new_id, perform, this_moment
from chain.canonical import MAX_INTEGER
from domain.identifiers import SUFFIX_PATTERN
from domain.money import Money
from domain.orders.sales import Basket

BuyerId = Annotated[str, Field(pattern=f"^usr_{SUFFIX_PATTERN}$")]
KeyId = Annotated[str, Field(pattern=f"^key_{SUFFIX_PATTERN}$")]
CheckoutId = Annotated[str, Field(pattern=f"^chk_{SUFFIX_PATTERN}$")]


class NewOrder(BaseModel):
    """What a buyer orders."""

    model_config = ConfigDict(extra="forbid")

    buyer: BuyerId
    key: KeyId
    amount: int = Field(ge=0, le=MAX_INTEGER, strict=True, description="Minor units: fen, pence.")
    currency: Literal["CNY", "EUR", "GBP", "HKD", "JPY", "USD"]
    checkout: CheckoutId | None = Field(default=None, description="Default: one of its own.")


def order_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of orders."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    @router.post("/orders", status_code=201)
    def place_order(
        body: NewOrder, response: Response, key: IdempotencyKey = None
    ) -> dict[str, Any]:
        """Place an order and hold its key; 409 `sold_out` if somebody else has it."""
        basket = Basket(
            order=new_id("ord"),
            checkout=body.checkout or new_id("chk"),
            buyer=body.buyer,
            key=body.key,
            price=Money(body.amount, body.currency),
        )

        def same(found: Recorded) -> bool:
            asked = body.model_dump(exclude_none=True)
            placed = found.of("order.placed")
            return len(placed) == 1 and asked.items() <= dict(placed[0].data).items()

        done = perform(
            ledger,
            key,
            (body.buyer, "consumer"),
            lambda command: ledger.trade.place_order(command, basket, this_moment()),
            same,
        )
        response.headers.update(done.headers)
        [placed] = done.of("order.placed")
        return {"order": placed.stream, "checkout": placed.data["checkout"], **done.receipt()}

    return router
