"""Use cases of admission: from the merchant's documents to its badge (B1, B2, B6).

``tests/domain/qualification/test_b1_documents.py`` and ``test_b2_two_reviewers.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.errors import MalformedError
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import UnverifiedError
from domain.identity.standing import find_account
from domain.qualification.badge import BadgeSigner, Certificate
from domain.qualification.categories import VERSION_1
from domain.qualification.certificate import CertificateRecord
from domain.qualification.documents import DocumentStore, Paper, file_papers
from domain.qualification.history import read_events
from domain.qualification.qualification import Qualification
from domain.qualification.standing import (
    find_qualification,
    keep_standing,
    load_qualification,
    require_approved,
)
from domain.qualification.waiting import TOPICS, Waiting, waiting_at


@dataclass(frozen=True, slots=True)
class Request:
    """What a merchant asks for."""

    merchant: str
    categories: tuple[str, ...]
    papers: tuple[Paper, ...]


class Admission(Desk):
    """Letting merchants in."""

    def check_may_list(self, command: Command, merchant: str, now: str | None = None) -> None:
        """Refuse a merchant whose qualification does not let it list.

        Raises:
            UnqualifiedError: it is not approved.
        """
        require_approved(self, command, merchant, now)
        super().check_may_list(command, merchant, now)

    def waiting_reviews(self, now: str) -> Sequence[Waiting]:
        """Return what waits for a reviewer at *now*, the longest first (B2)."""
        return waiting_at(read_events(self, TOPICS), now)

    @use_case
    def submit_qualification(
        self, command: Command, request: Request, store: DocumentStore, now: str
    ) -> None:
        """Take in the documents of a merchant, for the categories that it asks for (B1).

        Args:
            command: of the merchant, or of staff on its behalf, who then cannot review it.
            request: the merchant, its categories and documents.
            store: keeps the documents.
            now: RFC 3339, UTC.

        Raises:
            DocumentsMissingError: mandatory ones are missing; the error lists them all.
            MalformedError: no category, one twice, or an unknown one; an empty document.
        """
        wanted = request.categories
        if not wanted or len(set(wanted)) != len(wanted):
            raise MalformedError("categories: name at least one, and none twice")
        stream = f"{Qualification.PREFIX}{request.merchant}"
        found = find_qualification(self, request.merchant) or Qualification(stream)
        found.check("qualification.submitted")
        filed = file_papers(request.papers, store, VERSION_1)
        found.submit(command, wanted, filed, now, VERSION_1)
        keep_standing(command, found)

    @use_case
    def review_qualification(
        self, command: Command, merchant: str, read: Sequence[str], now: str
    ) -> None:
        """Record the first reviewer's finding that all is in order (B2).

        Args:
            command: of a reviewer.
            merchant: under review.
            read: digests of the documents that the reviewer has read.
            now: RFC 3339, UTC.

        Raises:
            ConflictOfInterestError: the reviewer has submitted it, or is not of the staff.
            WrongEvidenceError: not all documents were read.
            IllegalTransitionError: it has its first reviewer.
        """
        found = load_qualification(self, merchant)
        found.check_unreviewed()
        found.review(command, read, now)
        keep_standing(command, found)

    @use_case
    def approve_qualification(
        self,
        command: Command,
        merchant: str,
        read: Sequence[str],
        certificate: str,
        signer: BadgeSigner,
        now: str,
    ) -> None:
        """Let the second reviewer approve, and give the merchant its badge (B2, B6).

        Args:
            command: of a reviewer who is neither the first nor the submitter.
            merchant: under review.
            read: digests of the documents that this reviewer has read.
            certificate: the new identifier of the merchant's certificate.
            signer: the issuer's key.
            now: RFC 3339, UTC.

        Raises:
            ConflictOfInterestError: this person cannot be the second reviewer.
            SecondPersonMissingError: nobody has reviewed it yet.
            UnverifiedError: nobody verified is behind the merchant.
        """
        found = load_qualification(self, merchant)
        until = found.approve(command, read, certificate, now, VERSION_1)
        account = find_account(self, merchant)
        if account is None or account.state != "unlocked":
            raise UnverifiedError(f"{merchant}: verify the person behind it first")
        badge = Certificate(certificate, merchant, "merchant", signer.key.name, now, until)
        CertificateRecord(certificate).issue(command, badge, signer)
        keep_standing(command, found)

    @use_case
    def reject_qualification(self, command: Command, merchant: str, reason: str, now: str) -> None:
        """Let a reviewer say no, with the reason; the merchant may submit anew (B2)."""
        found = load_qualification(self, merchant)
        found.reject(command, reason, now)
        keep_standing(command, found)
