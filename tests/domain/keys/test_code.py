"""Codes that people type: drawn without ambiguity, read with tolerance, checked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.entropy import KeyedEntropy
from domain.keys.code import ALPHABET, PLATFORM_KEY_SYMBOLS, VOUCHER_SYMBOLS, draw_code, read_code
from tests.domain.given import SECRET

labels = st.text(max_size=10)
sizes = st.sampled_from([PLATFORM_KEY_SYMBOLS, VOUCHER_SYMBOLS])


@given(labels, sizes)
def test_a_drawn_code_is_read_again(label: str, symbols: int) -> None:
    code = draw_code(symbols, KeyedEntropy(SECRET, label))
    assert read_code(code, symbols) == code
    assert all(len(group) == 5 for group in code.split("-"))
    assert set(code) <= set(ALPHABET + "-")


@given(labels)
def test_case_hyphens_and_look_alikes_do_not_matter(label: str) -> None:
    code = draw_code(VOUCHER_SYMBOLS, KeyedEntropy(SECRET, label))
    typed = code.lower().replace("-", "").replace("1", "l").replace("0", "o")
    assert read_code(typed, VOUCHER_SYMBOLS) == code


def test_every_single_wrong_symbol_and_every_swap_of_neighbours_is_found() -> None:
    code = draw_code(VOUCHER_SYMBOLS, KeyedEntropy(SECRET, "typing")).replace("-", "")
    wrong = [
        code[:at] + other + code[at + 1 :]
        for at in range(len(code))
        for other in ALPHABET
        if other != code[at]
    ]
    wrong += [
        code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        for at, (one, other) in enumerate(pairwise(code))
        if one != other
    ]
    for each in wrong:
        with pytest.raises(MalformedError, match="mistyped"):
            read_code(each, VOUCHER_SYMBOLS)


@pytest.mark.parametrize("text", ["", "ABC", "U" * 20, "0" * 19, "0" * 21, "0000 0000"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="letters and digits"):
        read_code(text, VOUCHER_SYMBOLS)
