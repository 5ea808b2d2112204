"""Postings: double-entry lines in the stream of whatever moved the money (G8, 3.3, I3).

A posting stands in the stream of the thing that it is about, right behind the event that
moved the money: an order's in the order's stream, a payment's in the payment's, a settled
refund's in the refund's. Those streams have one writer at a time anyway, so that postings
never contend with each other, as they would in one journal a day; and whoever has the
order's history has all of its money. Journals (`domain.ledger.journal`) are left to what
has no such thing: services of the import, deposits.
``tests/domain/ledger/test_posting.py``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

from domain.aggregate import Aggregate
from domain.command import Command
from domain.errors import UnbalancedError
from domain.event import Event
from domain.ledger.journal import LedgerPosted, Line, Occasion, check_balanced

Lines = Sequence[tuple[str, int]]
"""Accounts, by the names of `domain.ledger.accounts`, and what each gains."""
Balances = Counter[tuple[str, str]]
"""Minor units by account and currency."""


class About(TypedDict, total=False):
    """Whom and what a posting names."""

    merchant: str | None
    buyer: str | None
    order: str | None
    payment: str | None
    refund: str | None
    dispute: str | None
    withdrawal: str | None


def post(
    command: Command,
    carrier: Aggregate,
    occasion: Occasion,
    currency: str,
    lines: Lines,
    **about: Unpack[About],
) -> LedgerPosted:
    """Post *lines* in the stream of *carrier*, whose table must know ``ledger.posted``.

    Args:
        command: in which the money moves.
        carrier: the order, payment or refund that it moves for.
        occasion: why.
        currency: of all lines.
        lines: what each account gains; those of zero are left out.
        about: whom and what it names besides its stream.

    Raises:
        UnbalancedError: the lines do not sum to zero, or fewer than two are left.
    """
    posted = LedgerPosted(
        *carrier.follows(command),
        occasion=occasion,
        currency=currency,
        lines=tuple(Line(account, amount) for account, amount in lines if amount),
        **about,
    )
    check_balanced(posted)
    return carrier.happen(command, posted)


def balances(events: Iterable[Event]) -> Balances:
    """Return what every account has after the postings among *events*; zeros are left out.

    Raises:
        UnbalancedError: a posting does not sum to zero.
    """
    found: Balances = Counter()
    for event in events:
        if isinstance(event, LedgerPosted):
            check_balanced(event)
            for line in event.lines:
                found[line.account, event.currency] += line.amount
    return Counter({account: amount for account, amount in found.items() if amount})


def check_whole(found: Balances) -> None:
    """Refuse balances that do not sum to zero in every currency.

    Raises:
        UnbalancedError: they do not.
    """
    for currency in {each for _, each in found}:
        total = sum(amount for (_, each), amount in found.items() if each == currency)
        if total:
            raise UnbalancedError(f"all accounts in {currency} together have {total}, not zero")
