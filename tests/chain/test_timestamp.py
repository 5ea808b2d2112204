"""Time stamps: each way in which one fails, its code, and that ``openssl`` says the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from chain.errors import MalformedError
from chain.store.openssl import check_with_openssl, has_openssl, run_openssl
from chain.timestamp import (
    MAX_TOKEN_SIZE,
    TEST_POLICY,
    Timestamp,
    TimestampError,
    check_imprint,
    check_timestamp,
    read_authorities,
    read_timestamp,
    sorted_certificates,
)
from scripts.authority import TestAuthority
from tests.chain.evidence import standalone
from tests.golden.chain.generate import HERE

pytestmark = pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")

SIGNED = (HERE / "checkpoint").read_bytes()
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def query(signed: bytes = SIGNED) -> bytes:
    built = TimestampRequestBuilder().data(signed).hash_algorithm(HashAlgorithm.SHA256).build()
    return built.as_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.create(tmp_path_factory.mktemp("authority"), NOW)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.create(tmp_path_factory.mktemp("other"), NOW)


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.create(tmp_path_factory.mktemp("expired"), NOW, valid=-DAY)


@pytest.fixture(scope="module")
def token(authority: TestAuthority) -> bytes:
    return authority.reply(query())


def check(token: bytes, by: TestAuthority, signed: bytes = SIGNED) -> Timestamp:
    roots = read_authorities(by.root)
    return check_timestamp(token, signed, roots, allow_test_authority=True)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(TimestampError) as failed:
        call()
    return failed.value.code


def both_refuse(token: bytes, by: TestAuthority, signed: bytes = SIGNED) -> str:
    """Return our code, once the second tool has refused it as well."""
    with pytest.raises(TimestampError):
        check_with_openssl(token, signed, read_authorities(by.root))
    return code_of(lambda: check(token, by, signed))


def test_a_token_says_when_and_by_whom(token: bytes, authority: TestAuthority) -> None:
    said = check(token, authority)
    assert abs(said.at - datetime.now(UTC)) < timedelta(minutes=2)
    assert said.authority == "CN=测试 TEST ONLY time stamps,O=TEST ONLY"
    assert (said.policy, said.digest_name, said.is_test) == (TEST_POLICY, "sha256", True)
    check_with_openssl(token, SIGNED, read_authorities(authority.root))


def test_a_token_over_other_bytes_is_refused(token: bytes, authority: TestAuthority) -> None:
    assert both_refuse(token, authority, SIGNED + b"\n") == "imprint"
    # Without any root too.
    assert code_of(lambda: check_imprint(token, b"")) == "imprint"
    assert code_of(lambda: check_timestamp(token, b"", [])) == "imprint"


@pytest.mark.parametrize("number", [4, 7, 8, 11, 12], ids=lambda n: f"2.16.840.1.101.3.4.2.{n}")
def test_an_imprint_by_another_digest_than_the_four_is_refused(token: bytes, number: int) -> None:
    """SHA-224, SHA-3 and SHAKE, which the library would take by their numbers."""
    sha256 = bytes.fromhex("608648016503040201")
    changed = token.replace(sha256, sha256[:-1] + bytes([number]))
    assert code_of(lambda: check_imprint(changed, SIGNED)) == "imprint"
    program = standalone.module()
    with pytest.raises(program.Fault, match="imprint"):
        program.Token(changed).check_imprint(SIGNED)


def test_a_token_of_an_authority_that_nobody_trusts_is_refused(
    token: bytes, other: TestAuthority
) -> None:
    """Both have the same names; only the keys differ."""
    assert both_refuse(token, other) == "untrusted"
    assert code_of(lambda: check_timestamp(token, SIGNED, [], allow_test_authority=True)) == (
        "untrusted"
    )


@pytest.mark.parametrize("names_keys", [True, False])
def test_of_two_trusted_roots_with_one_name_each_vouches_for_its_own(
    tmp_path: Path, other: TestAuthority, *, names_keys: bool
) -> None:
    """An authority's old key and its new one stand side by side in a reader's file."""
    made = TestAuthority.create(tmp_path, NOW, names_keys=names_keys)
    token = made.reply(query())
    for pem in (made.root + other.root, other.root + made.root):
        roots = read_authorities(pem)
        assert check_timestamp(token, SIGNED, roots, allow_test_authority=True).is_test


def test_a_token_that_a_certificate_made_after_its_end_is_refused(expired: TestAuthority) -> None:
    assert both_refuse(expired.reply(query()), expired) == "expired"


def test_a_token_is_still_good_when_its_certificate_has_ended(tmp_path: Path) -> None:
    """Certificates are judged as of the token's time: this one ends in two seconds."""
    short = TestAuthority.create(tmp_path, datetime.now(UTC), valid=timedelta(seconds=2))
    made = short.reply(query())
    end = x509.load_pem_x509_certificate((tmp_path / "signer.pem").read_bytes())
    while datetime.now(UTC) <= end.not_valid_after_utc:
        sleep(0.05)
    check(made, short)
    check_with_openssl(made, SIGNED, read_authorities(short.root))


def test_a_test_authority_is_refused_unless_allowed(token: bytes, authority: TestAuthority) -> None:
    roots = read_authorities(authority.root)
    assert code_of(lambda: check_timestamp(token, SIGNED, roots)) == "test_authority"
    # What is false in any case is said first.
    assert code_of(lambda: check_timestamp(token, b"", roots)) == "imprint"


def test_an_answer_to_another_request_is_refused(token: bytes, authority: TestAuthority) -> None:
    nonce = read_timestamp(token).nonce
    assert nonce is not None
    roots = read_authorities(authority.root)

    def take(expected: int) -> Timestamp:
        return check_timestamp(token, SIGNED, roots, allow_test_authority=True, nonce=expected)

    take(nonce)
    assert code_of(lambda: take(nonce + 1)) == "nonce"


def test_a_refusal_by_the_authority_is_no_token(authority: TestAuthority) -> None:
    unsupported = TimestampRequestBuilder().data(SIGNED).hash_algorithm(HashAlgorithm.SHA512)
    refused = authority.reply(unsupported.build().as_bytes())
    assert code_of(lambda: read_timestamp(refused)) == "status"
    assert code_of(lambda: check(refused, authority)) == "status"


def with_certificates(token: bytes, certificates: list[bytes]) -> bytes:
    """Return *token* with other certificates in it, in the order given."""
    response = tsp.TimeStampResp.load(token)
    signed = response["time_stamp_token"]["content"]
    signed["certificates"] = cms.CertificateSet(
        [cms.CertificateChoices("certificate", asn1_x509.Certificate.load(c)) for c in certificates]
    )
    # The library would sort the set: the order is put right afterwards.
    data: bytes = response.dump(force=True)
    before = b"".join(sorted(certificates))
    assert data.count(before) == 1 or len(certificates) == 1
    return data.replace(before, b"".join(certificates))


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_certificates_in_openssls_order_are_no_fault(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """OpenSSL writes signer first; DER wants a sorted set, and one reader insists on it."""
    made = TestAuthority.create(tmp_path_factory.mktemp("pitfall"), NOW, with_root=True)
    token = made.reply(query())
    pair = [der((made.folder / name).read_bytes()) for name in ("signer.pem", "root.pem")]
    seen = []
    for order in (pair, pair[::-1]):
        ordered = with_certificates(token, order)
        check(ordered, made)
        check_with_openssl(ordered, SIGNED, read_authorities(made.root))
        seen.append(ordered)
        assert sorted_certificates(ordered) == with_certificates(token, sorted(pair))
    assert seen[0] != seen[1]
    unsorted = seen[0] if pair != sorted(pair) else seen[1]
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        assert decode_timestamp_response(unsorted).signed_data.certificates


def test_a_signer_whose_certificate_is_for_something_else_is_refused(
    token: bytes, authority: TestAuthority
) -> None:
    """Openssl makes no such token, so the certificate is swapped for one of the same number."""
    signer = x509.load_pem_x509_certificate((authority.folder / "signer.pem").read_bytes())
    builder = (
        x509.CertificateBuilder(
            signer.issuer, signer.subject, signer.public_key(), signer.serial_number,
            signer.not_valid_before_utc, signer.not_valid_after_utc,
        )
    )  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = [
        [],
        [x509.ExtendedKeyUsage([x509.OID_CODE_SIGNING])],
        [x509.ExtendedKeyUsage([x509.OID_TIME_STAMPING, x509.OID_CODE_SIGNING])],
    ]
    for extensions in purposes:
        changed = builder
        for each in extensions:
            changed = changed.add_extension(each, critical=True)
        other = changed.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        assert both_refuse(with_certificates(token, [other]), authority) == "usage"
    lax = builder.add_extension(x509.ExtendedKeyUsage([x509.OID_TIME_STAMPING]), critical=False)
    other = lax.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert code_of(lambda: check(with_certificates(token, [other]), authority)) == "usage"


def test_a_token_without_its_signers_certificate_is_refused(
    token: bytes, authority: TestAuthority
) -> None:
    root = der(authority.root)
    assert both_refuse(with_certificates(token, [root]), authority) == "untrusted"


def test_a_carried_root_is_not_trusted_for_being_carried(
    tmp_path_factory: pytest.TempPathFactory, other: TestAuthority
) -> None:
    made = TestAuthority.create(tmp_path_factory.mktemp("carried"), NOW, with_root=True)
    assert both_refuse(made.reply(query()), other) == "untrusted"


def test_no_changed_bit_of_what_is_signed_is_taken(token: bytes, authority: TestAuthority) -> None:
    """Every tenth bit; what still verifies says the same, for the change is beside the point."""
    said = check(token, authority)
    for bit in range(0, 8 * len(token), 10):
        changed = bytearray(token)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            again = check(bytes(changed), authority)
        except TimestampError:
            continue
        assert again == said


def test_a_token_cut_anywhere_is_malformed(token: bytes, authority: TestAuthority) -> None:
    for end in range(0, len(token), 7):
        assert code_of(lambda end=end: check(token[:end], authority)) == "malformed"  # type: ignore[misc]
    assert code_of(lambda: check(token + b"\0", authority)) == "malformed"


@given(st.binary(max_size=200))
def test_what_is_no_response_is_malformed(data: bytes) -> None:
    with pytest.raises(TimestampError):
        read_timestamp(data)


def test_sizes_are_bounded(token: bytes) -> None:
    with pytest.raises(MalformedError, match="bytes"):
        read_timestamp(b"\x30" + bytes(MAX_TOKEN_SIZE))
    deep = b"".join(b"\x30\x84" + n.to_bytes(4) for n in range(60_000, 0, -6))
    with pytest.raises(TimestampError):
        read_timestamp(deep[:MAX_TOKEN_SIZE])


def test_a_token_over_an_sm3_digest_is_read(authority: TestAuthority, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(SIGNED)
    try:
        run_openssl(
            "ts", "-query", "-data", tmp_path / "data", "-sm3", "-cert", "-out", tmp_path / "q"
        )
    except MalformedError as error:
        pytest.skip(f"this openssl has no SM3: {error}")
    made = authority.reply((tmp_path / "q").read_bytes())
    assert check(made, authority).digest_name == "sm3"


def test_authorities_are_read_from_pem(authority: TestAuthority) -> None:
    assert len(read_authorities(authority.root * 2)) == 2
    for bad in (b"", b"hello", authority.root[:-40]):
        with pytest.raises(MalformedError):
            read_authorities(bad)


def test_the_authoritys_key_is_its_owners_alone(authority: TestAuthority) -> None:
    path = authority.folder / "signer.key"
    assert path.stat().st_mode & 0o077 == 0
    load_pem_private_key(path.read_bytes(), None)
