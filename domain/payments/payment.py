"""A checkout's payment, as the channel reports it (``features.md``, G3 and 3.2).

Its stream is what keeps one transaction from paying twice: whatever a channel says of a
payment stands in it, in the order in which it was heard. What a payment is *for* stands in
``payment.initiated``, by our own record: the orders, the sum of their prices, the channel and
the connection. Proved by ``tests/domain/payments/test_payment.py``.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import AmountMismatchError
from domain.money import Money
from domain.payments import events
from domain.payments.channel import Route

_HEARD: Final = ("early", "initiated", "captured", "unmatched")

PAYMENT_TABLE: Table = {
    # Money can be there before we know what for: it waits, and is taken when we do.
    "payment.initiated": {NEW: "initiated", "early": "initiated"},
    "payment.captured": {NEW: "captured", "initiated": "captured"},
    "payment.unmatched": {
        NEW: "early",
        "early": "early",
        "initiated": "unmatched",
        "captured": "captured",
        "unmatched": "unmatched",
    },
    "payment.charged_back": {"captured": "captured"},
    "payment.callback_refused": {state: state for state in _HEARD},
}


class Payment(Aggregate):
    """Money for one checkout."""

    TOPIC = "payment"
    PREFIX = "pay"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": PAYMENT_TABLE}

    __slots__ = (
        *("charged_back", "checkout", "due", "forgeries", "kept", "orders", "returns", "route"),
        *("came_by", "sandbox", "state", "transaction", "transactions"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.checkout = ""
        self.due: Money | None = None
        self.orders: tuple[str, ...] = ()
        self.route: Route | None = None
        """That was asked."""
        self.came_by: Route | None = None
        """By which money came before anybody was asked."""
        self.transaction: str | None = None
        """The one that paid."""
        self.transactions: set[str] = set()
        """All that brought money."""
        self.kept: dict[str, tuple[Money, Route]] = {}
        """By transaction: money that waits for us to learn what it is for."""
        self.returns: dict[str, str] = {}
        """By refund of money that came for nothing: the transaction that brought it."""
        self.sandbox: bool | None = None
        self.charged_back = False
        self.forgeries = 0

    @property
    def way(self) -> Route | None:
        """By which its money comes and goes back."""
        return self.route or self.came_by

    def initiate(
        self,
        command: Command,
        checkout: str,
        due: Money,
        orders: Sequence[str] = (),
        route: Route | None = None,
    ) -> None:
        """Ask the channel for *due*, to pay *orders*, by *route*."""
        initiated = events.PaymentInitiated(
            *self.follows(command),
            checkout,
            due.amount,
            due.currency,
            channel=route.channel if route else None,
            connection=route.connection if route else None,
            orders=tuple(orders) or None,
        )
        self.happen(command, initiated)

    def capture(
        self,
        command: Command,
        received: Money,
        payer: dict[str, str] | None,
        transaction: events.Transaction | None = None,
    ) -> None:
        """Take the channel's word that *received* was captured for what waits for it.

        Raises:
            AmountMismatchError: it is more than was asked for, or of another currency; or
                less, where no transaction of a channel says what became of the rest.
        """
        due = self.due
        whole = transaction is None
        if due is None or received.currency != due.currency or received.amount > due.amount:
            raise AmountMismatchError(f"{self.id}: {received} came, {due} was asked for")
        if whole and received != due:
            raise AmountMismatchError(f"{self.id}: {received} came, {due} was asked for")
        captured = events.PaymentCaptured(
            *self.follows(command),
            self.checkout,
            received.amount,
            received.currency,
            payer,
            transaction=transaction.id if transaction else None,
            sandbox=transaction.sandbox if transaction else None,
        )
        self.happen(command, captured)

    def assume_captured(
        self, command: Command, checkout: str, paid: Money, payer: dict[str, str] | None
    ) -> None:
        """Record a payment of the past that the source does not mention but implies."""
        self.happen(
            command,
            events.PaymentCaptured(
                *self.follows(command), checkout, paid.amount, paid.currency, payer, "assumed"
            ),
        )

    def find_no_use(self, command: Command, unmatched: events.PaymentUnmatched) -> None:
        """Record money that nothing waits for."""
        self.happen(command, unmatched)

    def charge_back(self, command: Command, back: Money, transaction: events.Transaction) -> None:
        """Record that the payer's bank took *back* what was captured."""
        follows = self.follows(command)
        self.happen(
            command,
            events.PaymentChargedBack(
                *follows, back.amount, back.currency, transaction.id, transaction.sandbox
            ),
        )

    def refuse_callback(
        self, command: Command, reason: str, *, verified: bool | None = None
    ) -> None:
        """Record that a callback was not believed, and why."""
        follows = self.follows(command)
        self.happen(command, events.PaymentCallbackRefused(*follows, reason, verified))
