"""The chart of accounts: where an order's money can be, and nothing else (G8, 3.3).

A line says what one account gains (positive) or gives (negative). The ``channel`` stands
for the world outside: what came in through it is its minus. Per order, the money goes

    channel → clearing:<checkout> → escrow:<order> → merchant:<id>, or back out by
    escrow:<order> → refund:<refund> → channel

and a recall after release fills the escrow again from ``merchant:<id>``, ``deposit:<id>``,
``guarantee`` and ``debt:<id>``, in this order. When an order has ended and its refunds are
settled, every account with an order, a checkout or a refund in its name is at zero.
``tests/domain/ledger/test_posting.py``.
"""

from typing import Final

CHANNEL: Final = "channel"
"""The payment channels and the bank: the world outside, whose sign is turned."""
SUSPENSE: Final = "suspense"
"""Money whose reason is not known; see `domain.ledger.recon`."""
GUARANTEE: Final = "guarantee"
"""The platform's own money that stands in for merchants; never below zero."""
PENALTIES: Final = "penalties"
"""What sanctions took."""

GUARDED: Final = ("merchant", "debt", "guarantee")
"""Kinds of account whose balance is kept beside the log and bounded by the database."""


def clearing(checkout: str) -> str:
    """Name what the channel captured for *checkout* and no order has taken yet."""
    return f"clearing:{checkout}"


def escrow(order: str) -> str:
    """Name what is held, or frozen, for *order*."""
    return f"escrow:{order}"


def refund(refund: str) -> str:
    """Name what left the escrow for *refund* and the channel has not paid out yet."""
    return f"refund:{refund}"


def unmatched(payment: str) -> str:
    """Name what came in by *payment* and belongs to no order."""
    return f"unmatched:{payment}"


def merchant(merchant: str) -> str:
    """Name what *merchant* may withdraw; never below zero."""
    return f"merchant:{merchant}"


def debt(merchant: str) -> str:
    """Name what *merchant* owes after recalls, as a minus; never above zero."""
    return f"debt:{merchant}"


def deposit(merchant: str) -> str:
    """Name what *merchant* keeps with the platform as a security."""
    return f"deposit:{merchant}"


def payout(withdrawal: str) -> str:
    """Name what *withdrawal* took from a merchant and the bank has not paid out yet."""
    return f"payout:{withdrawal}"


def kind_of(account: str) -> str:
    """Return the kind of *account*: what stands before the colon."""
    return account.partition(":")[0]
