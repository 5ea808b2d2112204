"""The outside parties of identity as a sandbox plays them: answers by rule, none of them true.

Everything follows from the question. The people are `citizen`, one a number from 0 to 999: born
when nobody lives any more, so that no resident number here is anybody's. A picture is text: it
begins with `PICTURE` and goes on with a JSON object that says what it shows. Stand-ins for the
four Protocols of `domain.identity.parties`, within one process or, behind
`domain.outside.store.sandbox`, over HTTP. ``tests/domain/identity/test_http_parties.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Final

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from domain.identity.number import check_symbol, luhn_digit
from domain.identity.parties import Document, FaceMatch, Match, Stamp
from domain.identity.person import Card, Person

PICTURE: Final = b"SANDBOX PICTURE\n"
CITIZENS: Final = 1_000
STAMP: Final = Stamp("sandbox", "sandbox-1", sandbox=True)
NEVER: Final = "9999-12-31T00:00:00Z"

_FAMILIES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN: Final = "明华丽强芳伟敏静磊洋艳勇杰娟涛"
_FIRST_BIRTH: Final = date(1880, 1, 1)
_STRANGER: Final = 6_000
"""A stranger's face never scores so much."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who does not exist."""

    name: str
    number: str
    card: str

    def person(self) -> Person:
        """Return the person as whoever tells the truth states it."""
        return Person.of(self.name, self.number)

    def bank_card(self) -> Card:
        """Return the person's bank card."""
        return Card.of(self.card)

    def selfie(self, score: int = 9_650, *, live: bool = True) -> bytes:
        """Return a picture of the person's face that compares with *score*."""
        return PICTURE + to_bytes({"face": self.number, "live": live, "score": score})

    def card_picture(self, valid_until: str = NEVER, number: str | None = None) -> bytes:
        """Return a picture of the person's identity card."""
        shown = {"name": self.name, "number": number or self.number, "valid_until": valid_until}
        return PICTURE + to_bytes(shown)


@cache
def citizen(index: int) -> Citizen:
    """Return one of the sandbox's people, 0 to 999, always the same.

    Raises:
        MalformedError: there are no more than that.
    """
    if not 0 <= index < CITIZENS:
        raise MalformedError(f"citizen {index}: the sandbox has 0 to {CITIZENS - 1}")
    throw = sha256(f"citizen {index}".encode()).digest()
    name = _FAMILIES[throw[0] % 16] + _GIVEN[throw[1] % 15] + _GIVEN[throw[2] % 15]
    born = _FIRST_BIRTH + timedelta(days=int.from_bytes(throw[3:5]) % 7_000)
    digits = f"110101{born:%Y%m%d}{index:03}"
    # No bank issues cards that begin with 99.
    card = f"99{int.from_bytes(throw[5:11]) % 10**12:012}{index:04}"
    return Citizen(name, digits + check_symbol(digits), card + luhn_digit(card))


@cache
def _names() -> Mapping[str, str]:
    return {each.number: each.name for each in map(citizen, range(CITIZENS))}


@cache
def _cards() -> Mapping[str, tuple[str, str]]:
    return {each.card: (each.name, each.number) for each in map(citizen, range(CITIZENS))}


class Sandbox:
    """All four parties, in this process."""

    def check_name(self, person: Person, key: str) -> Match:
        """See `RealNameSource.check_name`."""
        del key
        name = _names().get(person.number.reveal())
        return Match(STAMP, matches=name == person.name.reveal())

    def compare_face(self, person: Person, picture: bytes, key: str) -> FaceMatch:
        """See `FaceComparison.compare_face`: a stranger's score is low, and always the same."""
        del key
        shown = read_picture(picture)
        number = person.number.reveal()
        if shown.get("face") == number:
            score = int(shown.get("score") or 0)
        else:
            score = int.from_bytes(sha256(picture + number.encode()).digest()[:4]) % _STRANGER
        return FaceMatch(STAMP, live=shown.get("live") is True, score=score)

    def read_document(self, picture: bytes, key: str) -> Document:
        """See `DocumentReader.read_document`."""
        del key
        shown = read_picture(picture)
        texts = [shown.get(name) for name in ("name", "number", "valid_until")]
        if not all(isinstance(each, str) for each in texts):
            return Document(STAMP, readable=False)
        name, number, valid_until = map(str, texts)
        return Document(STAMP, True, name, number, valid_until)  # noqa: FBT003 — readable

    def check_card(self, person: Person, card: Card, key: str) -> Match:
        """See `BankCardCheck.check_card`."""
        del key
        holder = _cards().get(card.number.reveal())
        asked = (person.name.reveal(), person.number.reveal())
        return Match(STAMP, matches=holder == asked)


def read_picture(picture: bytes) -> dict[str, Any]:
    """Return what *picture* shows; nothing where it is no picture of the sandbox's."""
    try:
        shown = parse(picture.removeprefix(PICTURE)) if picture.startswith(PICTURE) else {}
    except MalformedError:
        shown = {}
    return shown if isinstance(shown, dict) else {}
