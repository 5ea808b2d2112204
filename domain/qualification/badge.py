"""The badge: a certificate as a signed note that anyone can check (``docs/certificate.md``).

A certificate says that a merchant was identified and approved (kind ``merchant``), or that it
may sell goods of a category (kind ``goods``); a buyer is shown both, "主体+商品". Its text is

    xiyou-certificate/1
    {"certificate":"cer_…","issued_at":"…","issuer":"…","kind":"merchant",…}

under the signature of c2sp.org/signed-note by the issuer's Ed25519 key. Nothing here touches
the world; ``tests/golden/qualification/`` holds bytes that must never change. Proved by
``tests/domain/qualification/test_b6_badge.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal, Protocol, Self, TypeVar

from chain.canonical import parse, to_bytes
from chain.cosignature import verifier_of
from chain.errors import MalformedError
from chain.note import Note, Signature, open_note, parse_signature
from chain.vkey import KeyType, VerifierKey, check_key_name
from domain.identifiers import check
from domain.payload import MerchantId, Moment, identifier, payload_fields, read_object
from domain.qualification.categories import Category

CertificateId = Annotated[str, identifier("cer")]
Kind = Literal["merchant", "goods"]

HEAD: Final = "xiyou-certificate/1"
MAX_BADGE_SIZE: Final = 8_192
"""Bytes."""

T = TypeVar("T")


class BadgeSigner(Protocol):
    """Signs certificates and status lists; `domain.qualification.store.issuer_key` is one."""

    @property
    def key(self) -> VerifierKey:
        """The public half, whose name is the issuer's."""

    def sign(self, text: str) -> bytes:
        """Return the Ed25519 signature over *text*."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a badge says, once it is verified."""

    certificate: CertificateId
    merchant: MerchantId
    kind: Kind
    issuer: str
    """Name of the key that signs it, and the status list that it stands on."""
    issued_at: Moment
    valid_until: Moment
    category: Category | None = None
    """Of the goods; a certificate of kind ``merchant`` has neither this nor an operator."""
    operator: str | None = None
    """Who authorised the merchant; absent where the merchant runs what the goods open."""

    def text(self) -> str:
        """Return what is signed.

        Raises:
            MalformedError: a member is not what it must be.
        """
        self._check()
        return signed_text(HEAD, {k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the certificate that *text* spells. Do not use it unless the text was signed.

        Raises:
            MalformedError: `text` would not have written it.
        """
        found = cls(**read_object(_FIELDS, read_text(HEAD, text)))
        found._check()
        return found

    def _check(self) -> None:
        members = {name: value for name, value in asdict(self).items() if value is not None}
        read_object(_FIELDS, members)
        check(self.certificate, "cer")
        check_key_name(self.issuer)
        if (self.category is None) != (self.kind == "merchant"):
            raise MalformedError("category: stands in a certificate of goods, and in no other")
        if self.operator is not None and self.category is None:
            raise MalformedError("operator: stands in a certificate of goods alone")
        if self.valid_until <= self.issued_at:
            raise MalformedError("valid_until: is not after issued_at")


_FIELDS: Final = payload_fields(Certificate)


def sign_badge(certificate: Certificate, signer: BadgeSigner) -> str:
    """Return the signature of *certificate* as its event keeps it: base64 of key ID and bytes."""
    return signature_of(certificate.text(), signer).line().split(" ")[2].rstrip("\n")


def badge_bytes(certificate: Certificate, signature: str) -> bytes:
    """Return the badge: the note of *certificate* with its *signature*.

    Raises:
        MalformedError: the signature is not in its form.
    """
    line = parse_signature(f"\u2014 {certificate.issuer} {signature}")
    return Note(certificate.text(), (line,)).to_bytes()


def open_badge(badge: bytes, keys: Iterable[VerifierKey]) -> Certificate:
    """Return what *badge* says, once one of *keys* has vouched for it; ask the status list then.

    Raises:
        MalformedError: it is no badge.
        SignatureFailedError: it is signed by none of *keys*, or was changed.
    """
    text = open_signed(badge, keys, MAX_BADGE_SIZE)
    certificate = Certificate.parse(text.body)
    check_issuer(certificate.issuer, text.signers)
    return certificate


@dataclass(frozen=True, slots=True)
class SignedText:
    """A text and the names of the keys that vouch for it."""

    body: str
    signers: Sequence[str]


def open_signed(note: bytes, keys: Iterable[VerifierKey], limit: int) -> SignedText:
    """Return the text of *note*, at most *limit* bytes, once one of *keys* has vouched for it.

    Raises:
        MalformedError: it is no such note, or a key is not an Ed25519 key.
        SignatureFailedError: it is signed by none of *keys*, or was changed.
    """
    if len(note) > limit:
        raise MalformedError(f"note: {len(note)} bytes are more than {limit}")
    known = list(keys)
    if any(each.type is not KeyType.ED25519 for each in known):
        raise MalformedError("key: an issuer signs with a key of type 01, Ed25519")
    opened = open_note(note, [verifier_of(each) for each in known])
    return SignedText(opened.text, [each.name for each in opened.verified])


def check_issuer(issuer: str, signers: Sequence[str]) -> None:
    """Refuse a text that names another issuer than has signed it.

    Raises:
        MalformedError: it does; no honest issuer writes it.
    """
    if issuer not in signers:
        raise MalformedError(f"issuer: is {issuer}, and it is signed by {', '.join(signers)}")


def signature_of(text: str, signer: BadgeSigner) -> Signature:
    """Return the signature line of *signer* for a note of *text*."""
    return Signature(signer.key.name, signer.key.id, signer.sign(text))


def signed_text(head: str, members: dict[str, Any]) -> str:
    """Return the two lines that are signed: what it is, and canonical JSON."""
    return f"{head}\n{to_bytes(members).decode()}\n"


def read_text(head: str, text: str) -> object:
    """Return the JSON value of a text that `signed_text` wrote under *head*.

    Raises:
        MalformedError: it did not write it.
    """
    first, newline, rest = text.partition("\n")
    if first != head or not newline:
        raise MalformedError(f"first line: must be {head}")
    body, newline, more = rest.partition("\n")
    if not newline or more:
        raise MalformedError(f"{head}: must be followed by one line of JSON")
    return parse(body.encode())
