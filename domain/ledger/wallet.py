"""Use cases of the wallet (``features.md``, G8): withdrawals, and the guarantee account.

``tests/domain/ledger/test_g8_withdrawal.py``.
"""

from domain.command import Command
from domain.desk import use_case
from domain.errors import AmountMismatchError, OverdrawnError, WrongPartyError
from domain.identity.standing import require_right
from domain.ledger import accounts
from domain.ledger.journal import Journal
from domain.ledger.posting import post
from domain.ledger.withdrawal import Withdrawal
from domain.money import Money
from domain.refunds.recall import Recalls


class Wallet(Recalls):
    """What happens to money that no order needs any more."""

    @use_case
    def request_withdrawal(
        self, command: Command, withdrawal: str, merchant: str, wanted: Money
    ) -> None:
        """Take released money out of the merchant's balance, for the bank to pay.

        Raises:
            WrongPartyError: another than the merchant asks.
            UnverifiedError: nobody verified is behind it.
            AmountMismatchError: *wanted* is not positive.
            OverdrawnError: the balance, less what the merchant owes, is smaller.
        """
        if (command.meta.role, command.meta.actor) != ("merchant", merchant):
            raise WrongPartyError(f"{withdrawal}: only {merchant} withdraws its own money")
        require_right(self, merchant, "withdraw", wanted)
        if wanted.amount <= 0:
            raise AmountMismatchError(f"{withdrawal}: {wanted}: name a positive amount")
        free = self.balance_of(accounts.merchant(merchant), wanted.currency)
        free -= self.debt_of(merchant, wanted.currency)
        if wanted.amount > free:
            left = Money(max(free, 0), wanted.currency)
            raise OverdrawnError(f"{merchant}: {left} may be withdrawn, not {wanted}")
        Withdrawal(withdrawal).request(command, merchant, wanted)

    @use_case
    def pay_withdrawal(self, command: Command, withdrawal: str, transfer: str) -> None:
        """Record that the bank has paid; *transfer* is its name for the payment."""
        self.load(Withdrawal, withdrawal).pay(command, transfer)

    @use_case
    def fund_guarantee(self, command: Command, received: Money, transfer: str, now: str) -> None:
        """Put the platform's own money into the guarantee account.

        Raises:
            AmountMismatchError: *received* is not positive.
        """
        if received.amount <= 0:
            raise AmountMismatchError(f"{transfer}: {received}: name a positive amount")
        journal = self.kept(Journal, f"guarantee-{now[:10]}")
        lines = ((accounts.GUARANTEE, received.amount), (accounts.CHANNEL, -received.amount))
        post(command, journal, "guarantee_funded", received.currency, lines)
