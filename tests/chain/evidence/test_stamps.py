"""Rows 36 to 39 of ``evidence.md``, section 9: what a token dates, and when it does not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from chain.evidence.verification import Trust
from chain.store.openssl import has_openssl
from scripts import browser
from scripts.authority import TestAuthority
from tests.chain.evidence import standalone
from tests.chain.evidence.agreement import assert_agree
from tests.chain.evidence.making import TRUST, Maker, report, trade, verdicts, zipped

pytestmark = pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")

NOW = datetime.now(UTC)
OWN = "stamps/000000000005"
OLD = "stamps/000000000003"
RED, UNSURE = "failed", "not_checked"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.create(tmp_path_factory.mktemp("authority"), NOW)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.create(tmp_path_factory.mktemp("stranger"), NOW)


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    folder = tmp_path_factory.mktemp("expired")
    return TestAuthority.create(folder, NOW, valid=-timedelta(days=1))


def token(by: TestAuthority, signed: bytes) -> bytes:
    built = TimestampRequestBuilder().data(signed).hash_algorithm(HashAlgorithm.SHA256).build()
    return by.reply(built.as_bytes())


def package(stamps: Mapping[str, bytes]) -> bytes:
    return zipped(Maker(others=stamps).members())


def trusting(by: TestAuthority) -> Trust:
    return replace(TRUST, tsa_roots=by.root, allow_test_authority=True)


def found(data: bytes, trust: Trust) -> tuple[str, str | None]:
    """Return the verdict on time stamps, once two verifiers have given one report."""
    ours = report(data, trust)
    assert standalone.report(data, trust) == ours
    return verdicts(ours)["timestamps"]


def both(by: TestAuthority) -> dict[str, bytes]:
    log = trade()
    return {
        f"{OWN}.tsr": token(by, log.note(5)),
        f"{OLD}.tsr": token(by, log.note(3)),
        f"{OLD}.txt": log.note(3),
        f"{OLD}.consistency": log.consistency(3, 5),
    }


def test_every_entry_has_the_earliest_time_of_a_stamped_tree_that_holds_it(
    authority: TestAuthority,
) -> None:
    data = package(both(authority))
    trust = trusting(authority)
    assert found(data, trust) == ("verified", None)
    times = {each["index"]: each["no_later_than"] for each in report(data, trust)["entry_times"]}
    assert times.keys() == {0, 2, 3, 4}
    assert times[0] == times[2] <= times[3] == times[4]
    assert "P2" in report(data, trust)["proves"]


def test_36_a_stamp_of_another_checkpoint_fails_with_or_without_roots(
    authority: TestAuthority,
) -> None:
    data = package({f"{OWN}.tsr": token(authority, trade().note(4))})
    assert found(data, trusting(authority)) == (RED, "imprint")
    assert found(data, TRUST) == (RED, "imprint")


def test_36_bytes_that_are_no_token_fail(authority: TestAuthority) -> None:
    good = token(authority, trade().note(5))
    for bad in (b"", b"0", good[:-1], good + b"\0", b"\x30\x80" + good):
        assert found(package({f"{OWN}.tsr": bad}), trusting(authority)) == (RED, "imprint")


def test_37_an_unknown_an_expired_and_an_unasked_authority(
    authority: TestAuthority, stranger: TestAuthority, expired: TestAuthority
) -> None:
    data = package({f"{OWN}.tsr": token(stranger, trade().note(5))})
    assert found(data, trusting(authority)) == (RED, "untrusted")
    late = package({f"{OWN}.tsr": token(expired, trade().note(5))})
    assert found(late, trusting(expired)) == (RED, "expired")
    no_roots = replace(TRUST, allow_test_authority=True)
    assert found(data, no_roots) == (UNSURE, "no_outside_roots")


def test_37_a_signer_that_may_not_stamp(authority: TestAuthority) -> None:
    """The certificate in the token is swapped for one of the same number and another usage."""
    data = token(authority, trade().note(5))
    signer = x509.load_pem_x509_certificate((authority.folder / "signer.pem").read_bytes())
    built = (
        x509.CertificateBuilder()
        .issuer_name(signer.issuer)
        .subject_name(signer.subject)
        .public_key(signer.public_key())
        .serial_number(signer.serial_number)
        .not_valid_before(signer.not_valid_before_utc)
        .not_valid_after(signer.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([x509.OID_CODE_SIGNING]), critical=True)
    )
    key = ec.generate_private_key(ec.SECP256R1())
    other = built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    response = tsp.TimeStampResp.load(data)
    signed = response["time_stamp_token"]["content"]
    choice = cms.CertificateChoices("certificate", asn1_x509.Certificate.load(other))
    signed["certificates"] = cms.CertificateSet([choice])
    swapped = package({f"{OWN}.tsr": response.dump(force=True)})
    trust = trusting(authority)
    assert verdicts(report(swapped, trust))["timestamps"] == (RED, "usage")
    # openssl finds the false certificate before it looks at what it is for.
    assert verdicts(standalone.report(swapped, trust))["timestamps"][0] == RED


def test_37_a_refusal_is_no_stamp(authority: TestAuthority) -> None:
    refused = bytes.fromhex("30053003020102")
    assert found(package({f"{OWN}.tsr": refused}), trusting(authority)) == (RED, "status")


def test_38_a_test_authority_is_not_believed_without_the_flag(authority: TestAuthority) -> None:
    data = package({f"{OWN}.tsr": token(authority, trade().note(5))})
    trust = replace(TRUST, tsa_roots=authority.root)
    assert found(data, trust) == (UNSURE, "test_authority")
    assert report(data, trust)["colour"] == "yellow"
    assert report(data, trust)["anchors"]["allow_test_authority"] is False


def test_39_a_false_consistency_proof_dates_nothing(authority: TestAuthority) -> None:
    stamps = both(authority)
    fork = trade()
    fork.entries[1] = fork.entries[1].replace(b'"amount":1', b'"amount":2')
    stamps[f"{OLD}.consistency"] = fork.consistency(3, 5)
    stamps[f"{OLD}.txt"] = fork.note(3)
    stamps[f"{OLD}.tsr"] = token(authority, fork.note(3))
    data = package(stamps)
    assert found(data, trusting(authority)) == (RED, "not_consistent")
    times = report(data, trusting(authority))["entry_times"]
    later = {each["no_later_than"] for each in times}
    assert len(later) == 1


def test_39_a_stamp_under_another_size_or_log_dates_nothing(authority: TestAuthority) -> None:
    log = trade()
    wrong = package({"stamps/000000000004.tsr": token(authority, log.note(5))})
    assert found(wrong, trusting(authority)) == (RED, "not_consistent")
    older = {
        "stamps/000000000002.tsr": token(authority, log.note(3)),
        "stamps/000000000002.txt": log.note(3),
        "stamps/000000000002.consistency": log.consistency(3, 5),
    }
    assert found(package(older), trusting(authority)) == (RED, "not_consistent")


@pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_NOT)
def test_the_page_says_the_same_of_what_it_can_check(
    authority: TestAuthority, stranger: TestAuthority, tmp_path: Path
) -> None:
    good = package(both(authority))
    other = package({f"{OWN}.tsr": token(authority, trade().note(4))})
    refused = package({f"{OWN}.tsr": bytes.fromhex("30053003020102")})
    trust = trusting(authority)
    plain = replace(TRUST, tsa_roots=authority.root)
    sources = [(good, trust), (other, trust), (other, TRUST), (refused, trust), (good, plain)]
    sources.append((good, replace(TRUST, allow_test_authority=True)))
    for (data, given), got in zip(sources, browser.run_page(sources), strict=True):
        assert_agree(report(data, given), got)
