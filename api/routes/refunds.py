"""Refunds: a buyer asks, the merchant answers, a channel pays.

What the merchant agrees to moves money and key at once; the channel's transfer follows, and is
told to us by `callbacks_receive`. An operator has it sent and asked for, and enters its end by
hand where the channel has said it by another way. An order that is not delivered in time is
paid back by a timer. ``tests/api/test_refunds.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import order_parties, refund_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id
from api.ids import OrderId, RefundId
from api.routes.payments import asking_about, connection_of
from api.stating import Body, Open
from domain.payments.channel import TRANSACTION_PATTERN, Transfer
from domain.payments.settling import learn_refund, paid_by, send_refund
from domain.refunds.refund import Refund

Reason = Annotated[Open, Field(examples=["the code was redeemed at 14:02"])]


class NewRefund(Body):
    """An order whose money is asked back."""

    order: OrderId
    units: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        strict=True,
        description="Of a bundle; by default all that are left.",
    )


class Declined(Body):
    """Why something is declined, or has failed."""

    reason: Reason


class Settled(Body):
    """The transfer by which a channel has paid."""

    transfer: str = Field(
        pattern=f"^{TRANSACTION_PATTERN}$",
        description="The channel's own id of it.",
        examples=["R000000001"],
    )


def refund_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of refunds."""
    router = APIRouter(prefix="/v1", tags=["refunds"])
    _answering(router, ledger)
    _paying(router, ledger)
    return router


def _answering(router: APIRouter, ledger: Deployment) -> None:
    """Add what buyer and merchant do."""

    @command_route(router, "/refunds", answer=_requested, operation_id="refunds_request")
    def request_refund(body: NewRefund, asked: Asked) -> Task:
        """Ask for an order's money back, or for that of units of its bundle."""
        buyer = asked.object(body.order, order_parties(ledger.trade, body.order)).buyer
        refund = new_id("rfd")
        return Task(
            lambda command: ledger.trade.request_refund(command, refund, body.order, body.units),
            buyer,
            "consumer",
        )

    @command_route(
        router, "/refunds/{refund}/approval", answer=_approved, operation_id="refunds_approve"
    )
    def approve_refund(refund: RefundId, asked: Asked) -> Task:
        """Agree: the money leaves the escrow and the key leaves the order, at once."""
        merchant = asked.object(refund, refund_parties(ledger.trade, refund)).merchant
        return Task(
            lambda command: ledger.trade.approve_refund(command, refund), merchant, "merchant"
        )

    @command_route(
        router, "/refunds/{refund}/refusal", answer=_declined, operation_id="refunds_decline"
    )
    def decline_refund(refund: RefundId, body: Declined, asked: Asked) -> Task:
        """Disagree; the buyer may open a dispute."""
        merchant = asked.object(refund, refund_parties(ledger.trade, refund)).merchant
        return Task(
            lambda command: ledger.trade.decline_refund(command, refund, body.reason),
            merchant,
            "merchant",
        )


def _paying(router: APIRouter, ledger: Deployment) -> None:
    """Add what an operator does between us and the channel."""

    @router.post("/refunds/{refund}/transfer", operation_id="refunds_send")
    def send(refund: RefundId, asked: Asked) -> dict[str, Any]:
        """Have the channel pay back what was agreed to; safe to do again: it is paid once."""
        asked.object(refund, refund_parties(ledger.trade, refund))
        return _told(refund, send_refund(ledger.trade, ledger.channels, refund))

    @router.post("/refunds/{refund}/inquiry", operation_id="refunds_inquire")
    def inquire(refund: RefundId, asked: Asked) -> dict[str, Any]:
        """Ask the channel what became of the transfer, and record its end."""
        asked.object(refund, refund_parties(ledger.trade, refund))
        trade = ledger.trade
        connection = connection_of(ledger, paid_by(trade, trade.load(Refund, refund)))
        asking = asking_about(ledger, refund)
        return _told(refund, learn_refund(trade, ledger.channels, connection, refund, asking))

    @command_route(
        router, "/refunds/{refund}/settlement", answer=_settled, operation_id="refunds_settle"
    )
    def settle_refund(refund: RefundId, body: Settled, asked: Asked) -> Task:
        """Enter that the channel has paid, where it says so by its statement alone."""
        asked.object(refund, refund_parties(ledger.trade, refund))
        return Task(lambda command: ledger.trade.settle_refund(command, refund, body.transfer))

    @command_route(router, "/refunds/{refund}/failure", answer=_failed, operation_id="refunds_fail")
    def fail_refund(refund: RefundId, body: Declined, asked: Asked) -> Task:
        """Enter that the channel could not pay; the next transfer is another one."""
        asked.object(refund, refund_parties(ledger.trade, refund))
        return Task(lambda command: ledger.trade.fail_refund(command, refund, body.reason))


def _told(refund: str, transfer: Transfer | None) -> dict[str, Any]:
    if transfer is None:
        return {"refund": refund, "state": "settled"}
    said = {"transfer": transfer.transfer, "state": transfer.state, "sandbox": transfer.sandbox}
    return {"refund": refund, **said}


def _requested(done: Recorded) -> dict[str, Any]:
    asked = done.one("refund.requested")
    named = {name: asked.data[name] for name in ("order", "amount", "currency", "units")}
    return {"refund": asked.stream, **named, **done.receipt()}


def _approved(done: Recorded) -> dict[str, Any]:
    paid = done.one("refund.executed")
    named = {name: paid.data[name] for name in ("amount", "currency", "units")}
    in_full = bool(done.of("order.refunded"))
    refund = done.one("refund.approved").stream
    return {"refund": refund, "order": paid.stream, **named, "in_full": in_full, **done.receipt()}


def _declined(done: Recorded) -> dict[str, Any]:
    return {"refund": done.one("refund.declined").stream, **done.receipt()}


def _settled(done: Recorded) -> dict[str, Any]:
    settled = done.one("refund.settled")
    return {"refund": settled.stream, "transfer": settled.data["transfer"], **done.receipt()}


def _failed(done: Recorded) -> dict[str, Any]:
    return {"refund": done.one("refund.failed").stream, **done.receipt()}
