"""B6: the badge verifies offline from a signed certificate and a status list, and only then."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import ChainError, MalformedError, SignatureFailedError, VerificationError
from chain.note import Note, Signature
from chain.store.files import MissingFileError
from chain.vkey import KeyType, SigningKey, VerifierKey
from domain.qualification.badge import (
    Certificate,
    badge_bytes,
    open_badge,
    sign_badge,
    signed_text,
)
from domain.qualification.issuer import IssuerKey
from domain.qualification.status import (
    CertificateOverError,
    CertificateRevokedError,
    CertificateSuspendedError,
    StaleStatusError,
    StatusList,
    WrongCertificateError,
    open_status,
    sign_status,
    verify_badge,
    verify_double,
)
from domain.qualification.store.issuer_key import (
    KEY_FILE,
    VKEY_FILE,
    create_issuer_key,
    read_issuer_key,
)
from tests.domain.given import LATER, MERCHANT, NOW, identifier
from tests.domain.qualification.applying import BADGE, HOUR_LATER, ISSUER, YEAR_LATER
from tests.golden.qualification.generate import FILES, made

KEYS = [ISSUER.key]
OTHER = IssuerKey(SigningKey("other.test/2026", KeyType.ED25519, bytes(32)))
FORGER = IssuerKey(SigningKey(ISSUER.key.name, KeyType.ED25519, bytes(range(32))))
"""Somebody who calls himself as the issuer does."""

MERCHANTS = Certificate(BADGE, MERCHANT, "merchant", ISSUER.key.name, NOW, YEAR_LATER)
GOODS = replace(
    MERCHANTS,
    certificate=identifier("cer", "goods"),
    kind="goods",
    category="game_card",
    operator="operator-1",
)


def badge(certificate: Certificate = MERCHANTS, signer: IssuerKey = ISSUER) -> bytes:
    return badge_bytes(certificate, sign_badge(certificate, signer))


def status(
    suspended: tuple[str, ...] = (), revoked: tuple[str, ...] = (), **other: Any
) -> StatusList:
    named: dict[str, Any] = {"issuer": ISSUER.key.name, "issued_at": NOW, "size": 9}
    named["next_update"] = HOUR_LATER
    return StatusList(**(named | other), suspended=suspended, revoked=revoked)


def listed(signer: IssuerKey = ISSUER, **members: Any) -> bytes:
    return sign_status(status(**members), signer)


GOOD, EMPTY = badge(), listed()


def test_b6_a_good_badge_verifies_with_nothing_but_the_two_files_and_the_key() -> None:
    verify_badge(GOOD, EMPTY, KEYS, NOW)
    assert open_badge(GOOD, KEYS) == MERCHANTS


def test_b6_the_bytes_are_those_that_stand_in_the_golden_files() -> None:
    for name, content in made().items():
        assert (FILES / name).read_bytes() == content, f"{name}: formats outlive code"


def test_b6_a_suspended_badge_fails_and_a_revoked_one_and_each_by_its_own_name() -> None:
    with pytest.raises(CertificateSuspendedError):
        verify_badge(GOOD, listed(suspended=(BADGE,)), KEYS, NOW)
    with pytest.raises(CertificateRevokedError):
        verify_badge(GOOD, listed(revoked=(BADGE,)), KEYS, NOW)
    verify_badge(GOOD, listed(revoked=(GOODS.certificate,)), KEYS, NOW)


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (HOUR_LATER, StaleStatusError),
        (LATER, StaleStatusError),
        ("2026-11-22T09:54:59Z", StaleStatusError),
        ("2026-11-22T10:59:59Z", None),
        ("2026-11-22T09:55:00Z", None),
    ],
)
def test_b6_an_old_list_says_nothing(now: str, error: type[Exception] | None) -> None:
    if error is None:
        verify_badge(GOOD, EMPTY, KEYS, now)
        return
    with pytest.raises(error):
        verify_badge(GOOD, EMPTY, KEYS, now)


@pytest.mark.parametrize("now", ["2026-11-21T10:00:00Z", YEAR_LATER])
def test_b6_a_badge_is_good_in_its_time_alone(now: str) -> None:
    always = listed(issued_at="2020-01-01T00:00:00Z", next_update="2030-01-01T00:00:00Z")
    with pytest.raises(CertificateOverError):
        verify_badge(GOOD, always, KEYS, now)


def test_b6_nobody_else_s_key_will_do() -> None:
    for bad in (badge(signer=FORGER), badge(replace(MERCHANTS, issuer=OTHER.key.name), OTHER)):
        with pytest.raises(SignatureFailedError):
            verify_badge(bad, EMPTY, KEYS, NOW)
    with pytest.raises(SignatureFailedError):
        verify_badge(GOOD, listed(FORGER), KEYS, NOW)
    with pytest.raises(SignatureFailedError):
        verify_badge(GOOD, EMPTY, [OTHER.key], NOW)
    with pytest.raises(SignatureFailedError):
        verify_badge(GOOD, EMPTY, [], NOW)


def test_b6_another_issuer_s_list_does_not_vouch_for_a_badge() -> None:
    """Both are trusted, and yet only its own issuer knows whom it has suspended."""
    other = listed(OTHER, issuer=OTHER.key.name)
    with pytest.raises(WrongCertificateError):
        verify_badge(GOOD, other, [ISSUER.key, OTHER.key], NOW)


def test_b6_nobody_signs_in_another_s_name() -> None:
    with pytest.raises(MalformedError, match="issuer"):
        verify_badge(badge_named_by(OTHER), EMPTY, [ISSUER.key, OTHER.key], NOW)
    with pytest.raises(MalformedError, match="issuer"):
        sign_status(status(), OTHER)


def badge_named_by(signer: IssuerKey) -> bytes:
    """Return a badge in the issuer's name, signed by *signer* in its own."""
    good = badge_bytes(MERCHANTS, sign_badge(MERCHANTS, signer)).decode()
    return good.replace(f"\u2014 {ISSUER.key.name}", f"\u2014 {signer.key.name}").encode()


def test_b6_a_list_is_no_badge_and_a_badge_is_no_list() -> None:
    with pytest.raises(MalformedError, match="first line"):
        verify_badge(EMPTY, EMPTY, KEYS, NOW)
    with pytest.raises(MalformedError, match="first line"):
        verify_badge(GOOD, GOOD, KEYS, NOW)


def test_b6_a_key_of_another_kind_is_no_issuer_s() -> None:
    cosigner = SigningKey("x", KeyType.ED25519_COSIGNATURE, bytes(32))
    with pytest.raises(MalformedError, match="type 01"):
        verify_badge(GOOD, EMPTY, [*KEYS, cosigner.verifier_key], NOW)
    with pytest.raises(MalformedError, match="type 01"):
        IssuerKey(cosigner)


@pytest.mark.parametrize("what", ["badge", "status"])
def test_b6_every_flipped_bit_is_refused(what: str) -> None:
    whole = GOOD if what == "badge" else EMPTY
    for place in range(len(whole)):
        for bit in range(8):
            bad = bytearray(whole)
            bad[place] ^= 1 << bit
            with pytest.raises((MalformedError, VerificationError)):
                (open_badge if what == "badge" else open_status)(bytes(bad), KEYS)


@pytest.mark.parametrize("whole", [GOOD, EMPTY], ids=["badge", "status"])
def test_b6_every_part_of_it_is_refused(whole: bytes) -> None:
    for cut in range(len(whole)):
        with pytest.raises(ChainError):
            verify_badge(whole[:cut], whole[:cut], KEYS, NOW)
    with pytest.raises(ChainError):
        verify_badge(whole + b"\n", EMPTY, KEYS, NOW)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_b6_what_is_no_note_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        open_badge(data, KEYS)
    with pytest.raises(MalformedError):
        open_status(data, KEYS)


@pytest.mark.parametrize("size", [8_193, 1_000_001])
def test_b6_what_is_too_long_is_not_read(size: int) -> None:
    with pytest.raises(MalformedError, match="more than"):
        open_badge(bytes(size), KEYS)


def signed(text: str) -> bytes:
    """Return *text* under the issuer's true signature."""
    line = Signature(ISSUER.key.name, ISSUER.key.id, ISSUER.sign(text))
    return Note(text, (line,)).to_bytes()


HEAD = "xiyou-certificate/1"
MEMBERS: dict[str, Any] = {
    "certificate": BADGE,
    "merchant": MERCHANT,
    "kind": "merchant",
    "issuer": ISSUER.key.name,
    "issued_at": NOW,
    "valid_until": YEAR_LATER,
}
BAD_MEMBERS: dict[str, dict[str, Any]] = {
    "unknown member": {"also": 1},
    "another kind": {"kind": "person"},
    "a category of a merchant": {"category": "game_card"},
    "goods without a category": {"kind": "goods"},
    "an operator of a merchant": {"operator": "operator-1"},
    "no identifier": {"certificate": "cer_1"},
    "another thing's identifier": {"certificate": identifier("key")},
    "a loose moment": {"issued_at": "2026-11-22 10:00:00"},
    "over before it begins": {"valid_until": NOW},
    "null": {"operator": None},
    "a number": {"merchant": 1},
    "an issuer that can be no key's": {"issuer": "a b"},
}


@pytest.mark.parametrize("bad", BAD_MEMBERS)
def test_b6_what_no_issuer_writes_is_malformed_even_under_its_signature(bad: str) -> None:
    assert open_badge(signed(signed_text(HEAD, MEMBERS)), KEYS) == MERCHANTS
    with pytest.raises(MalformedError):
        open_badge(signed(signed_text(HEAD, MEMBERS | BAD_MEMBERS[bad])), KEYS)


@pytest.mark.parametrize("name", MEMBERS)
def test_b6_no_member_can_be_left_out(name: str) -> None:
    rest = {each: value for each, value in MEMBERS.items() if each != name}
    with pytest.raises(MalformedError, match="missing"):
        open_badge(signed(signed_text(HEAD, rest)), KEYS)


LOOSE: dict[str, Callable[[str], str]] = {
    "another version": lambda text: text.replace("/1\n", "/2\n"),
    "a blank": lambda text: text.replace('":"', '": "', 1),
    "another order": lambda text: text.replace("{", '{"valid_until":"x",', 1),
    "a further line": lambda text: f"{text}more\n",
    "no JSON": lambda text: text.split("\n", maxsplit=1)[0] + "\n\n",
    "an array": lambda text: text.split("\n", maxsplit=1)[0] + "\n[]\n",
    "one line": lambda text: text.split("\n", maxsplit=1)[0] + "\n",
    "an escape": lambda text: text.replace("issuer", "\\u0069ssuer", 1),
}


@pytest.mark.parametrize("loose", LOOSE)
@pytest.mark.parametrize("what", ["badge", "status"])
def test_b6_one_spelling_and_no_other(what: str, loose: str) -> None:
    text = MERCHANTS.text() if what == "badge" else status().text()
    changed = LOOSE[loose](text)
    assert changed != text
    with pytest.raises(MalformedError):
        (open_badge if what == "badge" else open_status)(signed(changed), KEYS)


BAD_LISTS: dict[str, dict[str, Any]] = {
    "out of order": {"revoked": tuple(sorted([GOODS.certificate, BADGE], reverse=True))},
    "twice": {"revoked": (BADGE, BADGE)},
    "suspended and revoked": {"suspended": (BADGE,), "revoked": (BADGE,)},
    "no certificate": {"suspended": (identifier("key"),)},
    "no time": {"next_update": NOW},
    "a negative size": {"size": -1},
}


@pytest.mark.parametrize("bad", BAD_LISTS)
def test_b6_a_list_that_no_issuer_writes_is_not_written(bad: str) -> None:
    with pytest.raises(MalformedError):
        listed(**BAD_LISTS[bad])


def test_b6_both_badges_are_checked_before_an_order() -> None:
    both = badge(), badge(GOODS)
    verify_double(*both, EMPTY, KEYS, NOW, "game_card")
    with pytest.raises(CertificateSuspendedError):
        verify_double(*both, listed(suspended=(GOODS.certificate,)), KEYS, NOW)
    with pytest.raises(CertificateSuspendedError):
        verify_double(*both, listed(suspended=(BADGE,)), KEYS, NOW)
    with pytest.raises(WrongCertificateError, match="for game_card"):
        verify_double(*both, EMPTY, KEYS, NOW, "software")
    with pytest.raises(WrongCertificateError, match="not merchant and goods"):
        verify_double(*both[::-1], EMPTY, KEYS, NOW)
    with pytest.raises(WrongCertificateError, match="M-ZHU"):
        verify_double(both[0], badge(replace(GOODS, merchant="M-ZHU")), EMPTY, KEYS, NOW)


@settings(max_examples=100)
@given(
    operator=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    category=st.sampled_from(["game_card", "a", "z" * 40]),
)
def test_b6_what_is_written_is_read_again(operator: str | None, category: str) -> None:
    certificate = replace(GOODS, operator=operator, category=category)
    try:
        data = badge(certificate)
    except MalformedError:
        # Text that is not in its normal form has no canonical spelling.
        return
    assert open_badge(data, KEYS) == certificate
    assert badge(certificate) == data


def test_b6_an_issuer_may_have_two_keys_while_it_changes_them() -> None:
    verify_badge(badge(signer=FORGER), EMPTY, [ISSUER.key, FORGER.key], NOW)


def test_b6_the_issuer_s_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_issuer_key(tmp_path)
    create_issuer_key(tmp_path, "issuer.test/1", os.urandom)
    with pytest.raises(FileExistsError):
        create_issuer_key(tmp_path, "issuer.test/1", os.urandom)
    one, again = read_issuer_key(tmp_path), read_issuer_key(tmp_path)
    assert one.key == again.key
    public = (tmp_path / "keys" / VKEY_FILE).read_text()
    assert VerifierKey.parse(public.removesuffix("\n")) == one.key
    secret = (tmp_path / "keys" / KEY_FILE).read_text()
    assert secret.strip() not in repr(one)
    certificate = replace(MERCHANTS, issuer="issuer.test/1")
    assert open_badge(badge(certificate, one), [one.key]) == certificate
    (tmp_path / "keys" / KEY_FILE).chmod(0o644)
    with pytest.raises(VerificationError, match="chmod 600"):
        read_issuer_key(tmp_path)
