"""Use cases of the credit file (``features.md``, C1 to C3): score a merchant anew.

``tests/domain/credit/test_c1_standing.py``.
"""

from domain.command import Command
from domain.credit.register import Register
from domain.credit.rules import RULES
from domain.credit.score import assess
from domain.credit.tally import Tally
from domain.desk import use_case
from domain.money import Money


class Standing(Register):
    """What happens when a merchant's trade is looked at again."""

    @use_case
    def recompute_credit(self, command: Command, merchant: str, tally: Tally) -> None:
        """Enter the score that *tally* gives; grade, weight and deposit follow it.

        Args:
            command: the platform's.
            merchant: whose file.
            tally: of the log up to the position that the score will name.

        Raises:
            ConcurrentChangeError: a score of this position or a later one was entered.
        """
        file = self.credit_of(merchant)
        before = file.grade
        file.recompute(command, assess(tally, merchant))
        if file.grade == before:
            return
        deposit = self.deposit_of(merchant)
        if deposit.version:
            base = Money(deposit.base, deposit.currency)
            deposit.demand(command, base, file.grade, RULES[file.rules])
