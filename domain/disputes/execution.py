"""Carrying out a ruling: money and key move in the command that says so (F8, 3.3, 3.4).

``tests/domain/disputes/test_f8_execution.py``.
"""

from domain.command import Command
from domain.disputes.dispute import Dispute
from domain.errors import RefundTooLargeError, UnlawfulRulingError, WrongPartyError
from domain.keys.events import FaultCause
from domain.keys.key import Key
from domain.money import Money
from domain.orders.order import Order
from domain.refunds.refund import Refund, RefundRequested
from domain.refunds.returns import execute


def carry_out(command: Command, dispute: Dispute, order: Order, key: Key, refund: Refund) -> None:
    """Refund what the executed ruling orders, then unfreeze what is left.

    Args:
        command: that executed the ruling.
        dispute: with its ruling.
        order: frozen by it.
        key: of the order.
        refund: new; used if money goes back.

    Raises:
        RefundTooLargeError: more than was captured and not yet paid out.
        WrongPartyError: the key is not the order's any more.
    """
    if dispute.outcome in ("refund", "partial_refund"):
        _refund(command, dispute, order, key, refund)
    if order.funds == "frozen":
        order.unfreeze(command, dispute.id)


def _refund(command: Command, dispute: Dispute, order: Order, key: Key, refund: Refund) -> None:
    if key.order != order.id:
        raise WrongPartyError(f"{key.id} is no longer the key of {order.id}")
    amount = order.escrow if dispute.amount is None else dispute.amount
    if not 0 < amount <= min(order.escrow, order.amount):
        left = Money(order.escrow, order.currency)
        raise RefundTooLargeError(f"{dispute.id}: orders {amount}, and the escrow holds {left}")
    refund.units = _units(dispute, key)
    refund.money = Money(amount, order.currency)
    request = RefundRequested(
        *refund.follows(command),
        order=order.id,
        merchant=order.merchant,
        amount=amount,
        currency=order.currency,
        units=refund.units,
    )
    refund.request(command, request)
    refund.approve(command)
    effect = dispute.key_effect
    if effect == "unchanged":
        if amount == order.escrow:
            raise UnlawfulRulingError(f"{dispute.id}: a full refund says what becomes of the key")
        # Nothing becomes of it: the order goes on with what is left.
        effect = "voided"
    execute(command, order, key, refund, effect, _cause(dispute))


def _units(dispute: Dispute, key: Key) -> int:
    """Return the units that are given back: none for a mere reduction of the price."""
    if dispute.outcome == "partial_refund":
        return 0
    return key.units_left if dispute.units is None else dispute.units


def _cause(dispute: Dispute) -> FaultCause:
    """Say why a refund sets the key aside."""
    facts = dispute.facts
    is_silent = facts is not None and facts.merchant_fault == "none"
    return "upstream_unknown" if is_silent else "fault"
