"""The guard that other areas ask: may this party do that? See ``features.md``, A6.

A party that has no account was never enrolled: the file of past sales knows no accounts, nor
does a deployment whose parties are verified elsewhere. Such a party may do everything, unless
the application is configured with ``IDENTITY_REQUIRED=yes``; then it counts as unverified.
Whoever has an account is held to it in any case. The guard reads what is committed: a right
that ends while a command is under way ends with the next one.
``tests/domain/identity/test_a6_no_anonymous.py``.
"""

from typing import Final

from domain.desk import Desk
from domain.errors import NotFoundError, UnverifiedError
from domain.identity.account import Account, Right, account_of, subjects_of
from domain.identity.limits import VERSION_1
from domain.money import Money

REQUIRED: Final = "IDENTITY_REQUIRED"
"""Of the application's environment: ``yes`` makes strangers unverified."""

PIPL: Final = "个人信息保护法第四十七条 / PIPL, art. 47"
MAX_BASIS: Final = 200
"""Characters that a package has for it."""


def require_right(desk: Desk, party: str, right: Right, money: Money | None = None) -> None:
    """Refuse unless *party* may do what *right* says, buying for *money*.

    Raises:
        UnverifiedError: it may not, as nobody verified is behind it.
    """
    account = find_account(desk, party)
    if account is None:
        if desk.env.get(REQUIRED) != "yes":
            return
        account = Account(account_of(party))
    if not account.allows(right, money, VERSION_1):
        raise UnverifiedError(f"{right}: {party} is not verified: verify the person first")


def duty_over(desk: Desk, subject: str) -> str | None:
    """Return why the values of the data subject *subject* are kept and not used; None if not.

    At most 200 characters. So from the moment at which their erasure is asked for until they
    are destroyed.
    """
    try:
        account = desk.load(Account, subject if subject.startswith("acc_") else account_of(subject))
    except NotFoundError:
        return None
    if account.asked_by is None or subject not in subjects_of(account.party):
        return None
    if account.state == "erased":
        return f"{PIPL}; {account.id}: erasure decided, not carried out yet"
    return f"{account.duty or PIPL}; kept until {account.keep_until}"[:MAX_BASIS]


def find_account(desk: Desk, party: str) -> Account | None:
    """Return the account of *party*; None if it has none."""
    try:
        return desk.load(Account, account_of(party))
    except NotFoundError:
        return None
