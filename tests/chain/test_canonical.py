"""Canonical JSON against the rfc8785 package, the vectors, and a list of bad values."""

import enum
import json
import math
from typing import Any
from unicodedata import is_normalized, normalize

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain.canonical import MAX_INTEGER, MAX_KEY_SIZE, MAX_NESTING, parse, to_bytes
from chain.errors import MalformedError
from tests.chain.tree import vectors

JCS = vectors("jcs_rfc8785.json")["vectors"]

texts = st.text().map(lambda text: normalize("NFC", text)).filter(lambda t: is_normalized("NFC", t))
keys = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
documents = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=20,
)


def nested(depth: int) -> Any:  # noqa: ANN401 — a JSON value of any depth
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@given(documents)
def test_the_bytes_are_those_of_the_rfc8785_package(value: Any) -> None:  # noqa: ANN401
    assert to_bytes(value) == rfc8785.dumps(value)


@given(documents)
def test_parsing_undoes_writing(value: Any) -> None:  # noqa: ANN401
    assert parse(to_bytes(value)) == value


@given(st.binary(max_size=30) | documents.map(lambda v: json.dumps(v).encode()))
def test_what_parses_is_what_would_be_written(data: bytes) -> None:
    try:
        value = parse(data)
    except MalformedError:
        return
    assert to_bytes(value) == data


def strings_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [s for each in inner for s in strings_of(each)] if isinstance(inner, list) else []


@pytest.mark.parametrize("vector", JCS, ids=lambda vector: str(vector["name"]))
def test_strings_are_written_as_the_vectors_write_them(vector: dict[str, Any]) -> None:
    value = json.loads(vector["input"])
    members = list(value.values()) if isinstance(value, dict) else value
    written = bytes(int(each, 16) for each in vector["outhex"])
    for text in strings_of(members):
        if is_normalized("NFC", text):
            assert to_bytes(text) in written


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("arrays.json", "a key must be"),
        ("french.json", "a key must be"),
        ("structures.json", "a key must be"),
        ("unicode.json", "a key must be"),
        ("values.json", "floating-point|beyond"),
        ("weird.json", "a key must be"),
    ],
)
def test_vectors_outside_the_restricted_format_are_refused(name: str, fault: str) -> None:
    (vector,) = [each for each in JCS if each["name"] == name]
    with pytest.raises(MalformedError, match=fault):
        parse(vector["output"].encode())


class Colour(enum.StrEnum):
    RED = "red"


BAD_VALUES: dict[str, tuple[Any, str]] = {
    "float": ({"a": [1, {"b": 1.5}]}, r"a\[1\]\.b: floating-point"),
    "whole-float": (1.0, "value: floating-point"),
    "nan": (math.nan, "floating-point"),
    "infinity": (math.inf, "beyond"),
    "integer-2^53": ({"n": 2**53}, r"n: integer beyond"),
    "integer-minus-2^53": (-(2**53), "integer beyond"),
    "lone-surrogate": ({"name": "a\ud800"}, "name: lone surrogate at character 1"),
    "not-nfc": ({"name": "e\u0301"}, "name: .*normalisation"),
    "empty-key": ({"": 1}, "a key must be"),
    "upper-case-key": ({"aB": 1}, r"aB: a key must be"),
    "key-with-newline": ({"a\n": 1}, "a key must be"),
    "key-begins-with-digit": ({"1a": 1}, "a key must be"),
    "key-of-65-bytes": ({"a" * (MAX_KEY_SIZE + 1): 1}, "64 bytes"),
    "key-not-a-string": ({1: 1}, "a key must be a string"),
    "key-none": ({None: 1}, "a key must be a string"),
    "key-enum": ({Colour.RED: 1}, "a key must be a string"),
    "bytes": (b"x", "bytes is not a JSON value"),
    "set": ({"a": {1}}, "a: set is not"),
    "enum": ({"a": Colour.RED}, "a: Colour is not"),
    "nested-33": (nested(MAX_NESTING + 1), "nested deeper"),
}


@pytest.mark.parametrize(("value", "fault"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_bad_value_is_refused_by_its_path_and_fault(value: Any, fault: str) -> None:  # noqa: ANN401
    with pytest.raises(MalformedError, match=fault):
        to_bytes(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(MalformedError, match="nested deeper"):
        to_bytes(loop)


BAD_TEXTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "space": (b'{"a": 1}', "byte 5 differs"),
    "trailing-newline": (b"1\n", "byte 1 differs"),
    "trailing-garbage": (b"1 2", "not JSON"),
    "unsorted": (b'{"b":1,"a":2}', "canonical spelling"),
    "duplicate-key": (b'{"a":1,"a":2}', "duplicate key a"),
    "duplicate-key-deep": (b'{"x":[{"abc":1,"abc":1}]}', "duplicate key abc"),
    "loose-escape": (b'"\\u0041"', "byte 1 differs"),
    "escaped-slash": (b'"\\/"', "byte 1 differs"),
    "upper-case-escape": (b'"\\u000F"', "byte 6 differs"),
    "lone-surrogate-escape": (b'"\\ud800"', "not JSON"),
    "invalid-utf8": (b'"\xff"', "not JSON"),
    "byte-order-mark": (b"\xef\xbb\xbf1", "not JSON"),
    "minus-zero": (b"-0", "canonical|floating"),
    "float": (b'{"a":1.5}', "a: floating-point"),
    "exponent": (b"1e2", "floating-point"),
    "integer-2^53": (b"9007199254740992", "beyond"),
    "integer-2^64": (b"18446744073709551616", "beyond"),
    "leading-zero": (b"01", "not JSON"),
    "nested-33": (b"[" * 33 + b"]" * 33, "nested deeper"),
    "nested-100000": (b"[" * 100_000, "not JSON"),
    "nan": (b"NaN", "not JSON"),
}


@pytest.mark.parametrize(("data", "fault"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_a_bad_text_is_refused_by_its_fault(data: bytes, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        parse(data)


def test_the_limits_themselves_are_allowed() -> None:
    for value in (MAX_INTEGER, -MAX_INTEGER, nested(MAX_NESTING), {"a" * MAX_KEY_SIZE: 1}):
        assert parse(to_bytes(value)) == value


def test_tuples_are_written_as_lists() -> None:
    assert to_bytes({"a": (1, 2)}) == b'{"a":[1,2]}'
