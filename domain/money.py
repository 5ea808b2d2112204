"""Money: an integer of minor units and an ISO 4217 code. There are no floats here.

``formats.md``, section 1: money in an entry is an integer and a code. Text from outside
is read exactly; where it is finer than the currency's minor unit it is rounded half to
even, and the reader is told, so that nothing is rounded in silence (``features.md``,
section 8). Proved by ``tests/domain/test_money.py``.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final, NamedTuple, Self

from chain.canonical import MAX_INTEGER
from chain.errors import MalformedError

DECIMALS: Final = {"CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "JPY": 0, "USD": 2}
"""Currencies that we take, and how many decimals each has."""

_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")


class Reading(NamedTuple):
    """An amount read from text, in minor units."""

    minor: int
    exact: bool
    """False where the text was finer than a minor unit and has been rounded."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (pence, fen, cents) of one currency; may be negative."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int or abs(self.amount) > MAX_INTEGER:
            raise MalformedError(f"amount: {self.amount!r} is not an integer within ±(2^53-1)")
        if self.currency not in DECIMALS:
            raise MalformedError(f"currency: {self.currency!r} is not one of {', '.join(DECIMALS)}")

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Return the amount that *text*, such as ``12.50``, spells exactly.

        Raises:
            MalformedError: it is not a decimal number, or is finer than a minor unit.
        """
        minor, exact = read_minor_units(text, currency)
        if not exact:
            raise MalformedError(f"{text!a}: finer than the minor unit of {currency}")
        return cls(minor, currency)

    def __add__(self, other: Self) -> Self:
        self._check_currency(other)
        return type(self)(self.amount + other.amount, self.currency)

    def __sub__(self, other: Self) -> Self:
        self._check_currency(other)
        return type(self)(self.amount - other.amount, self.currency)

    def __str__(self) -> str:
        decimals = DECIMALS[self.currency]
        sign, digits = "-" if self.amount < 0 else "", str(abs(self.amount)).zfill(decimals + 1)
        if not decimals:
            return f"{sign}{int(digits):,} {self.currency}"
        return f"{sign}{int(digits[:-decimals]):,}.{digits[-decimals:]} {self.currency}"

    def _check_currency(self, other: Self) -> None:
        if self.currency != other.currency:
            raise MalformedError(f"{self.currency} and {other.currency} do not add up")


@lru_cache(maxsize=4096)
def read_minor_units(text: str, currency: str) -> Reading:
    """Return the minor units that *text* spells, rounded half to even where it is finer.

    Takes an optional minus, digits, and an optional point with digits: no exponent, no
    thousands separator, no space.

    Raises:
        MalformedError: *text* is not such a number, or the currency is unknown.
    """
    if currency not in DECIMALS:
        raise MalformedError(f"currency: {currency!r} is not one of {', '.join(DECIMALS)}")
    if not _DECIMAL_TEXT.fullmatch(text):
        raise MalformedError(f"{text!a:.40} is not a decimal number such as 12.50")
    value = Decimal(text).scaleb(DECIMALS[currency])
    whole = value.to_integral_value(ROUND_HALF_EVEN)
    if abs(whole) > MAX_INTEGER:
        raise MalformedError(f"{text}: beyond ±(2^53-1) minor units")
    return Reading(int(whole), exact=whole == value)
