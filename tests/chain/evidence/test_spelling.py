"""Strangers' JSON: what is refused, what is noted, and that three readers agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import canonical
from chain.errors import MalformedError
from chain.evidence import spelling
from tests.chain.evidence import standalone

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex("[a-z_0-9]{0,4}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), st.binary(max_size=3)), max_size=2)


def ours(data: bytes) -> object:
    try:
        return spelling.read(data)
    except MalformedError:
        return None


def theirs(data: bytes) -> object:
    try:
        return standalone.module().read_json(data)
    except standalone.module().Fault:
        return None


@settings(max_examples=60)
@given(values, edits)
def test_two_readers_take_and_refuse_the_same_bytes(
    value: object, changes: list[tuple[float, int, bytes]]
) -> None:
    data = standalone.module().canonical(value) if _is_utf8(value) else b""
    for where, removed, added in changes:
        place = int(where * len(data))
        data = data[:place] + added + data[place + removed :]
    assert ours(data) == theirs(data)


@given(values)
def test_what_the_ledger_writes_is_read(value: object) -> None:
    try:
        data = canonical.to_bytes(value)
    except MalformedError:
        return
    assert spelling.read(data) == (value, True)


def _is_utf8(value: object) -> bool:
    try:
        standalone.module().canonical(value)
    except UnicodeEncodeError:
        return False
    return True


def test_text_that_is_not_in_nfc_is_told() -> None:
    assert spelling.read('"e\u0301"'.encode()) == ("e\u0301", False)
    assert spelling.read('["e\u0301",1]'.encode()).is_nfc is False


def test_a_fault_after_text_that_is_not_in_nfc_is_still_a_fault() -> None:
    with pytest.raises(MalformedError):
        spelling.read('["e\u0301",1.5]'.encode())


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-11-22T10:00:00.000000Z", True),
        ("2024-02-29T10:00:00.000000Z", True),
        ("2026-02-29T10:00:00.000000Z", False),
        ("1900-02-29T10:00:00.000000Z", False),
        ("0000-01-01T00:00:00.000000Z", False),
        ("2026-11-22T24:00:00.000000Z", False),
        ("2026-11-22T10:00:00Z", False),
        ("2026-11-22T10:00:00.000000Z\n", False),
        (None, False),
    ],
)
def test_times_are_those_of_the_calendar_in_27_bytes(text: object, *, good: bool) -> None:
    assert spelling.is_time(text) is good
    assert standalone.module().is_time(text) is good
