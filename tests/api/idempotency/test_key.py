"""What a key and a request are known by."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import KeyMissingError
from api.idempotency.key import check_key, digest_key, digest_request, read_strictly
from api.principal import ANONYMOUS, Kind, Principal
from chain.errors import MalformedError

BUYER = Principal(Kind.CONSUMER, "usr_1", token="t1")
KEY = "k" * 16


@pytest.mark.parametrize("key", ["k" * 16, "k" * 255, "with a space in it, too", "~" * 20])
def test_a_key_is_16_to_255_printable_ascii_characters(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", [None, "", "k" * 15, "k" * 256, "k" * 20 + "\n", "é" * 20])
def test_any_other_is_none(key: str | None) -> None:
    with pytest.raises(KeyMissingError):
        check_key(key)


def test_the_same_key_of_another_principal_or_operation_is_another() -> None:
    digests = [
        digest_key(BUYER, "", "POST /v1/orders", KEY),
        digest_key(Principal(Kind.CONSUMER, "usr_2"), "", "POST /v1/orders", KEY),
        digest_key(Principal(Kind.MERCHANT, "usr_1"), "", "POST /v1/orders", KEY),
        digest_key(Principal(Kind.CONSUMER, "usr_1", "cli_1"), "", "POST /v1/orders", KEY),
        digest_key(BUYER, "", "POST /v1/products", KEY),
        digest_key(BUYER, "", "POST /v1/orders", KEY + "k"),
        digest_key(ANONYMOUS, "usr_1", "POST /v1/orders", KEY),
        digest_key(ANONYMOUS, "usr_2", "POST /v1/orders", KEY),
    ]
    assert len({each.command_id for each in digests}) == len(digests)


def test_a_new_token_is_the_same_principal() -> None:
    again = Principal(Kind.CONSUMER, "usr_1", token="t2", scopes=frozenset({"orders"}))
    assert digest_key(BUYER, "", "x", KEY) == digest_key(again, "", "x", KEY)


def test_the_name_of_a_command_never_changes() -> None:
    """It stands in the log: with another derivation an old key would have a second effect."""
    digest = digest_key(BUYER, "", "POST /v1/orders", KEY)
    assert digest.command_id == "api/fe6f31c63a629ec64f9bb7d0128a42c0ae8a2a700ebff256"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab~/é"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_a_body_has_one_spelling_however_it_is_sent(value: object) -> None:
    spelt = read_strictly(json.dumps(value, indent=2).encode())
    assert spelt == read_strictly(json.dumps(value, ensure_ascii=False).encode())
    assert spelt == read_strictly(spelt)
    assert json.loads(spelt) == value


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b'"\\ud800"',
        b'"\xff"',
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5_000,
        b"{'a': 1}",
        b"[1,]",
        b"1 2",
    ],
    ids=range(15),
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_strictly(body)


def test_requests_are_compared_by_path_and_body_and_the_digest_tells_neither() -> None:
    secret = bytes(32)
    same = digest_request(secret, "/v1/x?a=1", b"{}")
    assert same == digest_request(secret, "/v1/x?a=1", b"{}")
    others = [
        digest_request(secret, "/v1/x?a=2", b"{}"),
        digest_request(secret, "/v1/y?a=1", b"{}"),
        digest_request(secret, "/v1/x?a=1", b"{ }"),
        digest_request(bytes([1] * 32), "/v1/x?a=1", b"{}"),
    ]
    assert same not in others
    assert len(set(others)) == len(others)
