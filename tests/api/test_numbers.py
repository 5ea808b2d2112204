"""Whole numbers in paths and queries: one spelling, and a fault for every other."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.numbers import SPELT

READ = TypeAdapter(Annotated[int, SPELT])


@given(st.integers(-(10**18), 10**18))
def test_a_number_as_it_is_written_is_read(number: int) -> None:
    assert READ.validate_python(str(number)) == READ.validate_python(number) == number


@pytest.mark.parametrize(
    "text",
    ["0.0", "1.0", "+1", "01", "-0", " 1", "1 ", "1_000", "1e3", "", "１", "0x1", "9" * 20],  # noqa: RUF001 — a digit of another width
)
def test_every_other_spelling_is_a_fault(text: str) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(text)
