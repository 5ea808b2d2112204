"""Check digits: the resident identity number (GB 11643) and the bank card (ISO/IEC 7812).

The smallest functions that do it, to be replaced by `stdnum.cn.ric` and `stdnum.luhn` once
python-stdnum is among the installed packages; that library also knows the list of places,
which is left out here. No error names the number. ``tests/domain/identity/test_number.py``.
"""

import re
from datetime import date
from typing import Final

from chain.errors import MalformedError

_RESIDENT = re.compile(r"([0-9]{6})([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{3})([0-9X])")
_CARD = re.compile(r"[0-9]{12,19}")
_WEIGHTS: Final = tuple(2**place % 11 for place in range(17, 0, -1))
_SYMBOLS: Final = "10X98765432"


def check_symbol(digits: str) -> str:
    """Return the MOD 11-2 check symbol of the first 17 *digits* of a resident number."""
    total = sum(int(each) * weight for each, weight in zip(digits, _WEIGHTS, strict=True))
    return _SYMBOLS[total % 11]


def check_resident_number(text: str) -> str:
    """Return the resident number *text* in its one spelling: 18 symbols, the last may be X.

    Raises:
        MalformedError: it has another form, holds no date, or its check symbol is wrong.
    """
    number = text.strip().upper()
    match = _RESIDENT.fullmatch(number)
    if not match:
        raise MalformedError("resident number: must be 17 digits and a digit or X")
    try:
        date(int(match[2]), int(match[3]), int(match[4]))
    except ValueError:
        raise MalformedError("resident number: holds no date of birth") from None
    if check_symbol(number[:17]) != number[17]:
        raise MalformedError("resident number: the check symbol is wrong: read it again")
    return number


def check_card_number(text: str) -> str:
    """Return the bank card number *text* without blanks, 12 to 19 digits.

    Raises:
        MalformedError: it has another form, or its Luhn digit is wrong.
    """
    number = text.replace(" ", "")
    if not _CARD.fullmatch(number):
        raise MalformedError("card number: must be 12 to 19 digits")
    if luhn_sum(number) % 10:
        raise MalformedError("card number: the check digit is wrong: read it again")
    return number


def luhn_sum(number: str) -> int:
    """Return the Luhn sum of *number*, its check digit included; good ones end in 0."""
    digits = [int(each) for each in reversed(number)]
    return sum(digits[::2]) + sum(sum(divmod(2 * each, 10)) for each in digits[1::2])
