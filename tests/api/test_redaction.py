"""The net: what looks like a secret does not come out, and what is none does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from api.redaction import clean, plain
from domain.identifiers import RANDOM_BITS, make
from domain.outside.hidden import Hidden

SECRETS = {
    "url": "postgresql://app:hunter2@db/x",
    "token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl",
    "bearer": "Authorization: Bearer abcdef0123456789",
    "dpop": "DPoP abcdef0123456789",
    "password": "password=hunter2",
    "phone": "call 13812345678",
    "phone_86": "+86 138 1234 5678",
    "identity": "11010519491231002X",
    "card": "6222 0212 3456 7890 123",
    "card_plain": "4111111111111111",
    "mail": "li.lei@example.com",
    "raw_key": "RAWK-7KQ2-XW93",
    "steam": "ABCDE-F1GHI-JKLM2",
    "pem": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----",
}
VALUES = {
    "url": "hunter2",
    "token": "eyJzdWIi",
    "bearer": "abcdef",
    "dpop": "abcdef",
    "password": "hunter2",
    "phone": "1234",
    "phone_86": "1234",
    "identity": "1949",
    "card": "3456",
    "card_plain": "4111",
    "mail": "li.lei",
    "raw_key": "7KQ2",
    "steam": "F1GHI",
    "pem": "MC4C",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "a {} b", '"{}"', "({}),", "x={}"])
def test_what_looks_like_a_secret_is_taken_out(name: str, around: str) -> None:
    assert VALUES[name] not in clean(around.format(SECRETS[name]))


@pytest.mark.parametrize(
    "text",
    [
        "request",
        "POST /v1/orders/{order}/confirmation",
        "2026-11-24T17:44:28.123456Z",
        "the log has 1234567 entries and 1234568 were signed",
        "/srv/xiyou/api/app.py:123 create_app",
        "append interrupted, trying again: OperationalError",
        "XIYOU_DATABASE_URL",
        "127.0.0.1:8000",
    ],
)
def test_what_is_none_is_left(text: str) -> None:
    assert clean(text) == text


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**RANDOM_BITS - 1))
def test_identifiers_are_left(milliseconds: int, bits: int) -> None:
    text = make("req", milliseconds, bits)
    assert clean(f"asked by {text}.") == f"asked by {text}."


def test_what_is_no_plain_value_is_named_by_its_type() -> None:
    assert plain(Hidden("hunter2")) == "[Hidden]"
    assert plain(SecretStr("hunter2")) == "[SecretStr]"
    assert plain(b"hunter2") == "[bytes]"
    assert plain({"a": [Hidden("x"), 1, None, "13812345678"]}) == {
        "a": ["[Hidden]", 1, None, "[phone]"]
    }

    class Sly(str):
        __slots__ = ()

    assert plain(Sly("hunter2")) == "[Sly]"


@given(st.text())
def test_cleaning_never_fails_and_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
