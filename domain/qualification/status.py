"""The status list: which certificates are suspended or revoked (``docs/certificate.md``).

A signed note as a badge is one, whose text is

    xiyou-status/1
    {"issued_at":"…","issuer":"…","next_update":"…","revoked":[…],"size":9,"suspended":[…]}

It holds all certificates of the issuer that are not good, and no others: one that is not
listed is good. ``size`` says how many entries of the log it takes into account, so that
whoever has the log can make the same list. A certificate whose time is over need not be
listed. `verify_badge` is what a third party runs: without a network, without the database.
``tests/domain/qualification/test_b6_badge.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Self

from chain.errors import MalformedError, VerificationError
from chain.note import Note
from chain.vkey import VerifierKey, check_key_name
from domain.payload import Count, Moment, payload_fields, read_object
from domain.qualification.badge import (
    BadgeSigner,
    Certificate,
    CertificateId,
    check_issuer,
    open_badge,
    open_signed,
    read_text,
    signature_of,
    signed_text,
)
from domain.qualification.categories import after

HEAD: Final = "xiyou-status/1"
MAX_LIST_SIZE: Final = 1_000_000
"""Bytes, as of every note: room for some 30,000 certificates that are not good."""
CLOCK_TOLERANCE: Final = 300
"""Seconds by which an issuer's clock may be ahead of the reader's."""


class CertificateSuspendedError(VerificationError):
    """The issuer has suspended the certificate."""


class CertificateRevokedError(VerificationError):
    """The issuer has revoked the certificate, for good."""


class CertificateOverError(VerificationError):
    """The certificate's time is over, or has not begun."""


class StaleStatusError(VerificationError):
    """The status list is older than it may be, or from the future: get a new one."""


class WrongCertificateError(VerificationError):
    """The certificate or list is true, and about something else than was asked."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which certificates of an issuer are not good."""

    issuer: str
    issued_at: Moment
    next_update: Moment
    """After this moment the list says nothing any more."""
    size: Count
    """Entries of the log that it takes into account."""
    suspended: tuple[CertificateId, ...]
    """In the order of their letters, as in ``revoked``."""
    revoked: tuple[CertificateId, ...]

    def text(self) -> str:
        """Return what is signed.

        Raises:
            MalformedError: a member is not what it must be.
        """
        self._check()
        return signed_text(HEAD, self._members())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the list that *text* spells. Do not use it unless the text was signed.

        Raises:
            MalformedError: `text` would not have written it.
        """
        found = cls(**read_object(_FIELDS, read_text(HEAD, text)))
        found._check()
        return found

    def check(self, certificate: Certificate, now: str) -> None:
        """Check that *certificate* is good at *now*, as far as this list knows.

        Raises:
            WrongCertificateError: another issuer's list.
            StaleStatusError: the list says nothing of *now*.
            CertificateOverError: the certificate is not in its time.
            CertificateRevokedError: it is revoked.
            CertificateSuspendedError: it is suspended.
        """
        name = certificate.certificate
        if certificate.issuer != self.issuer:
            raise WrongCertificateError(f"{name}: is {certificate.issuer}'s, not {self.issuer}'s")
        latest = after(now, seconds=CLOCK_TOLERANCE)
        if now >= self.next_update or latest < self.issued_at:
            raise StaleStatusError(
                f"status list: speaks for {self.issued_at} to {self.next_update}, not for {now}"
            )
        if now >= certificate.valid_until or latest < certificate.issued_at:
            raise CertificateOverError(
                f"{name}: is good from {certificate.issued_at} to {certificate.valid_until}"
            )
        if name in self.revoked:
            raise CertificateRevokedError(f"{name}: is revoked")
        if name in self.suspended:
            raise CertificateSuspendedError(f"{name}: is suspended")

    def _members(self) -> dict[str, object]:
        members = asdict(self)
        return members | {name: list(members[name]) for name in ("suspended", "revoked")}

    def _check(self) -> None:
        read_object(_FIELDS, self._members())
        check_key_name(self.issuer)
        if self.next_update <= self.issued_at:
            raise MalformedError("next_update: is not after issued_at")
        for name, listed in (("suspended", self.suspended), ("revoked", self.revoked)):
            if list(listed) != sorted(set(listed)):
                raise MalformedError(f"{name}: must be in order, each certificate once")
        if set(self.suspended) & set(self.revoked):
            raise MalformedError("revoked: holds a certificate that is in suspended, too")


_FIELDS: Final = payload_fields(StatusList)


def sign_status(status: StatusList, signer: BadgeSigner) -> bytes:
    """Return *status* as the note that is published.

    Raises:
        MalformedError: the list is longer than a note may be, or names another issuer.
    """
    if status.issuer != signer.key.name:
        raise MalformedError(f"issuer: is {status.issuer}, and the key is {signer.key.name}'s")
    text = status.text()
    return Note(text, (signature_of(text, signer),)).to_bytes()


def open_status(note: bytes, keys: Iterable[VerifierKey]) -> StatusList:
    """Return what *note* says, once one of *keys* has vouched for it.

    Raises:
        MalformedError: it is no status list.
        SignatureFailedError: it is signed by none of *keys*, or was changed.
    """
    opened = open_signed(note, keys, MAX_LIST_SIZE)
    status = StatusList.parse(opened.body)
    check_issuer(status.issuer, opened.signers)
    return status


def verify_badge(badge: bytes, status: bytes, keys: Sequence[VerifierKey], now: str) -> None:
    """Check that *badge* is an issuer's whom *keys* trust, and good at *now*.

    Args:
        badge: as the merchant shows it.
        status: the newest list that the reader has.
        keys: of the issuers whom the reader trusts.
        now: RFC 3339, UTC, by the reader's own clock.

    Raises:
        MalformedError: badge, list or moment is not in its format.
        VerificationError: it is, and untrue: see `StatusList.check` and `open_badge`.
    """
    open_status(status, keys).check(open_badge(badge, keys), now)


def verify_double(
    merchant: bytes,
    goods: bytes,
    status: bytes,
    keys: Sequence[VerifierKey],
    now: str,
    category: str | None = None,
) -> None:
    """Check both badges of an offer: the merchant's and its goods' ("主体+商品").

    Args:
        merchant: the badge of kind ``merchant``.
        goods: the badge of kind ``goods``.
        status: as in `verify_badge`.
        keys: as in `verify_badge`.
        now: as in `verify_badge`.
        category: of the goods on offer, where it is known.

    Raises:
        WrongCertificateError: they are not the two badges of one merchant and *category*.
        MalformedError: as `verify_badge`.
        VerificationError: as `verify_badge`.
    """
    for badge in (merchant, goods):
        verify_badge(badge, status, keys, now)
    one, other = open_badge(merchant, keys), open_badge(goods, keys)
    if (one.kind, other.kind) != ("merchant", "goods"):
        raise WrongCertificateError(
            f"these are {one.kind} and {other.kind}, not merchant and goods"
        )
    if one.merchant != other.merchant:
        raise WrongCertificateError(f"the goods' badge is of {other.merchant}, not {one.merchant}")
    if category is not None and other.category != category:
        raise WrongCertificateError(f"the goods' badge is for {other.category}, not for {category}")
