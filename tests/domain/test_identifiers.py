"""Identifiers against the TypeID specification's vectors, and their own properties."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.identifiers import check, derive, make, milliseconds, read, spell

VECTORS = json.loads((Path(__file__).parent / "vectors/typeid.json").read_text())

times = st.integers(0, 2**48 - 1)
bits = st.integers(0, 2**74 - 1)


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda each: each["name"])
def test_a_valid_typeid_is_read_and_spelt_again(case: dict[str, str]) -> None:
    prefix, uuid = read(case["typeid"])
    assert (prefix, str(uuid)) == (case["prefix"], case["uuid"])
    assert spell(prefix, UUID(case["uuid"]).int) == case["typeid"]


@pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda each: each["name"])
def test_an_invalid_typeid_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(MalformedError, match="is not a TypeID"):
        read(case["typeid"])


@given(times, bits)
def test_a_made_identifier_is_a_uuid_of_version_7_with_its_time(time: int, random: int) -> None:
    made = make("ord", time, random)
    uuid = read(made)[1]
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert milliseconds(made) == time
    assert check(made, "ord") == made


@given(times, bits, times, bits)
def test_identifiers_sort_by_time(time: int, random: int, other: int, more: int) -> None:
    first, second = sorted([(time, random), (other, more)])
    assert make("ord", *first) <= make("ord", *second)


def test_the_same_source_always_has_the_same_identifier() -> None:
    assert derive("ord", 1_291_192_000_000, "or/1") == derive("ord", 1_291_192_000_000, "or/1")
    assert derive("ord", 1_291_192_000_000, "or/1") != derive("ord", 1_291_192_000_000, "or/2")
    assert (
        derive("ord", 1_291_192_000_000, "or/1")[4:] != derive("key", 1_291_192_000_000, "or/1")[4:]
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("key_01h455vb4pex5vsknk084sn02q", "prefix ord_"),
        ("ord_00000000000000000000000000", "no UUIDv7"),
        ("ord_01h455vb4pex5vsknk084sn02q\n", "not a TypeID"),
    ],
)
def test_another_things_identifier_is_refused(text: str, fault: str) -> None:
    with pytest.raises(MalformedError, match=fault):
        check(text, "ord")


@pytest.mark.parametrize(("time", "random"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**74)])
def test_numbers_out_of_range_are_refused(time: int, random: int) -> None:
    with pytest.raises(MalformedError):
        make("ord", time, random)
