"""Activating a key: one rule for every path to it (``features.md``, E3, 3.1; T21).

``tests/domain/keys/test_e3_one_time.py``.
"""

from typing import Final

from domain.command import Command
from domain.keys.key import Key
from domain.orders.order import Order

USABLE: Final = frozenset({"delivered", "confirmed", "closed_completed"})
"""States of an order in which its key may be activated and used."""


def activate(command: Command, order: Order, key: Key, buyer: str, now: str) -> None:
    """Redeem *key* for *buyer*; what its order has reached already, it reaches at once.

    Raises:
        VoucherNotLiveError: the code was revoked or used, or has expired or is locked at *now*.
    """
    key.activate(command, buyer, now)
    if order.state in {"confirmed", "closed_completed"}:
        key.order_confirmed(command)
        if order.funds == "released":
            key.funds_released(command)
