"""Use cases of collecting: a checkout is charged, and what comes in meets what waits for it.

``features.md``, 3.2: money that arrives for an order not in ``placed`` is
``payment.unmatched`` and goes back by ``refund.executed``; it never moves the order. What is
due is the sum of the orders by our own record (T05). ``tests/domain/payments/``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import (
    AmountMismatchError,
    IllegalTransitionError,
    NotFoundError,
    NotYetError,
    WrongPartyError,
)
from domain.identifiers import derive, milliseconds
from domain.keys.key import Key
from domain.money import Money
from domain.orders.holds import Expiring, is_over
from domain.orders.order import Order
from domain.orders.sales import pay
from domain.payments.channel import Route
from domain.payments.events import PaymentUnmatched, Transaction, Unmatched
from domain.payments.payment import Payment
from domain.refunds.refund import Refund


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that a channel says it has."""

    route: Route
    transaction: Transaction
    money: Money
    payer: object = None
    """Who paid, as the channel says; sealed for the buyer."""


def refund_of(payment: str, transaction: str, order: str | None) -> str:
    """Return the refund by which money that came for nothing goes back: always the same."""
    return derive("rfd", milliseconds(payment), f"{payment}/{transaction}/{order or ''}")


class Collecting(Desk):
    """What happens between the order and its money."""

    @use_case
    def initiate_payment(
        self,
        command: Command,
        payment: str,
        checkout: str,
        due: Money,
        orders: Sequence[str] = (),
        route: Route | None = None,
        now: str | None = None,
    ) -> None:
        """Ask a channel to collect *due* for *orders* of a checkout.

        Money that came for this payment before is taken at once.

        Args:
            command: the buyer's.
            payment: its new identifier.
            checkout: of the orders.
            due: what the buyer was told; the orders' own prices say what it must be.
            orders: all that it is to pay; without them no callback is ever taken for it.
            route: the channel and the connection that will be asked.
            now: the moment; an order whose hold is over is not charged any more.

        Raises:
            AmountMismatchError: the orders cost something else, or other money has come.
            WrongPartyError: an order is of another checkout, or a channel is named and none is.
            IllegalTransitionError: an order does not wait for its money.
        """
        moment = now or command.meta.occurred_at
        if route is not None and not orders:
            raise WrongPartyError(f"{payment}: a channel collects for orders: name them")
        if orders:
            self._check_orders(checkout, due, orders, moment)
        found = self._find_payment(payment)
        early = dict(found.kept)
        if early and (due, route) not in early.values():
            raise AmountMismatchError(f"{payment}: other money than {due} has come for it already")
        found.initiate(command, checkout, due, orders, route)
        for name, (money, by) in early.items():
            if route is not None:
                receipt = Receipt(by, Transaction(name, found.sandbox), money)
                self._match(command, found, receipt, moment)

    @use_case
    def capture_payment(
        self, command: Command, payment: str, received: Money, orders: Sequence[str], payer: object
    ) -> None:
        """Take a trusted caller's word that a checkout was paid; its *orders* are then paid.

        A channel's word comes by `domain.payments.receiving` instead, and is not trusted.

        Args:
            command: the caller's.
            payment: that was initiated.
            received: what the channel has.
            orders: all orders of the checkout.
            payer: who paid, as the channel says; sealed for the buyer.

        Raises:
            AmountMismatchError: it is not what was asked for, or not what the orders cost.
        """
        found = self.load(Payment, payment)
        loaded = [self.load(Order, each) for each in orders]
        if sum(each.amount for each in loaded) != received.amount:
            raise AmountMismatchError(f"{payment}: {received} is not what the orders cost")
        if any(each.checkout != found.checkout for each in loaded):
            raise WrongPartyError(f"{payment}: pays for checkout {found.checkout} alone")
        found.capture(command, received, command.seal(loaded[0].buyer, payer))
        for order in loaded:
            price = Money(order.amount, received.currency)
            pay(command, order, self.load(Key, order.key), payment, price)

    @use_case
    def refuse_callback(self, command: Command, payment: str, reason: str) -> None:
        """Record a callback that differs from our own record."""
        self.load(Payment, payment).refuse_callback(command, reason)

    @use_case
    def return_unclaimed(self, command: Command, payment: str) -> None:
        """Send back money that came early and that nobody has asked for since.

        Raises:
            NotYetError: none is kept.
        """
        found = self.load(Payment, payment)
        if found.state != "early" or not found.kept:
            raise NotYetError(f"{payment}: keeps no early money")
        for name, (money, route) in dict(found.kept).items():
            receipt = Receipt(route, Transaction(name, found.sandbox), money)
            send_back(command, found, receipt, money, "unclaimed", None)

    def _match(self, command: Command, payment: Payment, receipt: Receipt, now: str | None) -> None:
        """Let *receipt*, which is what is due, pay the orders that wait; the rest goes back.

        An order's hold that is over ends in this command: its money comes late. A crash
        leaves all of it undone, and the channel says it again.
        """
        expiring = Expiring(self, command, now) if now is not None else None
        waiting: list[tuple[Order, Key]] = []
        useless: list[tuple[Order, Unmatched]] = []
        for order_id in payment.orders:
            order = self.load(Order, order_id)
            key = expiring.key(order.key) if expiring else self.load(Key, order.key)
            if order.state != "placed":
                useless.append((order, "late"))
            elif expiring and now is not None and is_over(order, now):
                expiring.close(order.id)
                useless.append((order, "late"))
            elif key.state != "reserved" or key.order != order.id:
                useless.append((order, "no_key"))
            else:
                waiting.append((order, key))
        if waiting:
            due = Money(sum(order.amount for order, _ in waiting), receipt.money.currency)
            payer = None
            if receipt.payer is not None:
                payer = command.seal(waiting[0][0].buyer, receipt.payer)
            payment.capture(command, due, payer, receipt.transaction)
        for order, key in waiting:
            pay(command, order, key, payment.id, Money(order.amount, order.currency))
        for order, cause in useless:
            money = Money(order.amount, order.currency)
            send_back(command, payment, receipt, money, cause, order.id)

    def _check_orders(
        self, checkout: str, due: Money, orders: Sequence[str], now: str | None
    ) -> None:
        found = [self.load(Order, each) for each in orders]
        if len(set(orders)) != len(orders) or any(each.checkout != checkout for each in found):
            raise WrongPartyError(f"{checkout}: every order of it is charged, once, and no other")
        for each in found:
            if each.state != "placed" or (now is not None and is_over(each, now)):
                state = "no longer held" if each.state == "placed" else each.state
                raise IllegalTransitionError(each.id, "payment.initiated", state)
        cost = {each.currency: 0 for each in found}
        for each in found:
            cost[each.currency] += each.amount
        if cost != {due.currency: due.amount} or due.amount <= 0:
            raise AmountMismatchError(f"{checkout}: {due} is not what its orders cost")

    def _find_payment(self, payment: str) -> Payment:
        """Return the payment, new where the log does not know it."""
        try:
            return self.load(Payment, payment)
        except NotFoundError:
            return Payment(payment)


def send_back(
    command: Command,
    payment: Payment,
    receipt: Receipt,
    money: Money,
    cause: Unmatched,
    order: str | None,
) -> None:
    """Record *money* that nothing waits for, and that it goes back.

    The refund's name follows from where the money came from, so its stream begins once.
    """
    transaction = receipt.transaction
    refund = Refund(refund_of(payment.id, transaction.id, order))
    payment.find_no_use(command, unmatched(payment, command, receipt, money, cause, order, refund))
    refund.send_back(command, payment.id, money)


def unmatched(
    payment: Payment,
    command: Command,
    receipt: Receipt,
    money: Money,
    cause: Unmatched,
    order: str | None = None,
    refund: Refund | None = None,
) -> PaymentUnmatched:
    """Return the event that says that *money* came for nothing."""
    return PaymentUnmatched(
        *payment.follows(command),
        money.amount,
        money.currency,
        cause,
        *receipt.route,
        receipt.transaction.id,
        order,
        refund.id if refund else None,
        receipt.transaction.sandbox,
    )
