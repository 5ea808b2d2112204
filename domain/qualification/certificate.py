"""A certificate's life in the log: issued, suspended, reinstated, revoked, presented.

``features.md``, B6 and B7. The event of the issue keeps the signature, so that the badge is a
function of the log: the same bytes, whoever makes them, and without the key.
``tests/domain/qualification/test_b6_certificates.py``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.event import Event, event
from domain.payload import Digest, MerchantId, Moment, Pattern
from domain.qualification import badge
from domain.qualification.categories import Category

CERTIFICATE_TABLE: Table = {
    "certificate.issued": {NEW: "good"},
    "certificate.suspended": {"good": "suspended"},
    "certificate.reinstated": {"suspended": "good"},
    "certificate.revoked": {"good": "revoked", "suspended": "revoked"},
    "certificate.presented": {"good": "good"},
}

NoteSignature = Annotated[str, Pattern("[A-Za-z0-9+/]{91}=")]
"""Base64 of key ID and Ed25519 signature, as a signed note has it: 68 bytes."""
Audience = Annotated[str, Pattern("[!-~]{1,128}")]
"""A platform customer, by its client id."""


@event("certificate.issued")
class CertificateIssued(Event):
    """The merchant has a badge that says this."""

    merchant: MerchantId
    kind: badge.Kind
    issuer: str
    issued_at: Moment
    valid_until: Moment
    signature: NoteSignature
    category: Category | None = None
    operator: str | None = None

    def certificate(self) -> badge.Certificate:
        """Return what the badge says."""
        return badge.Certificate(
            certificate=self.originator_id,
            merchant=self.merchant,
            kind=self.kind,
            issuer=self.issuer,
            issued_at=self.issued_at,
            valid_until=self.valid_until,
            category=self.category,
            operator=self.operator,
        )

    def badge(self) -> bytes:
        """Return the badge."""
        return badge.badge_bytes(self.certificate(), self.signature)

    def _apply(self, found: "CertificateRecord") -> None:
        found.merchant = self.merchant


@event("certificate.suspended")
class CertificateSuspended(Event):
    """The badge does not verify with a status list from now on."""


@event("certificate.reinstated")
class CertificateReinstated(Event):
    """The badge verifies again."""


@event("certificate.revoked")
class CertificateRevoked(Event):
    """The badge verifies no more, for good."""


@event("certificate.presented")
class CertificatePresented(Event):
    """A platform customer was shown the badge, and it verified with this status list."""

    audience: Audience
    badge_sha256: Digest
    status_sha256: Digest
    presented_at: Moment


class CertificateRecord(Aggregate):
    """One certificate."""

    TOPIC = "certificate"
    PREFIX = "cer"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": CERTIFICATE_TABLE}

    __slots__ = ("merchant", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = ""

    def issue(
        self, command: Command, certificate: badge.Certificate, signer: badge.BadgeSigner
    ) -> None:
        """Sign *certificate* and record it."""
        self.check("certificate.issued")
        issued = CertificateIssued(
            *self.follows(command),
            merchant=certificate.merchant,
            kind=certificate.kind,
            issuer=certificate.issuer,
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            signature=badge.sign_badge(certificate, signer),
            category=certificate.category,
            operator=certificate.operator,
        )
        self.happen(command, issued)

    def suspend(self, command: Command) -> None:
        """Let the badge fail until it is reinstated."""
        self.happen(command, CertificateSuspended(*self.follows(command)))

    def reinstate(self, command: Command) -> None:
        """Let the badge be good again."""
        self.happen(command, CertificateReinstated(*self.follows(command)))

    def revoke(self, command: Command) -> None:
        """Let the badge fail for good."""
        self.happen(command, CertificateRevoked(*self.follows(command)))

    def present(self, command: Command, audience: str, digests: tuple[str, str], now: str) -> None:
        """Record that *audience* was shown the badge and status list with *digests*."""
        presented = CertificatePresented(*self.follows(command), audience, *digests, now)
        self.happen(command, presented)
