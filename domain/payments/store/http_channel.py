"""A payment channel over HTTP, and what the other side of the same protocol answers.

``POST`` with the signatures of `domain.outside.signing`; canonical JSON both ways.

    /v1/pay/collect  {channel, connection, payment, checkout, amount, currency} -> {sandbox, page}
    /v1/pay/refund   {channel, connection, refund, transaction, amount, currency}
                                                -> {sandbox, transfer, state, reason?}
    /v1/pay/find     {channel, connection, payment}
                                        -> {sandbox, state, transaction?, amount?, currency?}
    /v1/pay/refunded {channel, connection, refund} -> {sandbox, transfer, state, reason?}

What the channel says of its own accord are callbacks: `domain.payments.callback`. An answer
with a missing, unknown or ill-typed member is not trusted. Proved by
``tests/domain/payments/test_http_channel.py`` against the sandbox's process.
"""

from typing import Any, Self, TypeVar

from chain.errors import MalformedError
from domain.money import Money
from domain.outside.party import UntrustedAnswerError
from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.payload import payload_fields, read_object
from domain.payments.channel import (
    COLLECT,
    FIND,
    REFUND,
    REFUNDED,
    Asked,
    Collected,
    Route,
    Transfer,
)

A = TypeVar("A", Asked, Collected, Transfer)


class HttpChannel:
    """A `domain.payments.channel.Channel` over HTTP; threads may share it.

    Args:
        route: the channel, and which of our connections this is.
        client: that asks it; each connection has one, and so a circuit, of its own.
    """

    def __init__(self, route: Route, client: SignedClient) -> None:
        self._route = {"channel": route.channel, "connection": route.connection}
        self._client = client

    @classmethod
    def at(cls, route: Route, endpoint: Endpoint, patience: Patience | None = None) -> Self:
        """Return the channel that answers at *endpoint*."""
        return cls(route, SignedClient(endpoint, patience or Patience()))

    def ask_payment(self, payment: str, checkout: str, due: Money, key: str) -> Asked:
        """See `Channel.ask_payment`."""
        asked = {"payment": payment, "checkout": checkout, **_money(due)}
        return self._ask(Asked, COLLECT, asked, key)

    def send_refund(self, refund: str, transaction: str, money: Money, key: str) -> Transfer:
        """See `Channel.send_refund`."""
        asked = {"refund": refund, "transaction": transaction, **_money(money)}
        return self._ask(Transfer, REFUND, asked, key)

    def find_payment(self, payment: str, key: str) -> Collected:
        """See `Channel.find_payment`."""
        return self._ask(Collected, FIND, {"payment": payment}, key)

    def find_refund(self, refund: str, key: str) -> Transfer:
        """See `Channel.find_refund`."""
        return self._ask(Transfer, REFUNDED, {"refund": refund}, key)

    def _ask(self, kind: type[A], path: str, question: dict[str, Any], key: str) -> A:
        answer = self._client.ask(path, {**self._route, **question}, key)
        try:
            return kind(**read_object(payload_fields(kind), answer))
        except MalformedError as error:
            raise UntrustedAnswerError(f"answer: {error}") from None


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}
