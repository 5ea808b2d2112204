"""Payments: a checkout is charged at a channel, which tells us by `callbacks_receive`.

The log first, then the channel: what is asked for is recorded before anybody is asked, and
the same key again asks again, with the channel's own idempotency key. Where no callback came,
an operator has the channel asked. Nobody's word but a channel's pays an order.
``tests/api/test_payments.py``.
"""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import order_parties, payment_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.ids import BuyerId, CheckoutId, OrderId, PaymentId
from api.stating import Body, Currency
from chain.canonical import MAX_INTEGER
from domain.command import Command
from domain.errors import NotYetError, WrongPartyError
from domain.money import Money
from domain.payments.channel import NAME_PATTERN, Connection, Route
from domain.payments.payment import Payment
from domain.payments.receiving import NewCommand
from domain.payments.settling import ask_payment, learn_payment

MAX_ORDERS = 20
Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$", examples=["paylink"])]


class NewPayment(Body):
    """What is to be paid, and by which channel."""

    buyer: BuyerId
    checkout: CheckoutId
    orders: list[OrderId] = Field(
        min_length=1, max_length=MAX_ORDERS, description="The checkout's orders that it pays."
    )
    amount: int = Field(
        ge=1,
        le=MAX_INTEGER,
        strict=True,
        description="Minor units: fen, pence. What the orders cost together, or it is refused.",
    )
    currency: Currency
    channel: Name
    connection: Name | None = Field(
        default=None, description="Which of our connections to it; by default the first by name."
    )


def payment_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of payments."""
    router = APIRouter(prefix="/v1", tags=["payments"])

    @command_route(router, "/payments", answer=_initiated, operation_id="payments_initiate")
    def initiate_payment(body: NewPayment, asked: Asked) -> Task:
        """Ask a channel to collect what orders of a checkout cost; `page` is where to pay.

        503 `party_unavailable`: it is recorded, and the channel gives no answer; the same key
        again asks again.
        """
        asked.acting(buyer=body.buyer)
        for each in body.orders:
            asked.object(each, order_parties(ledger.trade, each))
        payment, route = new_id("pay"), _route(ledger, body.channel, body.connection)
        due = Money(body.amount, body.currency)

        def act(command: Command) -> object:
            return ledger.trade.initiate_payment(
                command, payment, body.checkout, due, body.orders, route, this_moment()
            )

        def shown(done: Recorded) -> dict[str, Any]:
            found = done.one("payment.initiated").stream
            if ledger.trade.load(Payment, found).state != "initiated":
                return {}  # it was paid meanwhile: there is nothing to collect
            said = ask_payment(ledger.trade, ledger.channels, found)
            return {"page": said.page, "sandbox": said.sandbox}

        return Task(act, body.buyer, "consumer", shown)

    @router.post("/payments/{payment}/inquiry", operation_id="payments_inquire")
    def ask_channel(payment: PaymentId, asked: Asked) -> dict[str, Any]:
        """Ask the channel whether a payment was made, and take it, where no callback came.

        Safe to do again: what the channel says is recorded once.
        """
        asked.object(payment, payment_parties(ledger.trade, payment))
        connection, asking = connection_of(ledger, payment), asking_about(ledger, payment)
        paid = learn_payment(ledger.trade, ledger.channels, connection, payment, asking)
        return {"payment": payment, "paid": paid}

    @command_route(
        router, "/payments/{payment}/return", answer=_returned, operation_id="payments_return"
    )
    def return_payment(payment: PaymentId, asked: Asked) -> Task:
        """Send back money that came for this payment before anybody asked, and waits still."""
        asked.object(payment, payment_parties(ledger.trade, payment))
        return Task(lambda command: ledger.trade.return_unclaimed(command, payment))

    return router


def connection_of(ledger: Deployment, payment: str) -> Connection:
    """Return our connection to the channel that collects *payment*.

    Raises:
        NotYetError: none of ours does.
    """
    way = ledger.trade.load(Payment, payment).way
    found = ledger.connections.get(way) if way is not None else None
    if found is None:
        raise NotYetError(f"{payment}: no channel of ours collects it")
    return found


def asking_about(ledger: Deployment, thing: str) -> tuple[str, str, NewCommand]:
    """Return what a channel is asked about *thing* with: a new name, now, and new commands."""
    return f"{thing}/{secrets.token_hex(8)}", this_moment(), ledger.command


def _route(ledger: Deployment, channel: str, connection: str | None) -> Route:
    """Return the connection that is asked.

    Raises:
        WrongPartyError: we have none.
    """
    found = sorted(
        each
        for each in ledger.channels
        if each.channel == channel and connection in (None, each.connection)
    )
    if not found:
        raise WrongPartyError(f"channel: we are not connected to {channel}: name another")
    return found[0]


def _initiated(done: Recorded) -> dict[str, Any]:
    asked = done.one("payment.initiated")
    named = ("checkout", "amount", "currency", "orders", "channel", "connection")
    return {
        "payment": asked.stream,
        **{name: asked.data[name] for name in named},
        **done.receipt(),
    }


def _returned(done: Recorded) -> dict[str, Any]:
    found = done.of("payment.unmatched")
    refunds = [each.data["refund"] for each in found]
    return {"payment": found[0].stream, "refunds": refunds, **done.receipt()}
