"""The four parties of identity over HTTP, and the sandbox's side of the same protocol.

``POST`` with the signatures of `domain.outside.signing`; canonical JSON both ways. Pictures
are standard base64. Every answer has the members ``provider``, ``version`` and ``sandbox``
besides those that are named here.

    /v1/source     {name, number}                  -> {matches}
    /v1/face       {name, number, picture}         -> {live, score}             0 to 10,000
    /v1/document   {picture}                       -> {readable, name, number, valid_until}
    /v1/bankcard   {name, number, card}            -> {matches}

Each party has a client, and so a circuit, of its own: a bank that is down keeps nobody's face
from being compared. An answer with a missing, unknown or ill-typed member is not trusted.
Proved by ``tests/domain/identity/test_http_parties.py`` against the sandbox's process.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self, TypeVar

from chain.errors import MalformedError
from domain.identity.parties import Document, FaceMatch, Match, Parties, Stamp
from domain.identity.person import Card, Person
from domain.outside.hidden import Hidden
from domain.outside.party import UntrustedAnswerError
from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.outside.store.sandbox import Answering
from domain.payload import payload_fields, read_object

SOURCE: Final = "/v1/source"
FACE: Final = "/v1/face"
DOCUMENT: Final = "/v1/document"
BANKCARD: Final = "/v1/bankcard"
PATHS: Final = (SOURCE, FACE, DOCUMENT, BANKCARD)

A = TypeVar("A", Match, FaceMatch, Document)

_STAMP: Final = payload_fields(Stamp)
_NO_STAMP: Final = frozenset({"stamp"})


@dataclass(frozen=True, slots=True)
class HttpParties:
    """All four parties, each behind a client of its own."""

    source: SignedClient
    face: SignedClient
    document: SignedClient
    bankcard: SignedClient

    @classmethod
    def at(cls, endpoint: Endpoint, patience: Patience | None = None) -> Self:
        """Return the parties that all answer at one *endpoint*, as the sandbox does."""
        patience = patience or Patience()
        return cls(*(SignedClient(endpoint, patience) for _ in PATHS))

    def check_name(self, person: Person, key: str) -> Match:
        """See `RealNameSource.check_name`."""
        return _read(Match, self.source.ask(SOURCE, person.stated(), key))

    def compare_face(self, person: Person, picture: bytes, key: str) -> FaceMatch:
        """See `FaceComparison.compare_face`."""
        question = person.stated() | {"picture": b64encode(picture).decode()}
        return _read(FaceMatch, self.face.ask(FACE, question, key))

    def read_document(self, picture: bytes, key: str) -> Document:
        """See `DocumentReader.read_document`."""
        question = {"picture": b64encode(picture).decode()}
        return _read(Document, self.document.ask(DOCUMENT, question, key))

    def check_card(self, person: Person, card: Card, key: str) -> Match:
        """See `BankCardCheck.check_card`."""
        question = person.stated() | {"card": card.number.reveal()}
        return _read(Match, self.bankcard.ask(BANKCARD, question, key))


def _read(kind: type[A], members: dict[str, Any]) -> A:
    """Return the answer that *members* spell, exactly.

    Raises:
        UntrustedAnswerError: they do not spell one.
    """
    stamped = {each.name: members.pop(each.name, None) for each in _STAMP}
    try:
        stamp = Stamp(**read_object(_STAMP, stamped))
        found = read_object(payload_fields(kind, leave_out=_NO_STAMP), members)
    except MalformedError as error:
        raise UntrustedAnswerError(f"answer: {error}") from None
    return kind(stamp, **found)


def answers_of(parties: Parties) -> Mapping[str, Answering]:
    """Return what a sandbox server answers, by path, in the name of *parties*."""

    def person(asked: dict[str, Any]) -> Person:
        return Person(Hidden(_text(asked, "name")), Hidden(_text(asked, "number")))

    answers: dict[str, Callable[[dict[str, Any]], Match | FaceMatch | Document]] = {
        SOURCE: lambda asked: parties.check_name(person(asked), ""),
        FACE: lambda asked: parties.compare_face(person(asked), _picture(asked), ""),
        DOCUMENT: lambda asked: parties.read_document(_picture(asked), ""),
        BANKCARD: lambda asked: parties.check_card(
            person(asked), Card(Hidden(_text(asked, "card"))), ""
        ),
    }
    return {path: _spelling(answer) for path, answer in answers.items()}


def _spelling(answer: Callable[[dict[str, Any]], Match | FaceMatch | Document]) -> Answering:
    def spell(asked: dict[str, Any]) -> Mapping[str, object]:
        members = asdict(answer(asked))
        stamp = members.pop("stamp")
        return {**stamp, **members}

    return spell


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise MalformedError(f"{name}: must be text")
    return value


def _picture(asked: dict[str, Any]) -> bytes:
    try:
        return b64decode(_text(asked, "picture"), validate=True)
    except ValueError:
        raise MalformedError("picture: must be base64") from None
