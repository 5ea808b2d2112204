"""Time stamps (可信时间戳): RFC 3161 tokens over bytes such as a published checkpoint's.

A token says that an authority saw the digest of some bytes at a time, and so that they are no
younger. ``evidence.md``, section 7: what is checked, in this order, and the code of each
failure, which is also the report's:

    malformed       it is no RFC 3161 response with one signer
    status          the authority has not granted it
    imprint         it is over other bytes
    nonce           it answers another request (only at receipt)
    test_authority  it is by a test authority, and those are not allowed
    usage           the signer's certificate is not for time stamping
    expired         a certificate that it carries was not valid at the token's time
    untrusted       its signature, or its way to a trusted root, does not verify

Roots come from whoever verifies, never from where the token lies. The certificates that a
token carries are only steps on the way to a root. Certificates need be valid at the token's
time, not today. ``openssl ts`` is the second tool, at receipt: `chain.store.openssl`. Proved
by ``tests/chain/test_timestamp.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import new as new_digest
from hmac import compare_digest
from typing import Any, ClassVar, Final, Literal

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import VerificationError as NotVerifiedError
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from chain.errors import MalformedError, VerificationError

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"

TEST_POLICY: Final = "2.25.62075749471638688545709114705734932112"
"""Policy of tokens that prove nothing: made by a local authority for tests and the demo."""

TEST_ORGANISATION: Final = "TEST ONLY"

MAX_TOKEN_SIZE: Final = 65_536
"""Bytes of a response; with a chain of four RSA certificates it has some 7,000."""

MAX_CERTIFICATES: Final = 16

Code = Literal[
    "malformed",
    "status",
    "imprint",
    "nonce",
    "test_authority",
    "usage",
    "expired",
    "untrusted",
]

_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
}
_DIGEST_NAMES: Final = ", ".join(_DIGESTS.values())
# What the readers raise on bytes that are not what they should be.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)


class _Response(core.Sequence):  # type: ignore[misc] # it ships no types
    """RFC 3161's TimeStampResp; asn1crypto's own asks for the token, which is optional."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", tsp.ContentInfo, {"optional": True}),
    ]


class TimestampError(VerificationError):
    """A time stamp does not hold; `code` says what is wrong with it."""

    def __init__(self, code: Code, message: str) -> None:
        """Name the fault."""
        super().__init__(f"time stamp: {message}")
        self.code: Code = code


class TimestampMalformedError(MalformedError, TimestampError):
    """The bytes are not an RFC 3161 response."""

    def __init__(self, message: str) -> None:
        """Say what they are not."""
        TimestampError.__init__(self, "malformed", message)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a token says. Read by `read_timestamp` it is a claim, by `check_timestamp` a fact."""

    at: datetime
    """The authority's time, UTC: the bytes existed no later."""

    serial: int
    authority: str
    """Subject of the signer's certificate, RFC 4514; empty if the token carries none."""

    policy: str
    """Object identifier of the authority's policy."""

    digest_name: str
    """Hash function of the imprint, as `hashlib` names it; its identifier if unknown."""

    imprint: bytes
    nonce: int | None
    is_test: bool
    """By policy or organisation a test authority's: it gives no independent time."""


def read_timestamp(token: bytes) -> Timestamp:
    """Return what the response *token* says; nothing of it is verified.

    Raises:
        TimestampMalformedError: *token* is not a response.
        TimestampError: ``status``: the authority has not granted it.
    """
    try:
        return _claims(_open(token))
    except _UNREADABLE as error:
        raise _malformed(error) from None


def check_imprint(token: bytes, signed: bytes) -> Timestamp:
    """Check that *token* is over the bytes *signed*; needs no authority.

    Raises:
        TimestampMalformedError: *token* is not a response.
        TimestampError: ``status`` or ``imprint``.
    """
    claimed = read_timestamp(token)
    # The library would take any digest that OpenSSL has, by its number too: weak ones, and
    # such as have no length of their own.
    if claimed.digest_name not in _DIGESTS.values():
        raise TimestampError(
            "imprint", f"its imprint is by {claimed.digest_name}: not by {_DIGEST_NAMES}"
        )
    try:
        digest = new_digest(claimed.digest_name, signed).digest()
    except ValueError:
        raise TimestampError(
            "imprint", f"its imprint is by {claimed.digest_name}, which this program has not"
        ) from None
    if not compare_digest(digest, claimed.imprint):
        raise TimestampError("imprint", "it is over other bytes than these")
    return claimed


def check_timestamp(
    token: bytes,
    signed: bytes,
    authorities: Sequence[x509.Certificate],
    *,
    allow_test_authority: bool = False,
    nonce: int | None = None,
) -> Timestamp:
    """Return what *token* says, once an authority under *authorities* vouches for it.

    Args:
        token: the response as it was received, DER; trusted in nothing.
        signed: the bytes that it must be over.
        authorities: root certificates that the verifier trusts; at least one.
        allow_test_authority: take a test authority's word too.
        nonce: at receipt, that of the request.

    Raises:
        TimestampMalformedError: *token* is not a response.
        TimestampError: it does not hold; the module's head has the codes.
    """
    claimed = check_imprint(token, signed)
    if nonce is not None and claimed.nonce != nonce:
        raise TimestampError("nonce", "it answers another request")
    if claimed.is_test and not allow_test_authority:
        raise TimestampError("test_authority", f"{claimed.authority}: a test authority's")
    if not authorities:
        raise TimestampError("untrusted", "no authority is trusted")
    try:
        response = _open(token)
        _check_certificates(response, claimed.at)
        sorted_token = _with_sorted_certificates(response, token)
    except _UNREADABLE as error:
        raise _malformed(error) from None
    _check_signature(sorted_token, claimed.imprint, authorities)
    return claimed


def sorted_certificates(token: bytes) -> bytes:
    """Return *token* with its certificates in DER's order, which some tools insist on.

    OpenSSL writes signer first; a DER SET is sorted by encoding. The set is outside of what
    is signed, so the token's meaning is unchanged. What is kept is always *token* itself.

    Raises:
        TimestampMalformedError: *token* is not a response.
        TimestampError: ``status``: there is no token in it.
    """
    try:
        return _with_sorted_certificates(_open(token), token)
    except _UNREADABLE as error:
        raise _malformed(error) from None


def read_authorities(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates in the file *pem*.

    Raises:
        MalformedError: it holds none, or one that cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise MalformedError(f"authorities: not certificates in PEM: {error}") from None


def _open(token: bytes) -> _Response:
    if len(token) > MAX_TOKEN_SIZE:
        raise TimestampMalformedError(f"more than {MAX_TOKEN_SIZE} bytes")
    response: _Response = _Response.load(token, strict=True)
    status = response["status"]["status"].native
    if status != "granted":
        reasons = response["status"]["status_string"].native or []
        said = "; ".join(str(each)[:200] for each in reasons[:3])
        raise TimestampError("status", f"not granted ({status}) {said}".rstrip())
    if response["time_stamp_token"]["content_type"].native != "signed_data":
        raise TimestampMalformedError("its token is not signed data")
    return response


def _signed_data(response: _Response) -> cms.SignedData:
    return response["time_stamp_token"]["content"]


def _claims(response: _Response) -> Timestamp:
    signed = _signed_data(response)
    if signed["encap_content_info"]["content_type"].native != "tst_info":
        raise TimestampMalformedError("its token is not over a time")
    info = signed["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].dotted
    at = info["gen_time"].native
    if not isinstance(at, datetime):
        raise TimestampMalformedError("its time is not one")
    signer = _signer(response)
    subject = None if signer is None else signer.subject
    policy = info["policy"].dotted
    return Timestamp(
        at=at.astimezone(UTC),
        serial=info["serial_number"].native,
        authority="" if subject is None else subject.rfc4514_string(),
        policy=policy,
        digest_name=_DIGESTS.get(algorithm, algorithm),
        imprint=imprint["hashed_message"].native,
        nonce=info["nonce"].native,
        is_test=policy == TEST_POLICY or (subject is not None and _is_test(subject)),
    )


def _is_test(subject: x509.Name) -> bool:
    named = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(each.value == TEST_ORGANISATION for each in named)


def _certificates(response: _Response) -> list[x509.Certificate]:
    carried = _signed_data(response)["certificates"]
    if not carried:
        return []
    if len(carried) > MAX_CERTIFICATES:
        raise TimestampMalformedError(f"carries more than {MAX_CERTIFICATES} certificates")
    return [x509.load_der_x509_certificate(each.chosen.dump()) for each in carried]


def _signer(response: _Response) -> x509.Certificate | None:
    """Return the certificate of the one who has signed, None if the token lacks it."""
    signers = _signed_data(response)["signer_infos"]
    if len(signers) != 1:
        raise TimestampMalformedError(f"must have one signer, not {len(signers)}")
    named = signers[0]["sid"]
    if named.name != "issuer_and_serial_number":
        raise TimestampMalformedError("its signer is not named by issuer and serial number")
    issuer, serial = named.chosen["issuer"].dump(), named.chosen["serial_number"].native
    for each in _certificates(response):
        if each.serial_number == serial and each.issuer.public_bytes() == issuer:
            return each
    return None


def _check_certificates(response: _Response, at: datetime) -> None:
    """Check usage and validity of what the token carries.

    Raises:
        TimestampError: ``usage``, ``expired`` or ``untrusted``.
    """
    signer = _signer(response)
    if signer is None:
        raise TimestampError("untrusted", "it lacks its signer's certificate")
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        usage = None
    purposes = [] if usage is None or not usage.critical else list(usage.value)
    if purposes != [ExtendedKeyUsageOID.TIME_STAMPING]:
        # RFC 3161, section 2.3: critical, and this purpose alone.
        raise TimestampError("usage", "its signer's certificate is not for time stamping alone")
    for each in _certificates(response):
        if not each.not_valid_before_utc <= at <= each.not_valid_after_utc:
            raise TimestampError(
                "expired",
                f"the certificate of {each.subject.rfc4514_string()} was valid from"
                f" {each.not_valid_before_utc:%Y-%m-%d} to {each.not_valid_after_utc:%Y-%m-%d},"
                f" not at {at:%Y-%m-%dT%H:%M:%SZ}",
            )


def _with_sorted_certificates(response: _Response, token: bytes) -> bytes:
    carried: Any = _signed_data(response)["certificates"]
    if not carried:
        return token
    found = [each.dump() for each in carried]
    if found == sorted(found):
        return token
    # Only the set's own bytes are put in another order; all others stay as they are.
    before, after = b"".join(found), b"".join(sorted(found))
    if token.count(before) != 1:
        raise TimestampMalformedError("its certificates cannot be told apart")
    return token.replace(before, after)


def _check_signature(token: bytes, imprint: bytes, authorities: Sequence[x509.Certificate]) -> None:
    """Check signature and way to a root.

    Raises:
        TimestampMalformedError: the second reader does not take the response.
        TimestampError: ``untrusted``.
    """
    try:
        response = decode_timestamp_response(token)
    except ValueError as error:
        raise _malformed(error) from None
    # One root at a time: of two with one name, such as an authority's old key and its new
    # one, the library below may look at the wrong one alone.
    # Roots only: what is given as an intermediate this verifier would trust by itself.
    said = "none is given"
    for root in dict.fromkeys(authorities):
        try:
            VerifierBuilder(roots=[root]).build().verify(response, imprint)
        except (NotVerifiedError, ValueError) as error:
            said = str(error)
        else:
            return
    raise TimestampError("untrusted", f"no trusted authority vouches for it: {said}")


def _malformed(error: Exception) -> TimestampMalformedError:
    said = " ".join(str(error).split())[:200]
    return TimestampMalformedError(f"not an RFC 3161 response: {said}")
