"""Receiving a channel's callback: verified, compared with our own record, taken once.

``features.md``, 3.2 and T01 to T06; ``reliability.md``, F17, F18 and T5. A callback's command
is named after its nonce: the same one again finds the first receipt, after a crash and for
ever, and has no second effect. Every verified callback about a payment is an event: the
payment's capture, money that came for nothing, or ``payment.callback_refused`` for what
repeats or contradicts. A message that is not verified can be anybody's, so it writes at most
`FORGERIES` events to a payment, and only to one that exists and whose name the forger knows:
no flood of messages makes the log grow by more than that. The sender hears one answer for all
refusals. ``tests/domain/payments/test_f17_forged.py`` and ``test_f18_order.py``.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from chain.errors import MalformedError, VerificationError
from chain.register import Register, RegisterRow
from domain.command import Command
from domain.errors import CallbackRefusedError, ConcurrentChangeError, NotFoundError
from domain.event import Event, Meta
from domain.orders.order import Order
from domain.payments.callback import Delivery, Notice, read_notice, verify
from domain.payments.channel import Connection, Connections, Route
from domain.payments.collecting import Collecting, Receipt, send_back, unmatched
from domain.payments.events import PaymentCaptured, PaymentUnmatched, Transaction
from domain.payments.payment import Payment
from domain.refunds.refund import Refund

logger = logging.getLogger(__name__)

FORGERIES: Final = 3
"""Events that messages of unknown senders may write about one payment."""
TRIES: Final = 64
"""Of one callback, while others change what it is about: each that fails is another's success."""
PREFIX: Final = "callback/"
ASKED: Final = "query/"
"""Of the commands of callbacks, and of answers; channel, connection and nonce follow."""

CALLBACKS: Final = Register(
    "callbacks",
    {"channel": "text", "connection": "text", "nonce": "text", "transaction": "text"},
    key=("channel", "connection", "nonce"),
    unique={"callbacks_transaction_key": ("channel", "connection", "transaction")},
)

NewCommand = Callable[[Meta], Command]


class Receiving(Collecting):
    """What a channel tells us."""

    def receive_callback(
        self, delivery: Delivery, connections: Connections, now: str, new_command: NewCommand
    ) -> None:
        """Take a callback: what it says has happened when this returns.

        Args:
            delivery: as it came.
            connections: ours, with their pinned keys.
            now: the moment.
            new_command: makes the command in which it is recorded.

        Raises:
            CallbackRefusedError: it is not believed, or contradicts our record. It says
                nothing of why; nothing was delivered.
        """
        try:
            connection = _sender_of(delivery, connections, now)
        except VerificationError as error:
            self._note_forgery(delivery, str(error), new_command)
            raise CallbackRefusedError(str(error)) from None
        try:
            notice = read_notice(delivery.body)
        except MalformedError as error:
            logger.warning("callback of %s: %s", "/".join(connection.route), error)
            raise CallbackRefusedError(str(error)) from None
        command_id = f"{PREFIX}{'/'.join(connection.route)}/{delivery.nonce}"
        meta = _meta(connection.route, command_id, notice.payment)
        reason = self._take_notice(
            notice, connection, delivery.nonce, now, lambda: new_command(meta)
        )
        if reason is not None:
            raise CallbackRefusedError(reason)

    def take_answer(
        self, notice: Notice, connection: Connection, now: str, new_command: NewCommand
    ) -> None:
        """Take what the channel says when it is asked, as if it had called.

        Raises:
            CallbackRefusedError: it contradicts our record.
        """
        said = f"{notice.kind}/{notice.payment}/{notice.transaction}"
        command_id = f"{ASKED}{'/'.join(connection.route)}/{said}"
        meta = _meta(connection.route, command_id, notice.payment)
        reason = self._take_notice(notice, connection, said, now, lambda: new_command(meta))
        if reason is not None:
            raise CallbackRefusedError(reason)

    def _take_notice(
        self,
        notice: Notice,
        connection: Connection,
        nonce: str,
        now: str,
        new_command: Callable[[], Command],
    ) -> str | None:
        """Record what *notice* means; return why it was refused, if it was."""
        for tries_left in reversed(range(TRIES)):
            command = new_command()
            receipt = self.find_receipt(command.id)
            if receipt is not None:
                return self._refused_before(receipt)
            reason = self._weigh(command, notice, connection, now)
            if not command.events:
                return reason
            command.keep(_row(connection.route, nonce, command.events))
            try:
                self.record(command)
            except ConcurrentChangeError:
                # Another callback, the buyer or the clock was faster: all is looked at anew.
                if not tries_left:
                    raise
            else:
                return reason
        raise AssertionError("the last try returns or raises")

    def _weigh(
        self, command: Command, notice: Notice, connection: Connection, now: str
    ) -> str | None:
        payment = self._find_payment(notice.payment)
        fault = _fault_of(notice, payment, connection)
        if fault is None and notice.kind == "payment.paid":
            fault = self._take_money(command, notice, connection, payment, now)
        elif fault is None and notice.kind == "payment.charged_back":
            fault = _take_chargeback(command, notice, payment)
        elif fault is None:
            fault = self._take_transfer(command, notice, payment)
        if fault is None or payment.state == "new":
            return fault
        payment.refuse_callback(command, fault, verified=True)
        # A channel that repeats itself has done nothing wrong, and is to stop.
        return None if fault == "repeated" else fault

    def _take_money(
        self, command: Command, notice: Notice, by: Connection, payment: Payment, now: str
    ) -> str | None:
        """Let the money pay what waits for it, wait itself, or go back."""
        if notice.transaction in payment.transactions:
            return "repeated"
        channel, connection = by.route
        if self.rows_of(
            CALLBACKS, 1, channel=channel, connection=connection, transaction=notice.transaction
        ):
            return "transaction: brought money for another payment"
        money = notice.money
        payer = {"channel": channel, "transaction": notice.transaction}
        receipt = Receipt(by.route, _transaction(notice), money, payer)
        if payment.state in ("new", "early"):
            early = unmatched(payment, command, receipt, money, "early")
            payment.find_no_use(command, early)
        elif payment.state == "initiated":
            self._match(command, payment, receipt, now)
        else:
            send_back(command, payment, receipt, money, "double", None)
        return None

    def _take_transfer(self, command: Command, notice: Notice, payment: Payment) -> str | None:
        """Let the refund end, or wait for another try."""
        try:
            refund = self.load(Refund, str(notice.refund))
            paid_by = refund.payment or self.load(Order, refund.order).payment
        except NotFoundError:
            return "refund: there is no such refund"
        if paid_by != payment.id:
            return "refund: is of another payment"
        if refund.money != notice.money:
            return "amount: is not the refund's"
        if refund.state == "settled" or notice.transaction in refund.transfers:
            return "repeated"
        if refund.state not in ("approved", "failed"):
            return "refund: nothing was to be paid back"
        if notice.kind == "refund.settled":
            refund.settle(command, notice.transaction, sandbox=notice.sandbox or None)
        else:
            reason = notice.reason or "the channel says no more"
            refund.fail(command, reason, notice.transaction, sandbox=notice.sandbox or None)
        return None

    def _note_forgery(self, delivery: Delivery, reason: str, new_command: NewCommand) -> None:
        """Record a message that nobody vouches for, where it names a payment of ours."""
        logger.warning("a callback is not believed: %s", reason)
        try:
            payment = self.load(Payment, read_notice(delivery.body).payment)
        except (MalformedError, NotFoundError):
            return
        if payment.forgeries >= FORGERIES:
            return
        # Of forgeries that come together each number is written once; the rest is let go.
        command_id = f"forgery/{payment.id}/{payment.forgeries + 1}"
        command = new_command(
            Meta("unknown", "channel", "unknown", "callback", command_id, command_id)
        )
        payment.refuse_callback(command, reason, verified=False)
        try:
            self.record(command)
        except ConcurrentChangeError:
            return

    def _refused_before(self, receipt: Sequence[int]) -> str | None:
        """Say how a callback that comes again was answered when it first came."""
        first = self.recorder.select_notifications(receipt[0], len(receipt), stop=receipt[-1])
        for each in first:
            if each.topic == "payment.callback_refused":
                reason = self.mapper.to_domain_event(each).reason  # type: ignore[attr-defined]
                return None if reason == "repeated" else str(reason)
        return None


def _sender_of(delivery: Delivery, connections: Connections, now: str) -> Connection:
    """Return the connection that sent this.

    Raises:
        VerificationError: none of ours did.
    """
    connection = connections.get(Route(delivery.channel, delivery.connection))
    if connection is None:
        raise VerificationError("the callback is of no connection of ours")
    verify(delivery, connection, now)
    return connection


def _fault_of(notice: Notice, payment: Payment, connection: Connection) -> str | None:
    """Say in what *notice* contradicts our own record; None if in nothing."""
    money, paid = notice.money, notice.kind == "payment.paid"
    known, asked = payment.state != "new", payment.due is not None
    faults = {
        "account: is not ours at this channel": notice.account != connection.account,
        "payment: is not known": not known and not paid,
        "connection: is not the payment's": known and payment.way != connection.route,
        "checkout: is not the payment's": asked and notice.checkout != payment.checkout,
        "amount: is not what was asked for": asked and paid and payment.due != money,
    }
    return next((fault for fault, found in faults.items() if found), None)


def _take_chargeback(command: Command, notice: Notice, payment: Payment) -> str | None:
    if payment.state != "captured" or notice.transaction != payment.transaction:
        return "transaction: did not pay this"
    back = notice.money
    if payment.charged_back:
        return "repeated"
    if (
        payment.due is None
        or back.currency != payment.due.currency
        or back.amount > payment.due.amount
    ):
        return "amount: is more than was paid"
    payment.charge_back(command, back, _transaction(notice))
    return None


def callbacks_of(events: Iterable[Event]) -> Iterator[tuple[str, str, str, str | None]]:
    """Give the rows that the register must hold after *events*, all of the log's."""
    rows: dict[tuple[str, str, str], str | None] = {}
    for each in events:
        heard = each.meta.role == "channel" and each.meta.command_id.startswith((PREFIX, ASKED))
        if heard and each.TOPIC.split(".")[0] in ("payment", "refund"):
            _, channel, connection, nonce = each.meta.command_id.split("/", 3)
            key = channel, connection, nonce
            rows[key] = rows.get(key) or _brought_by(each)
    yield from sorted((*key, transaction) for key, transaction in rows.items())


def _brought_by(event: Event) -> str | None:
    """Return the transaction that *event* says brought money."""
    if isinstance(event, PaymentCaptured | PaymentUnmatched):
        return event.transaction
    return None


def _row(route: Route, nonce: str, events: Iterable[Event]) -> RegisterRow:
    brought = next((each for each in map(_brought_by, events) if each), None)
    return CALLBACKS.new(
        channel=route.channel, connection=route.connection, nonce=nonce, transaction=brought
    )


def _transaction(notice: Notice) -> Transaction:
    return Transaction(notice.transaction, True if notice.sandbox else None)


def _meta(route: Route, command_id: str, payment: str) -> Meta:
    return Meta("/".join(route), "channel", route.channel, "callback", command_id, payment)
