"""The people whom invoices name: a pseudonym in the log, the rest sealed.

A pseudonym derives from the row of the first appearance, never from the customer number,
which could be guessed. ``tests/domain/retail/test_importing.py``.
"""

from typing import Any, Final

from domain.command import Command
from domain.identifiers import derive
from domain.retail.rows import Row

GUEST: Final = -1
"""The number of everybody who has none."""


class Customer:
    """Whom an invoice names: a pseudonym and a number of ours, and the sealed original."""

    __slots__ = ("_person", "_reference", "buyer", "number")

    def __init__(self, number: int, buyer: str | None, person: dict[str, Any] | None) -> None:
        self.number = number
        self.buyer = buyer
        self._person = person
        self._reference: dict[str, str] | None = None

    def seal(self, command: Command, subject: str | None) -> dict[str, str] | None:
        """Seal who it is, once a command; None for a guest, of whom nothing is known."""
        if self._person is None or subject is None:
            return None
        if self._reference is None:
            self._reference = command.seal(subject, self._person)
        return self._reference


class Customers:
    """Everybody named so far.

    Args:
        book: the name of the import, part of what pseudonyms are derived from.
    """

    def __init__(self, book: str) -> None:
        self._book = book
        self._known: dict[str, tuple[int, str]] = {}

    def find(self, row: Row, milliseconds: int) -> Customer:
        """Return whom *row*, an invoice's first at Unix *milliseconds*, names."""
        if not row.customer:
            return Customer(GUEST, None, None)
        if row.customer not in self._known:
            buyer = derive("usr", milliseconds, f"{self._book}/{row.number}")
            self._known[row.customer] = len(self._known), buyer
        number, buyer = self._known[row.customer]
        return Customer(number, buyer, {"customer": row.customer, "country": row.country})
