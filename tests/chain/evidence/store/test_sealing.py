"""Which seal a deployment has: its own, in one of two forms, or a test seal that says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader

from chain.errors import ChainError, MalformedError, VerificationError
from chain.evidence import names
from chain.evidence.seal import check_certificate
from chain.evidence.store.sealing import open_seal, seal_pdf
from chain.store.files import MissingFileError
from chain.store.issuing import TestSigner
from tests.chain.evidence.certifying import NOW, files, printed

MADE = TestSigner.create("another", NOW)


def put(home: Path, name: str, content: bytes, mode: int = 0o600) -> None:
    path = home / "keys" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def box(password: bytes) -> bytes:
    key, certificate = load_pem_private_key(MADE.key, None), _certificate()
    root = x509.load_pem_x509_certificate(MADE.root)
    return pkcs12.serialize_key_and_certificates(
        b"seal",
        key,  # type: ignore[arg-type] # an EC key
        certificate,
        [root],
        BestAvailableEncryption(password),
    )


def _certificate() -> x509.Certificate:
    return x509.load_pem_x509_certificate(MADE.certificate)


def real(now: datetime) -> tuple[bytes, bytes]:
    """Return certificate and RSA key of a seal that is no test, PEM; its own root."""
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "某公司")])
    usage = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4_711)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def test_without_one_a_test_seal_is_made_once_and_says_so(tmp_path: Path) -> None:
    first, second = open_seal(tmp_path, NOW), open_seal(tmp_path, NOW)
    assert first.said().is_test
    assert first.said() == second.said()
    assert (tmp_path / "keys/seal-test.key").stat().st_mode & 0o777 == 0o600


def test_a_real_seal_of_rsa_in_pem_is_taken_and_verifies_under_its_root(tmp_path: Path) -> None:
    certificate, key = real(NOW)
    put(tmp_path, "seal.pem", certificate)
    put(tmp_path, "seal.key", key)
    seal = open_seal(tmp_path, NOW)
    assert (seal.said().subject, seal.said().is_test) == ("O=某公司", False)
    bundle = files()[names.BUNDLE]
    sealed = seal_pdf(printed(), bundle, seal, NOW)
    check_certificate(sealed, bundle, certificate, is_test_allowed=False)


def test_a_pkcs12_file_is_taken_with_its_password(tmp_path: Path) -> None:
    put(tmp_path, "seal.p12", box(b"secret"))
    put(tmp_path, "seal.password", b"secret\n")
    bundle = files()[names.BUNDLE]
    sealed = seal_pdf(printed(), bundle, open_seal(tmp_path, NOW), NOW)
    check_certificate(sealed, bundle, MADE.root, is_test_allowed=True)


def _wrong_password(home: Path) -> None:
    put(home, "seal.p12", box(b"secret"))
    put(home, "seal.password", b"other")


def _of_another(home: Path) -> None:
    put(home, "seal.pem", TestSigner.create("third", NOW).certificate)
    put(home, "seal.key", MADE.key)


def _nonsense(home: Path) -> None:
    put(home, "seal.pem", b"-----BEGIN")
    put(home, "seal.key", MADE.key)


def _over(home: Path) -> None:
    made = TestSigner.create("over", NOW, valid=-timedelta(days=1))
    put(home, "seal.pem", made.certificate)
    put(home, "seal.key", made.key)


def _open_to_all(home: Path) -> None:
    put(home, "seal.pem", MADE.certificate)
    put(home, "seal.key", MADE.key, 0o644)


def _half(home: Path) -> None:
    put(home, "seal.key", MADE.key)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (_wrong_password, MalformedError),
        (_of_another, MalformedError),
        (_nonsense, MalformedError),
        (_over, MalformedError),
        (_open_to_all, VerificationError),
        (_half, MissingFileError),
    ],
)
def test_a_seal_that_cannot_be_used_is_named_and_its_secrets_are_not(
    spoil: Callable[[Path], None], error: type[ChainError], tmp_path: Path
) -> None:
    spoil(tmp_path)
    with pytest.raises(error) as raised:
        open_seal(tmp_path, NOW)
    assert "secret" not in str(raised.value).replace("a secret is its owner's", "")


def test_the_seal_states_the_moment_that_it_is_told(tmp_path: Path) -> None:
    seal = open_seal(tmp_path, NOW)
    at = datetime(2026, 12, 24, 18, tzinfo=UTC)
    sealed = seal_pdf(printed(), files()[names.BUNDLE], seal, at)
    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    assert signature.self_reported_timestamp == at
