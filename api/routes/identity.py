"""Who one is: a person states it, and has it checked by those who know (A1 to A4).

Names, numbers, cards and pictures come in bodies, are asked about, and are kept as keyed
fingerprints and salted digests; no answer shows them. A party that gives no answer leaves the
check ``pending``, with the cause in ``waits``. ``tests/api/test_identity.py``.
"""

from typing import Any, Self

from fastapi import APIRouter
from pydantic import Field, SecretStr, model_validator

from api.access.asking import Asked
from api.access.parties import parties_of, verification_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.outside import Outside
from api.stating import MAX_PICTURE, Party, Private, VerificationId, picture_of
from chain.errors import MalformedError
from domain.identity.person import Card, Person


class Stated(Private):
    """A name and a resident number that are said to be one person's."""

    name: SecretStr = Field(max_length=100, examples=["赵明华"])
    number: SecretStr = Field(max_length=18, description="Resident identity number.")

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse a number that is none."""
        self.person()
        return self

    def person(self) -> Person:
        """Return the person, in the one spelling."""
        try:
            return Person.of(self.name.get_secret_value(), self.number.get_secret_value())
        except MalformedError as error:
            raise ValueError(str(error)) from None


class Claim(Stated):
    """Who is said to be behind an account."""

    party: Party


class Face(Stated):
    """A live picture of somebody, to be compared with a person's portrait."""

    picture: SecretStr = Field(max_length=MAX_PICTURE, description="Standard base64.")


class DocumentPicture(Private):
    """A picture of an identity card."""

    picture: SecretStr = Field(max_length=MAX_PICTURE, description="Standard base64.")


class BankCard(Stated):
    """A bank card that is said to be a person's."""

    card: SecretStr = Field(max_length=32, description="Its number.")

    @model_validator(mode="after")
    def check_card(self) -> Self:
        """Refuse a number that is none."""
        self.bank_card()
        return self

    def bank_card(self) -> Card:
        """Return the card."""
        try:
            return Card.of(self.card.get_secret_value())
        except MalformedError as error:
            raise ValueError(str(error)) from None


def identity_routes(ledger: Deployment, outside: Outside) -> APIRouter:
    """Return the routes of identity, which ask who is *outside*."""
    router = APIRouter(prefix="/v1", tags=["identity"])
    trade = ledger.trade

    @command_route(router, "/identities", answer=_begun, operation_id="identities_request")
    def request_identity(body: Claim, asked: Asked) -> Task:
        """State who is behind an account; the checks of the verification follow."""
        asked.acting(**parties_of(body.party))
        verification, person, key = new_id("idv"), body.person(), outside.person_key()
        return Task(
            lambda command: trade.request_identity(command, verification, body.party, person, key),
            body.party,
            "consumer" if body.party.startswith("usr_") else "merchant",
        )

    _check_routes(router, ledger, outside)
    return router


def _check_routes(router: APIRouter, ledger: Deployment, outside: Outside) -> None:
    trade = ledger.trade
    path = "/identities/{verification}"

    @command_route(
        router, f"{path}/source", answer=_checked, operation_id="identities_check_source"
    )
    def check_source(verification: VerificationId, body: Stated, asked: Asked) -> Task:
        """Ask the authority whether name and number of the claim are one person's."""
        asked.object(verification, verification_parties(trade, verification))
        person, key, source = body.person(), outside.person_key(), outside.identity("source")
        return Task(lambda command: trade.check_source(command, verification, person, key, source))

    @command_route(router, f"{path}/face", answer=_checked, operation_id="identities_compare_face")
    def compare_face(verification: VerificationId, body: Face, asked: Asked) -> Task:
        """Compare a live picture with the person's portrait; the picture is kept nowhere."""
        asked.object(verification, verification_parties(trade, verification))
        person, picture = body.person(), picture_of(body.picture)
        key, faces = outside.person_key(), outside.identity("face")
        return Task(
            lambda command: trade.compare_face(command, verification, person, picture, key, faces)
        )

    @command_route(
        router, f"{path}/document", answer=_checked, operation_id="identities_read_document"
    )
    def read_document(verification: VerificationId, body: DocumentPicture, asked: Asked) -> Task:
        """Read the identity card in a picture, and check what it says; it is kept nowhere."""
        asked.object(verification, verification_parties(trade, verification))
        picture, key = picture_of(body.picture), outside.person_key()
        reader = outside.identity("document")
        return Task(
            lambda command: trade.read_document(
                command, verification, picture, key, reader, this_moment()
            )
        )

    @command_route(
        router, f"{path}/bankcard", answer=_checked, operation_id="identities_check_bankcard"
    )
    def check_bankcard(verification: VerificationId, body: BankCard, asked: Asked) -> Task:
        """Ask the bank whether name, number and card belong together."""
        asked.object(verification, verification_parties(trade, verification))
        person, card, key = body.person(), body.bank_card(), outside.person_key()
        bank = outside.identity("bankcard")
        return Task(
            lambda command: trade.check_bankcard(command, verification, person, card, key, bank)
        )


def _begun(done: Recorded) -> dict[str, Any]:
    requested = done.one("identity.requested")
    return {
        "verification": requested.stream,
        "account": requested.data["account"],
        **done.receipt(),
    }


def _checked(done: Recorded) -> dict[str, Any]:
    checked = done.facts[0]
    said = {
        name: checked.data[name]
        for name in ("verdict", "waits", "fault", "provider", "sandbox")
        if name in checked.data
    }
    return {"verification": checked.stream, **said, **done.receipt()}
