"""Use cases of identity: from the claim to the verdict, and to its end (A1 to A7).

The outside party is asked before anything is recorded, with a key made of the command's own
id: whoever repeats a command after a crash asks the same question, and the party answers it
as it did before. No answer is recorded as pending, with its cause, and never as passed.
``tests/domain/identity/``, a file a row.
"""

from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Any, TypeVar

from chain.errors import MalformedError
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import IllegalTransitionError
from domain.identity import events
from domain.identity.account import Account, account_of
from domain.identity.limits import VERSION_1
from domain.identity.parties import (
    SCORE_SCALE,
    BankCardCheck,
    Document,
    DocumentReader,
    FaceComparison,
    FaceMatch,
    Match,
    RealNameSource,
)
from domain.identity.person import Card, IndexKey, Person
from domain.identity.standing import find_account
from domain.identity.verification import Verification
from domain.outside.party import PartyError, UntrustedAnswerError, WaitCause
from domain.payload import Moment, kind_of

A = TypeVar("A", Match, FaceMatch, Document)

_MOMENT = kind_of(Moment)


class Identification(Desk):
    """Finding out who is behind an account."""

    @use_case
    def open_account(self, command: Command, party: str) -> None:
        """Enrol a consumer or merchant: from now on its rights depend on its identity.

        Raises:
            IllegalTransitionError: it has an account.
        """
        account = find_account(self, party)
        if account is not None:
            raise IllegalTransitionError(account.id, "identity.account_restricted", account.state)
        Account(account_of(party)).restrict(command, party, "unverified")

    @use_case
    def request_identity(
        self, command: Command, verification: str, party: str, person: Person, index_key: IndexKey
    ) -> None:
        """State who is behind an account; one that is not there yet is opened, restricted."""
        account = find_account(self, party) or Account(account_of(party))
        account.check("identity.account_restricted")
        if account.version == 0:
            account.restrict(command, party, "unverified")
        found = Verification(verification)
        found.begin(
            command,
            events.IdentityRequested(
                *found.follows(command),
                account=account.id,
                party=party,
                person=person.fingerprint(index_key),
                claim=command.seal(account.id, person.stated()),
            ),
        )

    @use_case
    def check_source(
        self,
        command: Command,
        verification: str,
        person: Person,
        index_key: IndexKey,
        source: RealNameSource,
    ) -> None:
        """Ask the authority whether name and number of the claim are one person's (A1)."""
        found = self._for_check(verification, "source")
        mark = person.fingerprint(index_key)
        found.check_claimed(mark)
        answer, waits = _ask(lambda: source.check_name(person, f"{command.id}/source"))
        checked = events.IdentitySourceChecked(
            *found.follows(command),
            verdict=_verdict(answer, passed=answer is not None and answer.matches),
            person=mark,
            waits=waits,
            **_stamp(answer),
        )
        found.take(command, checked, "source")

    @use_case
    def compare_face(
        self,
        command: Command,
        verification: str,
        person: Person,
        picture: bytes,
        index_key: IndexKey,
        faces: FaceComparison,
    ) -> None:
        """Compare a live picture with the portrait of *person* (A2)."""
        found = self._for_check(verification, "face")
        answer, waits = _ask(
            lambda: _checked_score(faces.compare_face(person, picture, f"{command.id}/face"))
        )
        live = answer is not None and answer.live
        alike = answer is not None and answer.score >= VERSION_1.face_score
        checked = events.IdentityFaceCompared(
            *found.follows(command),
            verdict=_verdict(answer, passed=live and alike),
            person=person.fingerprint(index_key),
            image=_seal_digest(command, found, picture),
            threshold=VERSION_1.face_score,
            score=answer.score if answer else None,
            live=answer.live if answer else None,
            waits=waits,
            **_stamp(answer),
        )
        found.take(command, checked, "face" if live else "liveness")

    @use_case
    def read_document(
        self,
        command: Command,
        verification: str,
        picture: bytes,
        index_key: IndexKey,
        reader: DocumentReader,
        now: str,
    ) -> None:
        """Read the identity card in *picture*, and check what it says at *now* (A3)."""
        found = self._for_check(verification, "document")
        answer, waits = _ask(
            lambda: _checked_document(reader.read_document(picture, f"{command.id}/document"))
        )
        person, fault = _holder(answer, now)
        # What cannot be read is no verdict on the person: another picture may do.
        unread = answer is not None and not answer.readable
        checked = events.IdentityDocumentRead(
            *found.follows(command),
            verdict="pending" if unread else _verdict(answer, passed=fault is None),
            image=_seal_digest(command, found, picture),
            person=person.fingerprint(index_key) if person else None,
            holder=command.seal(found.account, person.stated()) if person else None,
            valid_until=answer.valid_until if person and answer else None,
            fault=fault,
            waits=waits,
            **_stamp(answer),
        )
        found.take(command, checked, "document")

    @use_case
    def check_bankcard(
        self,
        command: Command,
        verification: str,
        person: Person,
        card: Card,
        index_key: IndexKey,
        bank: BankCardCheck,
    ) -> None:
        """Ask the bank whether name, resident number and card belong together (A4)."""
        found = self._for_check(verification, "bankcard")
        answer, waits = _ask(lambda: bank.check_card(person, card, f"{command.id}/bankcard"))
        checked = events.IdentityBankcardChecked(
            *found.follows(command),
            verdict=_verdict(answer, passed=answer is not None and answer.matches),
            person=person.fingerprint(index_key),
            card=card.fingerprint(index_key),
            last4=card.last4,
            waits=waits,
            **_stamp(answer),
        )
        found.take(command, checked, "bankcard")

    @use_case
    def decide_identity(self, command: Command, verification: str, now: str) -> None:
        """Verify the person and unlock the account, or refuse and name who disagrees (A5).

        Raises:
            ChecksPendingError: a check waits, or was never made.
        """
        found = self.load(Verification, verification)
        account = self.load(Account, found.account)
        if found.decide(command, now, VERSION_1):
            account.unlock(command, found.id, found.people["claim"])

    @use_case
    def expire_identity(self, command: Command, verification: str, now: str) -> None:
        """End a verification whose time is over at *now*; the rights end with it (A7)."""
        found = self.load(Verification, verification)
        found.expire(command, now)
        self.load(Account, found.account).verification_ended(command, found.id, "expired")

    @use_case
    def revoke_identity(
        self, command: Command, verification: str, cause: events.RevocationCause
    ) -> None:
        """Withdraw a verification; the rights end with it (A7)."""
        found = self.load(Verification, verification)
        found.revoke(command, cause)
        self.load(Account, found.account).verification_ended(command, found.id, "revoked")

    def _for_check(self, verification: str, check: Any) -> Verification:  # noqa: ANN401 — a Check
        found = self.load(Verification, verification)
        found.check_open(check)
        return found


def _ask(question: Callable[[], A]) -> tuple[A | None, WaitCause | None]:
    """Return the answer to *question*, or why there is none."""
    try:
        return question(), None
    except PartyError as error:
        return None, error.cause


def _verdict(answer: object, *, passed: bool) -> events.Verdict:
    if answer is None:
        return "pending"
    return "passed" if passed else "failed"


def _stamp(answer: Match | FaceMatch | Document | None) -> dict[str, Any]:
    """Return who answered, as an event's members."""
    if answer is None:
        return {}
    return asdict(answer.stamp) | {"sandbox": answer.stamp.sandbox or None}


def _seal_digest(command: Command, found: Verification, picture: bytes) -> dict[str, str]:
    """Return the salted digest of *picture*; the picture itself is kept nowhere."""
    return command.seal(found.account, {"sha256": sha256(picture).hexdigest()})


def _checked_score(answer: FaceMatch) -> FaceMatch:
    if not 0 <= answer.score <= SCORE_SCALE:
        raise UntrustedAnswerError(f"score: must be from 0 to {SCORE_SCALE}")
    return answer


def _checked_document(answer: Document) -> Document:
    try:
        if answer.readable:
            _MOMENT.read(answer.valid_until)
    except MalformedError:
        raise UntrustedAnswerError("valid_until: is no moment") from None
    return answer


def _holder(answer: Document | None, now: str) -> tuple[Person | None, events.DocumentFault | None]:
    """Return whom the document names, and what is wrong with it."""
    if answer is None:
        return None, None
    if not answer.readable:
        return None, "unreadable"
    try:
        person = Person.of(answer.name, answer.number)
    except MalformedError:
        return None, "number"
    return person, "expired" if answer.valid_until <= now else None
