"""Keys as text against the vectors, and a list of bad ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.cosignature import verifier_of
from chain.errors import MalformedError
from chain.vkey import KeyType, SigningKey, VerifierKey, check_key_name, decode_base64
from tests.chain.tree import vectors

VKEYS = vectors("vkeys.json")
VALID = [each["vkey"] for each in VKEYS["valid"]]
INVALID = [each["vkey"] for each in VKEYS["invalid"] + VKEYS["upstream_mislabelled"]]
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = VKEYS["skey_test_only"]

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda name: not any(c.isspace() or c == "+" or c < " " for c in name)
)


@pytest.mark.parametrize("text", VALID, ids=lambda text: str(text)[:40])
def test_the_good_keys_of_the_vectors_are_read_and_written(text: str) -> None:
    key = VerifierKey.parse(text)
    assert key.text() == text
    assert verifier_of(key).key == key


@pytest.mark.parametrize("text", INVALID, ids=lambda text: str(text)[:40])
def test_the_bad_keys_of_the_vectors_are_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="vkey"):
        VerifierKey.parse(text)


def test_the_signing_key_of_the_vectors_has_the_vkey_of_the_vectors() -> None:
    key = SigningKey.parse(SECRET)
    assert key.verifier_key.text() == NEUMANN
    assert key.text() == SECRET


def test_an_ed25519_key_has_another_id_as_a_cosigner() -> None:
    conversion = VKEYS["conversion"]
    key = SigningKey.parse(conversion["wit2_alt_skey"])
    assert key.as_cosigner().verifier_key.text() == conversion["wit2_alt_0x04"]
    assert key.as_cosigner().verifier_key.id != key.verifier_key.id


def test_an_ml_dsa_key_has_no_other_form() -> None:
    with pytest.raises(MalformedError, match="Ed25519"):
        SigningKey("x", KeyType.ML_DSA_44, bytes(32)).as_cosigner()


@given(
    names,
    st.sampled_from([KeyType.ED25519, KeyType.ED25519_COSIGNATURE, KeyType.ML_DSA_44]),
    st.binary(min_size=32, max_size=32),
)
def test_parsing_undoes_writing(name: str, kind: KeyType, seed: bytes) -> None:
    key = SigningKey(name, kind, seed)
    assert SigningKey.parse(key.text()) == key
    assert VerifierKey.parse(key.verifier_key.text()) == key.verifier_key


def test_a_signing_key_does_not_show_its_seed() -> None:
    key = SigningKey("x", KeyType.ED25519, b"\x41" * 32)
    assert "AAAA" not in repr(key)


BAD_VKEYS = {
    "empty": "",
    "two-parts": "name+c74f20a3",
    "no-name": NEUMANN.removeprefix("PeterNeumann"),
    "name-with-space": NEUMANN.replace("rN", "r N"),
    "name-with-newline": NEUMANN.replace("rN", "r\nN"),
    "upper-case-id": NEUMANN.replace("c74f20a3", "C74F20A3"),
    "short-id": NEUMANN.replace("c74f20a3", "c74f20a"),
    "another-id": NEUMANN.replace("c74f20a3", "c74f20a4"),
    "another-name": NEUMANN.replace("Peter", "Piotr"),
    "no-key": "name+c74f20a3+",
    "short-key": NEUMANN[:-4],
    "trailing-newline": NEUMANN + "\n",
    "url-alphabet": NEUMANN.replace("/", "_"),
    "unknown-type": "x+00000000+ZQ==",
    "not-ascii": NEUMANN.replace("qq", "ää"),
}


@pytest.mark.parametrize("text", BAD_VKEYS.values(), ids=BAD_VKEYS)
def test_a_bad_vkey_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        VerifierKey.parse(text)


BAD_SIGNING_KEYS = {
    "empty": "",
    "a-vkey": NEUMANN,
    "another-id": SECRET.replace("c74f20a3", "c74f20a4"),
    "another-seed": SECRET[:-4] + "AAAA",
    "short-seed": SECRET[:-4],
    "verified-only-type": "PRIVATE+KEY+x+00000000+BQ==",
    "trailing-newline": SECRET + "\n",
}


@pytest.mark.parametrize("text", BAD_SIGNING_KEYS.values(), ids=BAD_SIGNING_KEYS)
def test_a_bad_signing_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        SigningKey.parse(text)
    assert SECRET[-30:] not in str(caught.value)


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedError, match="seed"):
        SigningKey("x", KeyType.ED25519, bytes(31))


BAD_NAMES = {
    "empty": "",
    "plus": "a+b",
    "space": "a b",
    "no-break-space": "a\u00a0b",
    "line-separator": "a\u2028b",
    "control": "a\x01b",
    "lone-surrogate": "a\ud800",
    "256-bytes": "a" * 256,
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(MalformedError, match="key name"):
        check_key_name(name)


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AB==", "AA==\n", " AA==", "AA==AA==", "A-==", "é"]
)
def test_loose_base64_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="base64"):
        decode_base64("x", text)
