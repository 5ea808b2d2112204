"""Use cases of the deposit (``features.md``, C4): every move is posted in double entry.

The account ``deposit:<merchant>`` of the journal always has the deposit's balance. A
merchant whose deposit is short puts nothing on the shelf until it has topped up.
``tests/domain/credit/test_c4_deposits.py``.
"""

from domain.command import Command
from domain.credit.deposit import Deposit
from domain.credit.register import Register
from domain.credit.rules import NEWEST, RULES
from domain.desk import use_case
from domain.disputes.dispute import Dispute
from domain.errors import DepositTooSmallError, DepositUnpaidError, WrongPartyError
from domain.ledger.journal import Journal, LedgerPosted, Line, Occasion
from domain.money import Money
from domain.orders.order import Order


class Deposits(Register):
    """What happens to the money that secures a merchant's promises."""

    def check_may_list(self, command: Command, merchant: str, now: str | None = None) -> None:
        """Refuse a merchant whose deposit is short.

        Raises:
            DepositUnpaidError: it is.
        """
        deposit = self.deposit_of(merchant)
        if deposit.shortfall:
            short = Money(deposit.shortfall, deposit.currency)
            raise DepositUnpaidError(f"{merchant}: the deposit is {short} short; top it up to list")
        super().check_may_list(command, merchant, now)

    @use_case
    def require_deposit(self, command: Command, merchant: str, base: Money) -> None:
        """Demand a deposit: *base* is the full one, the grade says which share is asked for."""
        file = self.credit_of(merchant)
        rules = RULES.get(file.rules, NEWEST)
        self.deposit_of(merchant).demand(command, base, file.grade, rules)

    @use_case
    def top_up_deposit(
        self, command: Command, merchant: str, received: Money, transfer: str, now: str
    ) -> None:
        """Take in a payment of the merchant; *transfer* is the bank's name for it."""
        deposit = self.deposit_of(merchant)
        deposit.top_up(command, received, transfer)
        self.post_deposit(command, deposit, "deposit_topped_up", received.amount, "channel", now)

    @use_case
    def return_deposit(
        self, command: Command, merchant: str, wanted: Money, transfer: str, now: str
    ) -> None:
        """Give back what is no longer demanded.

        Raises:
            DepositTooSmallError: less is free, or a sanction in force may still take it.
        """
        pending = [
            each.id for each in self.sanctions_of(merchant).in_force(now) if each.step.forfeit
        ]
        deposit = self.deposit_of(merchant)
        held = [each for each in pending if each not in deposit.forfeited_for]
        if held:
            raise DepositTooSmallError(f"{deposit.id}: is held for {held[0]}")
        deposit.give_back(command, wanted, transfer)
        self.post_deposit(command, deposit, "deposit_returned", -wanted.amount, "channel", now)

    @use_case
    def draw_deposit(
        self, command: Command, merchant: str, dispute: str, wanted: Money, now: str
    ) -> None:
        """Take back from the merchant what it was paid for a disputed order, once a dispute.

        Takes what there is if that is less; the rest is for others to cover (3.3).

        Raises:
            WrongPartyError: the dispute is about another merchant's order.
        """
        order = self.load(Order, self.load(Dispute, dispute).order)
        if order.merchant != merchant:
            raise WrongPartyError(f"{dispute}: is about an order of {order.merchant}")
        deposit = self.deposit_of(merchant)
        taken = deposit.draw(command, wanted, order.id, dispute)
        self.post_deposit(
            command, deposit, "deposit_drawn", -taken.amount, f"escrow:{order.id}", now
        )

    @use_case
    def forfeit_deposit(self, command: Command, merchant: str, sanction: str, now: str) -> None:
        """Take what a sanction takes, once it cannot be appealed or another person so decides."""
        share = self.sanctions_of(merchant).check_forfeit(command, sanction, now)
        deposit = self.deposit_of(merchant)
        lost = deposit.forfeit(command, share, sanction)
        self.post_deposit(command, deposit, "deposit_forfeited", -lost.amount, "penalties", now)

    def post_deposit(
        self,
        command: Command,
        deposit: Deposit,
        occasion: Occasion,
        amount: int,
        other: str,
        now: str,
    ) -> None:
        """Post *amount* to the deposit's account, and its opposite to the *other* one."""
        journal = self.kept(Journal, f"deposit.{deposit.merchant}-{now[:10]}")
        lines = (Line(f"deposit:{deposit.merchant}", amount), Line(other, -amount))
        posted = LedgerPosted(
            *journal.follows(command),
            occasion=occasion,
            currency=deposit.currency,
            lines=lines,
            merchant=deposit.merchant,
        )
        journal.post(command, posted)
