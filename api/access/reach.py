"""What was granted to a request, and which things are within its reach.

`Granted` is what a route is handed. ``acting`` is for what a body says of who acts, ``object``
for a thing that is named: other's and missing are one refusal with the same words, and a read
that the matrix marks is recorded before anything of the thing is answered.
``tests/api/access/test_matrix.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from api.access.masking import show
from api.access.matrix import Cell, Operation
from api.access.refusal import HIDDEN
from api.principal import Kind, Principal
from domain.errors import NotFoundError, StepUpNeededError


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose a thing is; what does not apply is empty.

    Attributes:
        buyer: of an order.
        merchant: of goods or an order.
        arbitrator: to whom the case is assigned.
        owner: of what belongs to a principal itself: a client, a list of reads.
    """

    buyer: str = ""
    merchant: str = ""
    arbitrator: str = ""
    owner: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whom a read of it concerns."""
        return tuple(each for each in (self.buyer, self.merchant, self.owner) if each)


class Books(Protocol):
    """What deciding needs to know, and what must be written down."""

    def is_end_user(self, client: str, buyer: str) -> bool:
        """Say whether *buyer*'s account was opened through *client*."""

    def record_read(
        self, granted: "Granted", thing: str, subjects: tuple[str, ...], purpose: str | None
    ) -> None:
        """Record a read; it has not happened until this returns."""

    def check_opening(self, granted: "Granted", thing: str, opening: str | None) -> None:
        """Refuse unless a second person has approved it.

        Raises:
            SecondPersonMissingError: nobody has.
            WindowOverError: the approval has ended.
        """

    def note_refusal(self, principal: Principal, operation: str, cause: str) -> None:
        """Write a refused authorization to the program's own log."""


@dataclass(frozen=True)
class Granted:
    """A request that may use its operation; which things it may, is asked of it."""

    principal: Principal
    name: str
    operation: Operation
    books: Books

    @property
    def cell(self) -> Cell:
        """What the matrix gives this kind."""
        return self.operation.rule.cell(self.principal.kind)

    def acting(self, *, buyer: str = "", merchant: str = "") -> None:
        """Refuse to act for somebody else than the principal may speak for.

        Raises:
            NotFoundError: it is another's, or nobody's.
        """
        self._check_reach(Parties(buyer=buyer, merchant=merchant), "acting")

    def object(
        self,
        thing: str,
        find: Callable[[], Parties],
        *,
        opening: str | None = None,
        purpose: str | None = None,
    ) -> Parties:
        """Return whose *thing* is, once it is within reach and its read is recorded.

        Args:
            thing: its identifier, as it was asked for.
            find: returns its parties, or raises `NotFoundError`.
            opening: the approved request that ``2p`` rests on.
            purpose: why it is read, for those whom it concerns.

        Raises:
            NotFoundError: it is another's, or there is none: the same words.
            SecondPersonMissingError: it takes two persons.
        """
        try:
            parties = find()
        except NotFoundError:
            raise NotFoundError(HIDDEN) from None
        self._check_reach(parties, thing)
        if self.cell is Cell.TWO and self.operation.row != "approve":
            self.books.check_opening(self, thing, opening)
        if self.operation.read_event:
            self.books.record_read(self, thing, parties.subjects, purpose)
        return parties

    def show(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of *body*, the operation's resource, this kind may see."""
        if self.operation.resource is None:
            raise LookupError(f"{self.name}: its operation names no resource")
        return show(self.operation.resource, self.principal.kind, self.cell, body)

    def check_stepped_up(self) -> None:
        """Refuse unless the person has shown anew, a moment ago, who it is.

        Raises:
            StepUpNeededError: so it is.
        """
        if not self.principal.stepped_up:
            raise StepUpNeededError("confirm again who you are, and repeat the request")

    def _check_reach(self, parties: Parties, thing: str) -> None:
        if not _reaches(self, parties):
            self.books.note_refusal(self.principal, self.name, f"not its own: {thing}")
            raise NotFoundError(HIDDEN)


def _reaches(granted: Granted, parties: Parties) -> bool:
    principal, cell = granted.principal, granted.cell
    if cell is Cell.CASE:
        theirs = (parties.buyer, parties.merchant)
        return parties.arbitrator == principal.subject and principal.subject not in theirs
    if cell is Cell.SCOPE:
        return f"topic:{granted.operation.topic}" in principal.scopes
    if cell in (Cell.OWN, Cell.OWN_MASKED):
        return bool(principal.subject) and _owns(granted, parties)
    return cell in (Cell.ALL, Cell.MASK, Cell.TWO)


def _owns(granted: Granted, parties: Parties) -> bool:
    principal, row = granted.principal, granted.operation.rule
    if parties.owner:
        return parties.owner == principal.subject
    if principal.kind is Kind.PLATFORM_CLIENT and row.delegated:
        return bool(parties.merchant) and f"merchant:{parties.merchant}" in principal.scopes
    if principal.kind is Kind.PLATFORM_CLIENT:
        client = principal.client or ""
        return bool(parties.buyer) and granted.books.is_end_user(client, parties.buyer)
    theirs = {Kind.CONSUMER: parties.buyer, Kind.MERCHANT: parties.merchant}
    return theirs.get(principal.kind) == principal.subject
