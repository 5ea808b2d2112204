"""What can happen to a merchant's qualification (``features.md``, B and 3.5).

Times stand in the payload, as what is late, ended or waiting follows from them. Where two
persons decide, the first one's vote is ``qualification.reviewed`` with its purpose; the
event that follows names them both: one in ``proposed_by``, the other as its actor.
"""

from typing import TYPE_CHECKING, Literal

from domain.event import Event, event
from domain.payload import Digest, KeyId, MerchantId, Moment, Units
from domain.qualification.badge import CertificateId
from domain.qualification.categories import Category
from domain.qualification.documents import FiledDocument

if TYPE_CHECKING:
    from domain.qualification.qualification import Qualification
    from domain.qualification.voting import Voted

Purpose = Literal[
    "admission", "scope", "scope_end", "suspension", "reinstatement", "revocation", "lifting"
]
"""What a vote is for; ``lifting`` is of a key's quarantine and stands in the key's stream."""


@event("qualification.submitted")
class QualificationSubmitted(Event):
    """The merchant asks to be let in, for these categories, with these documents."""

    merchant: MerchantId
    categories: tuple[Category, ...]
    documents: tuple[FiledDocument, ...]
    submitted_at: Moment
    rules: Units

    def _apply(self, found: "Qualification") -> None:
        found.begin_anew()
        found.submitter, found.submitted_at = self.meta.actor, self.submitted_at
        found.categories, found.documents = self.categories, self.documents


@event("qualification.reviewed")
class QualificationReviewed(Event):
    """One person of two has looked into it, and agrees."""

    purpose: Purpose
    reviewed_at: Moment
    documents: tuple[Digest, ...]
    """That were read; all of the submission's, where the purpose is admission."""
    reason: str | None = None
    category: Category | None = None
    operator: str | None = None
    valid_until: Moment | None = None
    key: KeyId | None = None

    def _apply(self, found: "Voted") -> None:
        found.votes[self.purpose, self.category] = self


@event("qualification.approved")
class QualificationApproved(Event):
    """Two persons have read the documents, and the person behind the merchant is verified."""

    merchant: MerchantId
    approved_at: Moment
    valid_until: Moment
    first_reviewer: str
    certificate: CertificateId

    def _apply(self, found: "Qualification") -> None:
        found.valid_until = self.valid_until
        found.certificates[None] = self.certificate
        found.votes.clear()


@event("qualification.rejected")
class QualificationRejected(Event):
    """A reviewer says no, and why; the merchant may submit anew."""

    merchant: MerchantId
    rejected_at: Moment
    reason: str

    def _apply(self, found: "Qualification") -> None:
        found.votes.clear()


@event("qualification.scope_granted")
class QualificationScopeGranted(Event):
    """The merchant may list goods of a category, of that operator, up to a moment."""

    merchant: MerchantId
    category: Category
    granted_at: Moment
    valid_until: Moment
    proposed_by: str
    certificate: CertificateId
    documents: tuple[FiledDocument, ...]
    """That were filed for it after the submission."""
    operator: str | None = None
    """Who authorised it; absent where the merchant runs what the goods open."""

    def _apply(self, found: "Qualification") -> None:
        found.scopes[self.category] = self
        found.certificates[self.category] = self.certificate
        found.documents += self.documents
        found.votes.pop(("scope", self.category), None)


@event("qualification.scope_ended")
class QualificationScopeEnded(Event):
    """The merchant may list goods of the category no longer."""

    merchant: MerchantId
    category: Category
    ended_at: Moment
    reason: str
    proposed_by: str | None = None
    """Absent where its end date has passed."""

    def _apply(self, found: "Qualification") -> None:
        del found.scopes[self.category], found.certificates[self.category]
        found.votes.pop(("scope_end", self.category), None)


@event("qualification.suspended")
class QualificationSuspended(Event):
    """No key of the merchant can be listed or reserved, until it is reinstated."""

    merchant: MerchantId
    suspended_at: Moment
    reason: str
    proposed_by: str | None = None
    """Absent where a rule of the platform has done it."""

    def _apply(self, found: "Qualification") -> None:
        found.votes.clear()


@event("qualification.reinstated")
class QualificationReinstated(Event):
    """The suspension is over."""

    merchant: MerchantId
    reinstated_at: Moment
    reason: str
    proposed_by: str

    def _apply(self, found: "Qualification") -> None:
        found.votes.clear()


@event("qualification.expired")
class QualificationExpired(Event):
    """Its time is over; the merchant may submit anew."""

    merchant: MerchantId
    expired_at: Moment

    def _apply(self, found: "Qualification") -> None:
        found.votes.clear()
        found.scopes.clear()


@event("qualification.revoked")
class QualificationRevoked(Event):
    """The merchant is shut out, for good."""

    merchant: MerchantId
    revoked_at: Moment
    reason: str
    proposed_by: str

    def _apply(self, found: "Qualification") -> None:
        found.votes.clear()
        found.scopes.clear()
