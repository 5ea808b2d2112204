"""The four outside parties of identity: what each is asked, and what it answers.

Every question carries an idempotency key, made of the command that asks; whoever repeats the
command asks the same question. A party that gives no answer raises
`domain.outside.party.PartyError`. `domain.identity.sandbox` answers by rule, and
`domain.identity.store.http_parties` asks over HTTP.
"""

from dataclasses import dataclass, field
from typing import Protocol

from domain.identity.person import Card, Person

SCORE_SCALE = 10_000
"""A face score is a whole number from 0 to this."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who answered."""

    provider: str
    version: str
    """Of the source: as long as it is the same, so is the answer to the same question."""
    sandbox: bool
    """True where nothing of the answer is true."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whether what was asked about belongs together."""

    stamp: Stamp
    matches: bool


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """How much a live face is like the portrait of a person."""

    stamp: Stamp
    live: bool
    score: int


@dataclass(frozen=True, slots=True)
class Document:
    """What an identity card says; the texts as they were read, checked by nobody yet."""

    stamp: Stamp
    readable: bool
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    valid_until: str = ""
    """RFC 3339, UTC; 9999-12-31T00:00:00Z where it never ends."""


class RealNameSource(Protocol):
    """The authority that knows which name a resident number has (A1)."""

    def check_name(self, person: Person, key: str) -> Match:
        """Say whether name and number are one person's."""


class FaceComparison(Protocol):
    """Compares a live picture with the portrait that the authority has (A2)."""

    def compare_face(self, person: Person, picture: bytes, key: str) -> FaceMatch:
        """Say whether *picture* shows a living face, and how like the person's it is."""


class DocumentReader(Protocol):
    """Reads a picture of an identity card (A3)."""

    def read_document(self, picture: bytes, key: str) -> Document:
        """Return what stands on it."""


class BankCardCheck(Protocol):
    """The bank that knows whose card it is (A4)."""

    def check_card(self, person: Person, card: Card, key: str) -> Match:
        """Say whether name, resident number and card number belong together."""


class Parties(RealNameSource, FaceComparison, DocumentReader, BankCardCheck, Protocol):
    """All four, where one object stands for them."""
