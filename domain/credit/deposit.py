"""A merchant's deposit: what its grade demands, what it has paid, what was taken from it.

``features.md``, C4 and 3.3: a better grade pays less. Money is posted in double entry in
the same command as the fact (`domain.credit.deposits`). The stream is named
``deposit/<merchant>``; a deposit has one currency. ``tests/domain/credit/test_c4_deposit.py``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.credit.rules import PARTS, Grade, Rules
from domain.errors import AmountMismatchError, DepositTooSmallError, IllegalTransitionError
from domain.event import Event, event
from domain.money import Money
from domain.payload import (
    Amount,
    Count,
    Currency,
    DisputeId,
    MerchantId,
    OrderId,
    Units,
    identifier,
)

DEPOSIT_TABLE: Table = {
    "deposit.required": {NEW: "open", "open": "open"},
    "deposit.topped_up": {"open": "open"},
    "deposit.returned": {"open": "open"},
    "deposit.drawn": {"open": "open"},
    "deposit.forfeited": {"open": "open"},
}

SanctionId = Annotated[str, identifier("snc")]


@event("deposit.required")
class DepositRequired(Event):
    """The merchant must keep this much from now on."""

    merchant: MerchantId
    amount: Amount
    currency: Currency
    base: Amount
    """What the full deposit is for this merchant's goods."""
    share: Count
    """Of the base, in basis points."""
    grade: Grade
    rules: Units

    def _apply(self, deposit: "Deposit") -> None:
        deposit.required, deposit.currency = self.amount, self.currency
        deposit.base, deposit.grade = self.base, self.grade


@event("deposit.topped_up")
class DepositToppedUp(Event):
    """The merchant paid in."""

    merchant: MerchantId
    amount: Units
    currency: Currency
    transfer: str
    """The bank's name for the payment; it counts once."""

    def _apply(self, deposit: "Deposit") -> None:
        deposit.balance += self.amount
        deposit.transfers.add(self.transfer)


@event("deposit.returned")
class DepositReturned(Event):
    """The merchant got back what is no longer demanded."""

    merchant: MerchantId
    amount: Units
    currency: Currency
    transfer: str

    def _apply(self, deposit: "Deposit") -> None:
        deposit.balance -= self.amount
        deposit.transfers.add(self.transfer)


@event("deposit.drawn")
class DepositDrawn(Event):
    """A buyer's money was taken from it, because the merchant's balance did not cover it."""

    merchant: MerchantId
    amount: Units
    currency: Currency
    order: OrderId
    dispute: DisputeId

    def _apply(self, deposit: "Deposit") -> None:
        deposit.balance -= self.amount
        deposit.drawn_for.add(self.dispute)


@event("deposit.forfeited")
class DepositForfeited(Event):
    """The merchant lost it by a sanction."""

    merchant: MerchantId
    amount: Units
    currency: Currency
    sanction: SanctionId

    def _apply(self, deposit: "Deposit") -> None:
        deposit.balance -= self.amount
        deposit.forfeited_for[self.sanction] = self.amount


class Deposit(Aggregate):
    """What one merchant keeps with the platform as a security."""

    TOPIC = "deposit"
    PREFIX = "deposit/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": DEPOSIT_TABLE}

    __slots__ = (
        *("balance", "base", "currency", "drawn_for", "forfeited_for", "grade", "required"),
        *("state", "transfers"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.currency = ""
        self.grade: Grade | None = None
        self.balance = self.base = self.required = 0
        self.transfers: set[str] = set()
        self.drawn_for: set[str] = set()
        self.forfeited_for: dict[str, int] = {}
        """By sanction: what it took."""

    @property
    def merchant(self) -> str:
        """Whose deposit it is."""
        return self.id.removeprefix(self.PREFIX)

    @property
    def shortfall(self) -> int:
        """Minor units that are demanded and not there."""
        return max(0, self.required - self.balance)

    @property
    def excess(self) -> int:
        """Minor units that are there and not demanded."""
        return max(0, self.balance - self.required)

    def demand(self, command: Command, base: Money, grade: Grade, rules: Rules) -> None:
        """Demand what *grade* asks of *base*; the same demand again records nothing.

        Raises:
            AmountMismatchError: the deposit is kept in another currency.
        """
        if self.state != NEW:
            self._check_currency(base)
        share = rules.band(grade).deposit
        amount = -(-base.amount * share // PARTS)
        if (amount, base.amount, grade) == (self.required, self.base, self.grade):
            return
        follows = self.follows(command)
        required = DepositRequired(
            *follows, self.merchant, amount, base.currency, base.amount, share, grade, rules.version
        )
        self.happen(command, required)

    def top_up(self, command: Command, received: Money, transfer: str) -> None:
        """Take in what the merchant paid.

        Raises:
            IllegalTransitionError: no deposit was demanded, or the payment was counted.
            AmountMismatchError: nothing was paid, or in another currency.
        """
        self._check(received, transfer, "deposit.topped_up")
        follows = self.follows(command)
        self.happen(
            command,
            DepositToppedUp(*follows, self.merchant, received.amount, received.currency, transfer),
        )

    def give_back(self, command: Command, wanted: Money, transfer: str) -> None:
        """Return *wanted* to the merchant.

        Raises:
            DepositTooSmallError: less is there beyond what is demanded.
        """
        self._check(wanted, transfer, "deposit.returned")
        if wanted.amount > self.excess:
            raise DepositTooSmallError(
                f"{self.id}: {Money(self.excess, self.currency)} are not demanded, not {wanted}"
            )
        follows = self.follows(command)
        self.happen(
            command,
            DepositReturned(*follows, self.merchant, wanted.amount, wanted.currency, transfer),
        )

    def draw(self, command: Command, wanted: Money, order: str, dispute: str) -> Money:
        """Take what a recall needs, or all there is; return what was taken.

        Raises:
            DepositTooSmallError: there is nothing.
            IllegalTransitionError: it was drawn for this dispute before.
        """
        self._check(wanted, None, "deposit.drawn")
        if dispute in self.drawn_for:
            raise IllegalTransitionError(self.id, "deposit.drawn", f"drawn for {dispute} already")
        taken = Money(min(wanted.amount, self.balance), self.currency)
        if not taken.amount:
            raise DepositTooSmallError(f"{self.id}: holds nothing")
        follows = self.follows(command)
        self.happen(
            command,
            DepositDrawn(*follows, self.merchant, taken.amount, taken.currency, order, dispute),
        )
        return taken

    def forfeit(self, command: Command, share: int, sanction: str) -> Money:
        """Take *share*, in basis points, of what is there; return what was taken.

        Raises:
            DepositTooSmallError: that is nothing.
            IllegalTransitionError: this sanction took it before.
        """
        self.check("deposit.forfeited")
        if sanction in self.forfeited_for:
            raise IllegalTransitionError(self.id, "deposit.forfeited", f"poorer by {sanction}")
        lost = Money(self.balance * share // PARTS, self.currency)
        if not lost.amount:
            raise DepositTooSmallError(f"{self.id}: there is nothing to forfeit")
        follows = self.follows(command)
        self.happen(
            command, DepositForfeited(*follows, self.merchant, lost.amount, lost.currency, sanction)
        )
        return lost

    def _check(self, amount: Money, transfer: str | None, topic: str) -> None:
        self.check(topic)
        self._check_currency(amount)
        if amount.amount <= 0:
            raise AmountMismatchError(f"{self.id}: {amount} cannot move; name a positive amount")
        if transfer is not None and transfer in self.transfers:
            raise IllegalTransitionError(self.id, topic, f"done by transfer {transfer} already")

    def _check_currency(self, amount: Money) -> None:
        if amount.currency != self.currency:
            raise AmountMismatchError(f"{self.id}: is kept in {self.currency}, not {amount}")
