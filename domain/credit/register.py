"""Records that exist once for each merchant: the file, the deposit, the sanctions.

They have no identifier of their own but the merchant's; one without events is a new one.
``tests/domain/credit/test_c4_deposits.py``.
"""

from typing import Any, TypeVar, cast

from eventsourcing.application import AggregateNotFoundError

from domain.aggregate import Aggregate
from domain.credit.deposit import Deposit
from domain.credit.file import CreditFile
from domain.credit.ranking import weight_of
from domain.credit.rules import PARTS
from domain.credit.sanction import SanctionRecord
from domain.desk import Desk

A = TypeVar("A", bound=Aggregate)


class Register(Desk):
    """Finds what the platform keeps of a merchant."""

    def credit_of(self, merchant: str) -> CreditFile:
        """Return the merchant's credit file."""
        return self.kept(CreditFile, merchant)

    def deposit_of(self, merchant: str) -> Deposit:
        """Return the merchant's deposit."""
        return self.kept(Deposit, merchant)

    def sanctions_of(self, merchant: str) -> SanctionRecord:
        """Return the sanctions that were ever applied to the merchant."""
        return self.kept(SanctionRecord, merchant)

    def ranking_weight(self, merchant: str, now: str) -> int:
        """Return the weight of the merchant's goods at *now*, in basis points."""
        found = self.sanctions_of(merchant).in_force(now)
        traffic = min((each.step.traffic for each in found), default=PARTS)
        return weight_of(self.credit_of(merchant).grade, traffic)

    def kept(self, kind: type[A], name: str) -> A:
        """Return the record of *kind* that is called *name*, a new one if the log has none."""
        stream = f"{kind.PREFIX}{name}"
        try:
            found = self.repository.get(stream, projector_func=cast("Any", kind.project))
        except AggregateNotFoundError:
            return kind(stream)
        return cast("A", found)
