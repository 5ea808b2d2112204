"""Test certificates: a root and a signer under it, labelled TEST ONLY in their own names.

For what has to be signed where no real certificate is configured: the test time-stamp
authority and the test seal. What they sign proves nothing, and verifiers say so
(``evidence.md``, section 7). Proved by ``tests/chain/test_timestamp.py`` and
``tests/chain/evidence/store/test_sealing.py``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chain.timestamp import TEST_ORGANISATION

YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TestSigner:
    """A signer's certificate and key, and the root above it, all PEM."""

    __test__ = False  # for pytest: it is no test

    root: bytes
    certificate: bytes
    key: bytes

    @classmethod
    def create(
        cls,
        what: str,
        now: datetime,
        valid: timedelta = 5 * YEAR,
        purposes: x509.ExtendedKeyUsage | None = None,
        *,
        names_keys: bool = True,
    ) -> Self:
        """Make one.

        Args:
            what: it is for; stands in its name.
            now: the certificates begin a year before.
            valid: how long after *now* the signer's is valid; negative for an expired one.
            purposes: that the signer's certificate is limited to.
            names_keys: whether it says which root's key signed it: all roots have one name.
        """
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in "rs")
        root_name, name = _name("测试 TEST ONLY root"), _name(f"测试 TEST ONLY {what}")
        root = (
            _builder(root_name, root_name, root_key.public_key(), now, 10 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False
            )
            .sign(root_key, hashes.SHA256())
        )
        signer = (
            _builder(name, root_name, key.public_key(), now, valid)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
        )
        if names_keys:
            by = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
            signer = signer.add_extension(by, critical=False)
        if purposes is not None:
            signer = signer.add_extension(purposes, critical=True)
        return cls(
            root.public_bytes(Encoding.PEM),
            signer.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, TEST_ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    valid: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - YEAR)
        .not_valid_after(now + valid)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
