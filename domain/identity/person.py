"""A person and a bank card as they are stated, and the keyed fingerprints that stand for them.

A resident number has so few possible values that a bare hash of it is the number; so the log
holds HMAC-SHA256 under an index key whose id stands beside it (``features.md``, section 6,
rule 5; ``reliability.md``, 4.5). The texts themselves are hidden ones.
``tests/domain/identity/test_person.py``.
"""

import hmac
import re
from dataclasses import dataclass, field
from typing import Annotated, Final, Self
from unicodedata import normalize

from chain.errors import MalformedError
from domain.identity.number import check_card_number, check_resident_number
from domain.outside.hidden import Hidden
from domain.payload import Pattern

INDEX_KEY_SIZE: Final = 32
MAX_NAME_SIZE: Final = 100
FINGERPRINT_PATTERN: Final = "[a-z0-9]{1,32}:[0-9a-f]{64}"

Fingerprint = Annotated[str, Pattern(FINGERPRINT_PATTERN)]
"""The index key's id, a colon, and 64 hexadecimal digits."""

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class IndexKey:
    """A key of fingerprints, 32 bytes, and its id.

    Raises:
        MalformedError: it has another size, or the id has a form of its own.
    """

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != INDEX_KEY_SIZE or not re.fullmatch("[a-z0-9]{1,32}", self.id):
            raise MalformedError(
                f"index key {self.id!a}: must be {INDEX_KEY_SIZE} bytes with a-z0-9"
            )

    def fingerprint(self, kind: str, *parts: str) -> str:
        """Return the fingerprint of *parts*, of which one kind is never another."""
        encoded = [part.encode() for part in (kind, *parts)]
        text = b"".join(len(part).to_bytes(2) + part for part in encoded)
        return f"{self.id}:{hmac.digest(self.secret, text, 'sha256').hex()}"


@dataclass(frozen=True, slots=True)
class Person:
    """A name and a resident number that somebody states to be one person's."""

    name: Hidden
    number: Hidden

    @classmethod
    def of(cls, name: str, number: str) -> Self:
        """Return the person with that name and number, in their one spelling.

        Raises:
            MalformedError: the name is empty or too long, or the number is none.
        """
        spelt = _BLANKS.sub(" ", normalize("NFKC", name)).strip()
        if not 0 < len(spelt) <= MAX_NAME_SIZE or not spelt.isprintable():
            raise MalformedError(f"name: must be 1 to {MAX_NAME_SIZE} printable characters")
        return cls(Hidden(spelt), Hidden(check_resident_number(number)))

    def fingerprint(self, key: IndexKey) -> str:
        """Return what stands for this person in the log."""
        return key.fingerprint("person", self.name.reveal(), self.number.reveal())

    def stated(self) -> dict[str, object]:
        """Return the JSON members, for the vault and for a party: never for the log."""
        return {"name": self.name.reveal(), "number": self.number.reveal()}


@dataclass(frozen=True, slots=True)
class Card:
    """A bank card's number."""

    number: Hidden

    @classmethod
    def of(cls, number: str) -> Self:
        """Return the card with that number.

        Raises:
            MalformedError: it is no card number.
        """
        return cls(Hidden(check_card_number(number)))

    @property
    def last4(self) -> str:
        """The last four digits: all of the number that is ever shown."""
        return self.number.reveal()[-4:]

    def fingerprint(self, key: IndexKey) -> str:
        """Return what stands for this card in the log."""
        return key.fingerprint("card", self.number.reveal())
