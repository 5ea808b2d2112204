"""Sealed values: bound by digest, opened only as they were sealed."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.canonical import to_bytes
from chain.errors import MalformedError, VerificationError
from chain.sealed import SALT_SIZE, parse_reference, seal, unseal
from tests.chain.test_canonical import documents

SALT = bytes(range(SALT_SIZE))


@given(documents, st.binary(min_size=SALT_SIZE, max_size=SALT_SIZE))
def test_unsealing_undoes_sealing(value: object, salt: bytes) -> None:
    sealed = seal(value, salt)
    assert unseal(sealed.content, sealed.digest) == value
    assert sealed.digest == sha256(sealed.content).digest()
    assert parse_reference(sealed.reference) == sealed.digest


def test_the_content_is_spelt_as_the_format_says() -> None:
    assert seal("x", SALT).content == b'{"salt":"AAECAwQFBgcICQoLDA0ODw","value":"x"}'


def test_another_salt_makes_another_digest() -> None:
    assert seal(1, SALT).digest != seal(1, SALT[::-1]).digest


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_salt_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="salt"):
        seal(1, bytes(size))


def test_a_changed_value_is_untrue() -> None:
    sealed = seal("one", SALT)
    with pytest.raises(VerificationError):
        unseal(sealed.content.replace(b"one", b"two"), sealed.digest)


def test_a_short_digest_is_refused() -> None:
    sealed = seal(1, SALT)
    with pytest.raises(MalformedError, match="digest"):
        unseal(sealed.content, sealed.digest[:31])


LONG = urlsafe_b64encode(bytes(17)).rstrip(b"=").decode()
BAD_CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "not-an-object": b'"x"',
    "no-salt": b'{"value":1}',
    "no-value": b'{"salt":"AAECAwQFBgcICQoLDA0ODw"}',
    "extra-member": b'{"salt":"AAECAwQFBgcICQoLDA0ODw","value":1,"x":1}',
    "spaces": b'{"salt": "AAECAwQFBgcICQoLDA0ODw", "value": 1}',
    "padded-salt": b'{"salt":"AAECAwQFBgcICQoLDA0ODw==","value":1}',
    "stray-bits-in-salt": b'{"salt":"AAECAwQFBgcICQoLDA0ODx","value":1}',
    "foreign-character-in-salt": b'{"salt":"AAECAwQFBgcICQoLDA0O+w","value":1}',
    "non-ascii-salt": '{"salt":"AAECAwQFBgcICQoLDA0ODé","value":1}'.encode(),
    "salt-of-17-bytes": to_bytes({"salt": LONG, "value": 1}),
    "salt-of-a-broken-length": b'{"salt":"AAECA","value":1}',
    "salt-not-a-string": b'{"salt":1,"value":1}',
}


@pytest.mark.parametrize("content", BAD_CONTENTS.values(), ids=BAD_CONTENTS)
def test_content_that_no_writer_would_write_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        unseal(content, sha256(content).digest())


BAD_REFERENCES: dict[str, object] = {
    "none": None,
    "another-member": {"sealed": "0" * 64, "x": 1},
    "upper-case": {"sealed": "A" * 64},
    "short": {"sealed": "0" * 62},
    "number": {"sealed": 1},
}


@pytest.mark.parametrize("value", BAD_REFERENCES.values(), ids=BAD_REFERENCES)
def test_a_bad_reference_is_refused(value: object) -> None:
    with pytest.raises(MalformedError):
        parse_reference(value)
