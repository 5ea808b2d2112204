"""Check digits: published examples pass, every single altered digit fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from chain.errors import MalformedError
from domain.identity.number import check_card_number, check_resident_number, check_symbol
from domain.identity.sandbox import CITIZENS, citizen

GB_11643_EXAMPLES = ("11010519491231002X", "440524188001010014")
"""The two that the standard's own text prints."""
ISO_7812_EXAMPLE = "79927398713"
"""The one that is printed wherever Luhn's formula is, without its issuer's digits."""


@pytest.mark.parametrize("number", GB_11643_EXAMPLES)
def test_the_examples_of_the_standard_pass(number: str) -> None:
    assert check_resident_number(number) == number


@pytest.mark.parametrize("place", ["320102", "810000", "820000", "830000"])
def test_who_was_born_before_the_place_had_its_code_is_somebody_all_the_same(place: str) -> None:
    digits = f"{place}19600101001"
    check_resident_number(digits + check_symbol(digits))


@pytest.mark.parametrize("place", ["000000", "119999", "310199", "900000"])
def test_a_number_without_a_place_is_refused(place: str) -> None:
    digits = f"{place}19900101001"
    with pytest.raises(MalformedError, match="are no place"):
        check_resident_number(digits + check_symbol(digits))


def test_every_citizen_of_the_sandbox_passes_the_library_s_own_check_too() -> None:
    people = [citizen(index) for index in range(CITIZENS)]
    assert all(ric.is_valid(each.number) and luhn.is_valid(each.card) for each in people)


def test_a_small_x_and_blanks_around_are_the_same_number() -> None:
    assert check_resident_number(" 11010519491231002x ") == "11010519491231002X"


@pytest.mark.parametrize("number", [*GB_11643_EXAMPLES, citizen(7).number])
def test_every_single_altered_symbol_is_refused(number: str) -> None:
    altered = [
        f"{number[:place]}{symbol}{number[place + 1 :]}"
        for place in range(18)
        for symbol in "0123456789X"
        if symbol != number[place]
    ]
    assert len(altered) == 180
    for each in altered:
        with pytest.raises(MalformedError):
            check_resident_number(each)


@given(st.integers(0, CITIZENS - 1), st.integers(0, 16))
def test_two_neighbours_that_change_places_are_refused(index: int, place: int) -> None:
    number = citizen(index).number
    one, two = number[place], number[place + 1]
    swapped = f"{number[:place]}{two}{one}{number[place + 2 :]}"
    if swapped != number:
        with pytest.raises(MalformedError):
            check_resident_number(swapped)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11010519491231002",
        "11010519491231002XX",
        "110105491231002",
        "1101051949123100\uff12X",
        "1101051949X231002X",
        "X1010519491231002X",
        "110105 19491231002X",
        "11010519491231002X\n1",
    ],
)
def test_what_has_another_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        check_resident_number(text)


@pytest.mark.parametrize("born", ["19490230", "19491301", "00000101", "19490001"])
def test_a_day_that_never_was_is_no_date_of_birth(born: str) -> None:
    digits = f"110105{born}002"
    with pytest.raises(MalformedError, match="date of birth"):
        check_resident_number(digits + check_symbol(digits))


def test_no_error_says_the_number() -> None:
    with pytest.raises(MalformedError) as resident:
        check_resident_number("110105194912310021")
    with pytest.raises(MalformedError) as card:
        check_card_number("9900000000000001")
    assert "11010519" not in str(resident.value)
    assert "99000000" not in str(card.value)


def test_every_single_altered_digit_of_a_card_is_refused() -> None:
    number = citizen(7).card
    assert check_card_number(f" {number[:4]} {number[4:]} ") == number
    for place in range(len(number)):
        for digit in "0123456789":
            if digit != number[place]:
                with pytest.raises(MalformedError):
                    check_card_number(f"{number[:place]}{digit}{number[place + 1 :]}")


def test_the_printed_example_of_luhn_passes_once_it_is_long_enough() -> None:
    # A leading zero changes no Luhn sum.
    assert check_card_number(f"0{ISO_7812_EXAMPLE}") == f"0{ISO_7812_EXAMPLE}"


@pytest.mark.parametrize("text", ["", "0" * 11, "0" * 20, "99-00", "\uff19" * 12, "abc"])
def test_what_is_no_card_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        check_card_number(text)
