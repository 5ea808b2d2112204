"""What can happen to a verification of a person (``features.md``, A1 to A5 and A7).

Names, numbers and pictures are sealed for the account or stand as keyed fingerprints; of a
picture the vault keeps no more than its SHA-256. A check that waits for its party is recorded
as ``pending`` with the cause, and is asked again later. ``sandbox`` is true where a sandbox
gave the answer. ``tests/domain/identity/test_canaries.py``.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from domain.event import Event, event
from domain.identity.person import Fingerprint
from domain.outside.party import WaitCause
from domain.payload import Count, Moment, Pattern, Reference, identifier

if TYPE_CHECKING:
    from domain.identity.verification import Verification

AccountId = Annotated[str, identifier("acc")]
VerificationId = Annotated[str, identifier("idv")]
PartyId = Annotated[str, Pattern("usr_[0-7][0-9a-z]{25}|[A-Z]{1,3}(-[A-Z0-9]{1,32})?")]
"""A consumer or a merchant, by pseudonym."""

Verdict = Literal["passed", "failed", "pending"]
Pair = Literal[
    "claim/document",
    "claim/face",
    "claim/bankcard",
    "document/face",
    "document/bankcard",
    "face/bankcard",
]
"""Two statements of who the person is; the claim is the account's own."""
DocumentFault = Literal["unreadable", "number", "expired"]
RefusalCause = Literal["source", "liveness", "face", "document", "bankcard", "disagreement"]
RevocationCause = Literal["fraud", "error", "request", "source_withdrew"]


@event("identity.requested")
class IdentityRequested(Event):
    """Somebody states who stands behind an account."""

    account: AccountId
    party: PartyId
    person: Fingerprint
    claim: Reference
    """Name and resident number."""

    def _apply(self, verification: "Verification") -> None:
        verification.account, verification.party = self.account, self.party
        verification.people["claim"] = self.person


@event("identity.source_checked")
class IdentitySourceChecked(Event):
    """The authority was asked whether name and number are one person's."""

    verdict: Verdict
    person: Fingerprint
    waits: WaitCause | None = None
    provider: str | None = None
    version: str | None = None
    sandbox: bool | None = None

    def _apply(self, verification: "Verification") -> None:
        verification.note("source", self.verdict, None, sandbox=self.sandbox)


@event("identity.face_compared")
class IdentityFaceCompared(Event):
    """A live picture was compared with a person's portrait; passed from the threshold up."""

    verdict: Verdict
    person: Fingerprint
    image: Reference
    """The SHA-256 of the picture, sealed: a salted digest."""
    threshold: Count
    score: Count | None = None
    live: bool | None = None
    waits: WaitCause | None = None
    provider: str | None = None
    version: str | None = None
    sandbox: bool | None = None

    def _apply(self, verification: "Verification") -> None:
        verification.note("face", self.verdict, self.person, sandbox=self.sandbox)


@event("identity.document_read")
class IdentityDocumentRead(Event):
    """An identity card was read from a picture, and what it says was checked."""

    verdict: Verdict
    image: Reference
    """The SHA-256 of the picture, sealed: a salted digest."""
    person: Fingerprint | None = None
    holder: Reference | None = None
    """Name and resident number."""
    valid_until: Moment | None = None
    fault: DocumentFault | None = None
    waits: WaitCause | None = None
    provider: str | None = None
    version: str | None = None
    sandbox: bool | None = None

    def _apply(self, verification: "Verification") -> None:
        verification.note("document", self.verdict, self.person, sandbox=self.sandbox)
        verification.document_until = self.valid_until


@event("identity.bankcard_checked")
class IdentityBankcardChecked(Event):
    """The bank was asked whether name, resident number and card number belong together."""

    verdict: Verdict
    person: Fingerprint
    card: Fingerprint
    last4: Annotated[str, Pattern("[0-9]{4}")]
    waits: WaitCause | None = None
    provider: str | None = None
    version: str | None = None
    sandbox: bool | None = None

    def _apply(self, verification: "Verification") -> None:
        verification.note("bankcard", self.verdict, self.person, sandbox=self.sandbox)


@event("identity.verified")
class IdentityVerified(Event):
    """Person, document and account agree."""

    person: Fingerprint
    valid_until: Moment
    sandbox: bool | None = None
    """True where any of the checks was a sandbox's."""

    def _apply(self, verification: "Verification") -> None:
        verification.valid_until = self.valid_until


@event("identity.refused")
class IdentityRefused(Event):
    """A check failed, or the checks are about different people: then the pairs are named."""

    cause: RefusalCause
    pairs: tuple[Pair, ...]
    sandbox: bool | None = None


@event("identity.expired")
class IdentityExpired(Event):
    """The time for which the verification was good is over."""

    valid_until: Moment


@event("identity.revoked")
class IdentityRevoked(Event):
    """The verification was withdrawn."""

    cause: RevocationCause
