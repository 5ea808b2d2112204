"""Asking a channel: to collect, to pay back, and what became of either.

The log first, then the channel: what is asked for stands in the log before anybody is asked,
so that a process that dies in between asks again, with the same idempotency key, and nothing
is collected or paid out twice (``features.md``, F8: a failed transfer is retried once-only).
A transfer that failed for certain is another question from then on: its key counts the
failures that the log has. ``tests/domain/payments/test_f8_transfer.py``.
"""

from collections.abc import Mapping

from domain.errors import IllegalTransitionError, NotYetError
from domain.orders.order import Order
from domain.outside.party import UntrustedAnswerError
from domain.payments.callback import Kind, Notice
from domain.payments.channel import Asked, Channel, Connection, Route, Transfer
from domain.payments.payment import Payment
from domain.payments.receiving import NewCommand, Receiving
from domain.refunds.refund import Refund

Channels = Mapping[Route, Channel]


def ask_payment(desk: Receiving, channels: Channels, payment: str) -> Asked:
    """Ask the payment's channel to collect it; safe to do again.

    Raises:
        NotYetError: the payment names no channel that we are connected to.
        PartyError: the channel gives no answer; ask again.
    """
    found = desk.load(Payment, payment)
    if found.due is None or found.state != "initiated":
        raise IllegalTransitionError(payment, "collecting", found.state)
    return _channel(channels, found).ask_payment(
        payment, found.checkout, found.due, f"{payment}/collect"
    )


def send_refund(desk: Receiving, channels: Channels, refund: str) -> Transfer | None:
    """Ask the channel to pay a refund back that was executed; safe to do again.

    Returns:
        What the channel says of the transfer; None where it was settled before.

    Raises:
        NotYetError: nothing was executed, or no channel collected what is to go back.
        PartyError: the channel gives no answer; ask again.
    """
    found = desk.load(Refund, refund)
    if found.state == "settled":
        return None
    if found.state not in ("approved", "failed"):
        raise NotYetError(f"{refund}: is {found.state}: nothing is to be paid back")
    payment = desk.load(Payment, paid_by(desk, found))
    transaction = payment.returns.get(refund, payment.transaction)
    if transaction is None:
        raise NotYetError(f"{refund}: {payment.id} was collected by no channel")
    key = f"{refund}/{found.failures}"
    return _channel(channels, payment).send_refund(refund, transaction, found.money, key)


def learn_refund(
    desk: Receiving,
    channels: Channels,
    connection: Connection,
    refund: str,
    asking: tuple[str, str, NewCommand],
) -> Transfer:
    """Ask what became of a refund's transfer, and record its end, where no callback said so.

    Args:
        desk: to record at.
        channels: to ask.
        connection: that collected the money.
        refund: whose transfer is asked for.
        asking: the question's new idempotency key, the moment, and what makes a command.
    """
    key, now, new_command = asking
    found = desk.load(Refund, refund)
    payment = desk.load(Payment, paid_by(desk, found))
    answer = _channel(channels, payment).find_refund(refund, key)
    if answer.state != "pending":
        kind: Kind = "refund.settled" if answer.state == "settled" else "refund.failed"
        notice = Notice(
            *(kind, connection.account, payment.id, payment.checkout, answer.transfer),
            *(found.money.amount, found.money.currency, now, answer.sandbox),
            refund=refund,
            reason=answer.reason,
        )
        desk.take_answer(notice, connection, now, new_command)
    return answer


def learn_payment(
    desk: Receiving,
    channels: Channels,
    connection: Connection,
    payment: str,
    asking: tuple[str, str, NewCommand],
) -> bool:
    """Ask whether a payment was made, and take it, where no callback said so.

    The arguments are those of `learn_refund`.

    Returns:
        Whether it was made.
    """
    key, now, new_command = asking
    found = desk.load(Payment, payment)
    answer = _channel(channels, found).find_payment(payment, key)
    if answer.state != "paid":
        return False
    if answer.transaction is None or answer.amount is None or answer.currency is None:
        raise UntrustedAnswerError(f"{payment}: paid, and not by what")
    notice = Notice(
        *("payment.paid", connection.account, payment, found.checkout),
        *(answer.transaction, answer.amount, answer.currency, now),
        answer.sandbox,
    )
    desk.take_answer(notice, connection, now, new_command)
    return True


def paid_by(desk: Receiving, refund: Refund) -> str:
    """Return the payment whose money the refund pays back.

    Raises:
        NotYetError: its order was never paid.
    """
    payment = refund.payment or desk.load(Order, refund.order).payment
    if payment is None:
        raise NotYetError(f"{refund.id}: {refund.order} was never paid")
    return payment


def _channel(channels: Channels, payment: Payment) -> Channel:
    found = None if payment.way is None else channels.get(payment.way)
    if found is None:
        raise NotYetError(f"{payment.id}: no channel of ours collects it")
    return found
