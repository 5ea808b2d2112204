"""Use cases of sanctions (``features.md``, C5), and what they forbid.

``tests/domain/credit/test_c5_sanctions.py``.
"""

from collections.abc import Sequence

from domain.command import Command
from domain.credit.deposits import Deposits
from domain.credit.ladder import NEWEST, Ground
from domain.credit.sanction import LiftCause
from domain.desk import use_case
from domain.errors import SanctionedError
from domain.identifiers import check
from domain.money import Money


class Sanctions(Deposits):
    """What happens when a merchant breaks a rule."""

    def check_may_list(self, command: Command, merchant: str, now: str | None = None) -> None:
        """Refuse a merchant whom a sanction in force forbids to list.

        Args:
            command: that lists.
            merchant: who lists.
            now: RFC 3339, UTC; by default the moment that the command itself names.

        Raises:
            SanctionedError: one does, or may do and nobody says what time it is.
        """
        record = self.sanctions_of(merchant)
        moment = now or command.meta.occurred_at
        # Without a time nobody can say that a sanction is over: say it, rather than guess.
        found = record.live() if moment is None else record.in_force(moment)
        for each in found:
            if each.step.stops_listing:
                undated = "; name the time of asking" if moment is None else ""
                raise SanctionedError(f"{merchant}: {each.id} until {each.ends_at}{undated}")
        super().check_may_list(command, merchant, now)

    @use_case
    def apply_sanction(
        self,
        command: Command,
        merchant: str,
        sanction: str,
        ground: Ground,
        relied_on: Sequence[int],
        now: str,
    ) -> None:
        """Sanction a breach; the ladder says how.

        Args:
            command: of staff, or of a rule.
            merchant: who broke it.
            sanction: the new identifier.
            ground: what was broken.
            relied_on: leaf indexes of the events that show it.
            now: RFC 3339, UTC.
        """
        record = self.sanctions_of(merchant)
        record.apply(command, check(sanction, "snc"), ground, tuple(relied_on), now, NEWEST)

    @use_case
    def appeal_sanction(
        self, command: Command, merchant: str, sanction: str, reason: str, now: str
    ) -> None:
        """Let the merchant appeal."""
        self.sanctions_of(merchant).appeal(command, sanction, reason, now)

    @use_case
    def lift_sanction(
        self,
        command: Command,
        merchant: str,
        sanction: str,
        cause: LiftCause,
        reason: str,
        now: str,
    ) -> None:
        """Let staff end it early; an appeal is granted by another person than applied it.

        What the sanction took of the deposit goes back into it.
        """
        self.sanctions_of(merchant).lift(command, sanction, cause, reason)
        deposit = self.deposit_of(merchant)
        lost = deposit.forfeited_for.get(sanction)
        if lost is not None:
            deposit.top_up(command, Money(lost, deposit.currency), sanction)
            self.post_deposit(command, deposit, "deposit_topped_up", lost, "penalties", now)

    @use_case
    def expire_sanction(self, command: Command, merchant: str, sanction: str, now: str) -> None:
        """Record that its end date has passed."""
        self.sanctions_of(merchant).expire(command, sanction, now)
