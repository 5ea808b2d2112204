"""A late claim takes back what was released (``features.md``, 3.3).

From the merchant's balance, then the deposit, then the platform's guarantee account; what
nobody covers is the merchant's debt, which the next release pays first. All of it stands in
the command that opens the dispute. ``tests/domain/refunds/test_recall.py``.
"""

from domain.command import Command
from domain.credit.register import Register
from domain.ledger import accounts
from domain.ledger.balances import BALANCES
from domain.money import Money
from domain.orders.order import Order, Sources
from domain.orders.standings import Standings


class Recalls(Standings, Register):
    """Takes released money back."""

    def balance_of(self, account: str, currency: str) -> int:
        """Return the minor units that a guarded account has."""
        rows = self.rows_of(BALANCES, account=account, currency=currency)
        return int(rows[0][2]) if rows else 0

    def debt_of(self, merchant: str, currency: str) -> int:
        """Return the minor units that *merchant* owes."""
        return -self.balance_of(accounts.debt(merchant), currency)

    def recall_funds(self, command: Command, order: Order, dispute: str) -> None:
        """Fill the escrow of *order* again for a late *dispute*.

        Raises:
            IllegalTransitionError: its funds are not released.
        """
        order.check("funds.recalled")
        wanted, currency = order.released, order.currency
        merchant = min(wanted, self.balance_of(accounts.merchant(order.merchant), currency))
        deposit = self._draw(command, order, dispute, wanted - merchant)
        left = wanted - merchant - deposit
        guarantee = min(left, self.balance_of(accounts.GUARANTEE, currency))
        order.recall(command, dispute, Sources(merchant, deposit, guarantee, left - guarantee))

    def _draw(self, command: Command, order: Order, dispute: str, wanted: int) -> int:
        deposit = self.deposit_of(order.merchant)
        if not wanted or not deposit.balance or deposit.currency != order.currency:
            return 0
        return deposit.draw(command, Money(wanted, order.currency), order.id, dispute).amount
