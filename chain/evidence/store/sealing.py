"""Sealing a certificate: PAdES with the key and certificate in a deployment's home.

    keys/seal.p12 and keys/seal.password    a PKCS#12 file and its password, or
    keys/seal.pem and keys/seal.key         certificate first, then its chain; the key, PKCS#8

Both keys and the password are their owner's alone. Where neither is there, a test seal is made
and kept as ``keys/seal-test.pem``, ``seal-test.key`` and ``seal-test-root.pem``: it says of
itself that it proves nothing, and the certificate says so on every page. RSA (PKCS #1) and
ECDSA; the library has no SM2. Proved by ``tests/chain/evidence/store/test_sealing.py``.
"""

from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from asn1crypto import keys as der_keys
from asn1crypto import x509 as der_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chain.errors import MalformedError
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.paper.certificate import Seal
from chain.evidence.seal import check_certificate
from chain.store.files import MissingFileError, read_private, write_private
from chain.store.issuing import TestSigner
from chain.timestamp import TEST_ORGANISATION

BOX_FILE: Final = "seal.p12"
PASSWORD_FILE: Final = "seal.password"  # noqa: S105 — the name of a file
CERTIFICATE_FILE: Final = "seal.pem"
KEY_FILE: Final = "seal.key"
TEST_CERTIFICATE_FILE: Final = "seal-test.pem"
TEST_KEY_FILE: Final = "seal-test.key"
TEST_ROOT_FILE: Final = "seal-test-root.pem"
FIELD: Final = "Seal"
REASON: Final = "存证证书 Certificate of evidence"


class SealKey(NamedTuple):
    """What a deployment seals with."""

    key: PrivateKeyTypes
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def said(self) -> Seal:
        """Return what the certificate says of who seals."""
        organisations = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return Seal(
            self.certificate.subject.rfc4514_string(),
            self.certificate.issuer.rfc4514_string(),
            str(self.certificate.serial_number),
            any(each.value == TEST_ORGANISATION for each in organisations),
        )


def open_seal(home: Path, now: datetime) -> SealKey:
    """Return the seal of the deployment at *home*; a test seal is made where there is none.

    Raises:
        MalformedError: a file is not in its form, key and certificate do not belong together,
            or the certificate is not valid *now*.
        MissingFileError: one of a pair of files is missing.
        VerificationError: others may read a secret.
    """
    folder = home / "keys"
    if (folder / BOX_FILE).exists():
        found = _open_box(folder)
    elif (folder / CERTIFICATE_FILE).exists() or (folder / KEY_FILE).exists():
        found = _open_pair(folder, CERTIFICATE_FILE, KEY_FILE)
    else:
        _make_test_seal(folder, now)
        found = _open_pair(folder, TEST_CERTIFICATE_FILE, TEST_KEY_FILE)
    if _public(found.key.public_key()) != _public(found.certificate.public_key()):
        raise MalformedError(f"{folder}: the seal's key is not that of its certificate")
    check_validity(found, now)
    return found


def check_validity(seal: SealKey, at: datetime) -> None:
    """Check that *seal* may be used *at* that time.

    Raises:
        MalformedError: its certificate is not valid then.
    """
    certificate = seal.certificate
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise MalformedError(
            f"the seal's certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to"
            f" {certificate.not_valid_after_utc:%Y-%m-%d}: put the new one into keys/"
        )


def seal_pdf(pdf: bytes, bundle: bytes, seal: SealKey, at: datetime) -> bytes:
    """Return *pdf* sealed at *at*, once a reader has found the seal whole.

    Args:
        pdf: the certificate, with *bundle* attached.
        bundle: ``bundle.json``.
        seal: to seal with.
        at: the moment that the seal states.

    Raises:
        MalformedError: the seal's certificate is not valid then, or of a kind not known here.
    """
    check_validity(seal, at)
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=REASON,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    sealed = bytes(_Sealer(meta, _signer(seal), at).sign_pdf(writer).getvalue())
    with suppress(Unchecked):
        try:
            check_certificate(sealed, bundle, None, is_test_allowed=True)
        except Fault as fault:
            raise MalformedError(
                f"the seal's certificate cannot seal ({fault}): use RSA or ECDSA, with"
                " the usage digitalSignature or nonRepudiation"
            ) from fault
    return sealed


class _Sealer(signers.PdfSigner):
    """Seals at a moment that it is told, not at the clock's."""

    def __init__(
        self, meta: signers.PdfSignatureMetadata, signer: signers.Signer, at: datetime
    ) -> None:
        super().__init__(meta, signer)
        self._at = at

    def init_signing_session(self, *arguments: Any, **others: Any) -> Any:  # noqa: ANN401 — the library's
        """Begin, with the time that is to be stated."""
        session = super().init_signing_session(*arguments, **others)
        session.system_time = self._at
        return session


def _signer(seal: SealKey) -> signers.Signer:
    known = SimpleCertificateStore()  # type: ignore[no-untyped-call] # the library has none
    known.register_multiple([_loaded(each) for each in seal.chain])
    private = seal.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        _loaded(seal.certificate),
        der_keys.PrivateKeyInfo.load(private),
        known,
        # A root says nothing inside a seal: a reader has it from elsewhere, or not at all.
        embed_roots=False,
    )


def _open_box(folder: Path) -> SealKey:
    password = read_private(folder / PASSWORD_FILE).removesuffix(b"\n")
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(
            read_private(folder / BOX_FILE), password or None
        )
    except ValueError:
        raise MalformedError(
            f"{folder / BOX_FILE}: is no PKCS#12, or not by the password in {PASSWORD_FILE}"
        ) from None
    if key is None or certificate is None:
        raise MalformedError(f"{folder / BOX_FILE}: must hold a key and its certificate")
    return SealKey(key, certificate, tuple(chain))


def _open_pair(folder: Path, certificate: str, key: str) -> SealKey:
    private = read_private(folder / key)
    try:
        found = x509.load_pem_x509_certificates((folder / certificate).read_bytes())
        return SealKey(load_pem_private_key(private, None), found[0], tuple(found[1:]))
    except FileNotFoundError:
        raise MissingFileError(str(folder / certificate)) from None
    except (ValueError, TypeError):
        raise MalformedError(
            f"{folder}: {certificate} must hold certificates and {key} a key without a"
            " password, both PEM"
        ) from None


def _make_test_seal(folder: Path, now: datetime) -> None:
    if (folder / TEST_CERTIFICATE_FILE).exists():
        return
    made = TestSigner.create("seal", now)
    # The certificate comes last: a crash before it leaves a key that nothing was sealed with.
    for name in (TEST_KEY_FILE, TEST_ROOT_FILE):
        (folder / name).unlink(missing_ok=True)
    write_private(folder / TEST_KEY_FILE, made.key)
    write_private(folder / TEST_ROOT_FILE, made.root, mode=0o644)
    write_private(folder / TEST_CERTIFICATE_FILE, made.certificate, mode=0o644)


def _public(key: Any) -> bytes:  # noqa: ANN401 — any kind of public key
    return cast("bytes", key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _loaded(certificate: x509.Certificate) -> der_x509.Certificate:
    return der_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
