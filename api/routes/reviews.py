"""Reviews: orders that a risk decision does not simply allow (``features.md``, 3.2, D7).

A platform's own risk decision sends an order here, or blocks it, before any key is held; a
member of the staff ends the review. ``tests/api/test_reviews.py``.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import order_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id
from api.ids import BuyerId, CheckoutId, KeyId, OrderId, ProductId
from api.stating import Body, Currency, Open
from chain.canonical import MAX_INTEGER
from domain.command import Command
from domain.keys.shelf import SHELF
from domain.money import Money
from domain.orders.order import Order
from domain.orders.review import Wish

Reason = Annotated[Open, Field(examples=["ip_velocity: 9 orders in 60 s"])]


class NewReview(Body):
    """An order, and what the risk decision says of it."""

    buyer: BuyerId
    product: ProductId
    amount: int = Field(
        ge=1, le=MAX_INTEGER, strict=True, description="Of the whole order, minor units."
    )
    currency: Currency
    units: int = Field(default=1, ge=1, le=10_000, strict=True)
    checkout: CheckoutId | None = Field(default=None, description="Default: one of its own.")
    decision: Literal["review", "block"]
    reason: Reason


class Clearance(Body):
    """Why an order may go on."""

    reason: Reason
    key: KeyId | None = Field(
        default=None, description="To be held for it; by default any that is left."
    )


class Blockage(Body):
    """Why an order may not go on."""

    reason: Reason


def review_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of orders under review."""
    router = APIRouter(prefix="/v1", tags=["reviews"])

    @command_route(router, "/reviews", answer=_opened, operation_id="reviews_open")
    def open_review(body: NewReview, asked: Asked) -> Task:
        """Place an order under review, or a blocked one; no key is held for either."""
        asked.acting(buyer=body.buyer)
        price = Money(body.amount, body.currency)
        checkout = body.checkout or new_id("chk")
        wish = Wish(new_id("ord"), checkout, body.buyer, body.product, price, body.units)

        def act(command: Command) -> object:
            if body.decision == "block":
                return ledger.trade.place_blocked(command, wish, body.reason)
            return ledger.trade.place_for_review(command, wish, body.reason)

        return Task(act)

    @command_route(
        router, "/reviews/{order}/clearance", answer=_cleared, operation_id="reviews_clear"
    )
    def clear_review(order: OrderId, body: Clearance, asked: Asked) -> Task:
        """End the review well: a key is held. Where none is left the order is `sold_out`."""
        asked.object(order, order_parties(ledger.trade, order))

        def act(command: Command) -> object:
            key = body.key or _any_key(ledger, order)
            if key is None:
                return ledger.trade.close_review(command, order)
            return ledger.trade.clear_order(command, order, key, body.reason)

        return Task(act)

    @command_route(
        router, "/reviews/{order}/blockage", answer=_blocked, operation_id="reviews_block"
    )
    def block_review(order: OrderId, body: Blockage, asked: Asked) -> Task:
        """End the review badly: the order is blocked, and never has a key or money."""
        asked.object(order, order_parties(ledger.trade, order))
        return Task(lambda command: ledger.trade.block_order(command, order, body.reason))

    return router


def _any_key(ledger: Deployment, order: str) -> str | None:
    product = ledger.trade.load(Order, order).product
    found = ledger.trade.rows_of(SHELF, 1, product=product)
    return str(found[0][1]) if found else None


def _opened(done: Recorded) -> dict[str, Any]:
    placed = done.one("order.placed")
    state = "under_review" if done.of("order.held") else "blocked"
    checkout = placed.data["checkout"]
    return {"order": placed.stream, "checkout": checkout, "state": state, **done.receipt()}


def _cleared(done: Recorded) -> dict[str, Any]:
    if closed := done.of("order.closed"):
        return {"order": closed[0].stream, "state": "sold_out", **done.receipt()}
    cleared = done.one("order.cleared")
    order, key = cleared.stream, cleared.data["key"]
    return {"order": order, "state": "placed", "key": key, **done.receipt()}


def _blocked(done: Recorded) -> dict[str, Any]:
    order = done.one("order.blocked").stream
    return {"order": order, "state": "blocked", **done.receipt()}
