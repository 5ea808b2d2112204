"""Money: exact, in one currency, rounded only where it says so."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from domain.money import Money, read_minor_units

amounts = st.integers(-(2**40), 2**40)


@given(amounts)
def test_text_with_two_decimals_is_read_exactly(amount: int) -> None:
    text = str(Decimal(amount).scaleb(-2))
    assert Money.parse(text, "GBP") == Money(amount, "GBP")


@given(amounts, amounts)
def test_adding_and_taking_away_are_exact(one: int, other: int) -> None:
    total = Money(one, "CNY") + Money(other, "CNY")
    assert total == Money(one + other, "CNY")
    assert total - Money(other, "CNY") == Money(one, "CNY")


@pytest.mark.parametrize(
    ("text", "minor", "exact"),
    [
        ("2.55", 255, True),
        ("0.001", 0, False),
        ("0.005", 0, False),
        ("0.015", 2, False),
        ("-11062.06", -1_106_206, True),
        ("0.0", 0, True),
        ("7", 700, True),
        ("2.550", 255, True),
    ],
)
def test_finer_than_a_penny_is_rounded_half_to_even_and_says_so(
    text: str, minor: int, *, exact: bool
) -> None:
    assert read_minor_units(text, "GBP") == (minor, exact)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1e3",
        "1,000.00",
        " 1",
        "1 ",
        "+1",
        ".5",
        "5.",
        "NaN",
        "Infinity",
        "\uff11",
        "0x10",
        "9" * 16,
    ],
)
def test_what_is_no_decimal_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        read_minor_units(text, "GBP")


def test_an_amount_finer_than_its_currency_is_refused_where_it_must_be_exact() -> None:
    with pytest.raises(MalformedError, match="finer than the minor unit of JPY"):
        Money.parse("1.5", "JPY")


@pytest.mark.parametrize(
    ("amount", "currency"), [(1.0, "GBP"), (True, "GBP"), (2**53, "GBP"), (1, "gbp"), (1, "XXX")]
)
def test_what_is_no_money_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(MalformedError):
        Money(amount, currency)


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(MalformedError, match="do not add up"):
        Money(1, "GBP") + Money(1, "CNY")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(974_774_793, "GBP"), "9,747,747.93 GBP"),
        (Money(-5, "CNY"), "-0.05 CNY"),
        (Money(1_234, "JPY"), "1,234 JPY"),
    ],
)
def test_money_is_written_for_people(money: Money, text: str) -> None:
    assert str(money) == text
