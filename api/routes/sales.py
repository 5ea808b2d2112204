"""Sales: what happens to an order that was placed, from its cancellation to its confirmation.

The money is released, and an order that is over is closed, by timers alone: nobody does so by
hand (``features.md``, 3.2 and 3.3). Delivery is a policy's; an operator does it where nothing
follows the log. ``tests/api/test_sales.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import order_parties
from api.access.reach import Granted
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.ids import OrderId
from api.stating import Body
from domain.command import Command
from domain.policies.periods import DEFAULTS

VOUCHER_SECONDS = DEFAULTS.voucher_hours * 3_600
"""For which a code is good (``features.md``, 3.8)."""


class NewUse(Body):
    """How much of a bundle is used."""

    units: Annotated[
        int, Field(ge=1, le=10_000, strict=True, description="Units of the bundle.", examples=[1])
    ]


def sale_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of orders that were placed."""
    router = APIRouter(prefix="/v1", tags=["orders"])
    _ending(router, ledger)
    _using(router, ledger)
    return router


def _buyer_of(ledger: Deployment, asked: Granted, order: str) -> str:
    return asked.object(order, order_parties(ledger.trade, order)).buyer


def _ending(router: APIRouter, ledger: Deployment) -> None:
    """Add what moves the order itself."""

    @command_route(
        router, "/orders/{order}/cancellation", answer=_cancelled, operation_id="orders_cancel"
    )
    def cancel_order(order: OrderId, asked: Asked) -> Task:
        """Give up an order that is not paid; its key is free again at once."""
        return Task(
            lambda command: ledger.trade.close_order(command, order, "cancelled"),
            _buyer_of(ledger, asked, order),
            "consumer",
        )

    @command_route(
        router, "/orders/{order}/confirmation", answer=_confirmed, operation_id="orders_confirm"
    )
    def confirm_order(order: OrderId, asked: Asked) -> Task:
        """Confirm receipt: the refund window ends, and the merchant's money is released soon."""
        return Task(
            lambda command: ledger.trade.confirm_order(command, order, "consumer"),
            _buyer_of(ledger, asked, order),
            "consumer",
        )

    @command_route(
        router, "/orders/{order}/delivery", answer=_delivered, operation_id="orders_deliver"
    )
    def deliver_order(order: OrderId, asked: Asked) -> Task:
        """Deliver a paid order by hand: its buyer gets a redemption code, good for 24 h."""
        asked.object(order, order_parties(ledger.trade, order))

        def act(command: Command) -> object:
            return ledger.trade.deliver_order(command, order, this_moment(VOUCHER_SECONDS))

        return Task(act)


def _using(router: APIRouter, ledger: Deployment) -> None:
    """Add what the buyer does with the goods."""

    @command_route(
        router, "/orders/{order}/voucher", answer=_issued, operation_id="orders_renew_voucher"
    )
    def renew_voucher(order: OrderId, asked: Asked) -> Task:
        """Ask for a new redemption code, good for 24 h; the one before it is good no more."""

        def act(command: Command) -> object:
            return ledger.trade.renew_voucher(command, order, this_moment(VOUCHER_SECONDS))

        return Task(act, _buyer_of(ledger, asked, order), "consumer")

    @command_route(
        router, "/orders/{order}/activation", answer=_activated, operation_id="orders_activate"
    )
    def activate_key(order: OrderId, asked: Asked) -> Task:
        """Activate the order's key without typing its code; happens once for a key."""
        buyer = _buyer_of(ledger, asked, order)

        def act(command: Command) -> object:
            return ledger.trade.activate_key(command, order, buyer, this_moment())

        return Task(act, buyer, "consumer")

    @command_route(router, "/orders/{order}/uses", answer=_used, operation_id="orders_use_units")
    def use_units(order: OrderId, body: NewUse, asked: Asked) -> Task:
        """Use units of an activated bundle."""
        buyer = _buyer_of(ledger, asked, order)
        return Task(
            lambda command: ledger.trade.use_units(command, order, buyer, body.units),
            buyer,
            "consumer",
        )


def _cancelled(done: Recorded) -> dict[str, Any]:
    closed = done.one("order.closed")
    return {"order": closed.stream, "cause": closed.data["cause"], **done.receipt()}


def _confirmed(done: Recorded) -> dict[str, Any]:
    return {"order": done.one("order.confirmed").stream, **done.receipt()}


def _issued(done: Recorded) -> dict[str, Any]:
    issued = done.one("voucher.issued")
    return {"key": issued.stream, "expires_at": issued.data["expires_at"], **done.receipt()}


def _activated(done: Recorded) -> dict[str, Any]:
    return {"key": done.one("key.activated").stream, **done.receipt()}


def _used(done: Recorded) -> dict[str, Any]:
    used = done.one("bundle.unit_used")
    return {"key": used.stream, "units": used.data["units"], **done.receipt()}


def _delivered(done: Recorded) -> dict[str, Any]:
    issued = done.one("voucher.issued")
    return {
        "order": done.one("order.delivered").stream,
        "key": issued.stream,
        "expires_at": issued.data["expires_at"],
        **done.receipt(),
    }
