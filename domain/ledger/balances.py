"""Balances that the database itself bounds: what merchants may withdraw, owe, and share.

The register `BALANCES` has a row for each account of the kinds that `accounts.GUARDED`
names, and its CHECK holds their bounds: nobody's balance and not the guarantee account goes
below zero, no debt above it (``features.md``, 3.7, invariant 14). Commands add to it and
never contend; of two that together would take too much, the second is refused.
``tests/domain/ledger/test_balances.py``.
"""

from collections.abc import Iterable
from typing import Final

from chain.register import Register, RegisterRow
from domain.event import Event
from domain.ledger import accounts
from domain.ledger.posting import balances

BALANCES: Final = Register(
    "balances",
    {"account": "text", "currency": "text", "amount": "bigint"},
    key=("account", "currency"),
)


def additions(events: Iterable[Event]) -> Iterable[RegisterRow]:
    """Give what the postings among a command's *events* add to the guarded accounts.

    Raises:
        UnbalancedError: a posting does not sum to zero.
    """
    for (account, currency), amount in sorted(balances(events).items()):
        if accounts.kind_of(account) in accounts.GUARDED:
            yield BALANCES.add(account=account, currency=currency, amount=amount)


def guarded(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """Return the balances that the register has to have after *events*, but for zeros."""
    found = balances(events)
    return {
        account: amount
        for account, amount in found.items()
        if accounts.kind_of(account[0]) in accounts.GUARDED
    }
