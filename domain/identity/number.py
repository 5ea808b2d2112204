"""Check digits: the resident identity number (GB 11643) and the bank card (ISO/IEC 7812).

The checks are python-stdnum's, with one exception. Its `ric.validate` also refuses a number
whose holder was born before the code of the place was assigned; most codes date from the
1980s and cards name the place as it was called when the card was first issued, so that rule
refuses half of the living, and an example that the standard itself prints. Here a place must
be on the library's list, of whatever years. No error names the number.
``tests/domain/identity/test_number.py``.
"""

import re
from functools import lru_cache
from typing import Final

from stdnum import luhn, numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from chain.errors import MalformedError

_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_CARD = re.compile(r"[0-9]{12,19}")
_PLACE_DIGITS: Final = 6
_NOT_LISTED: Final = frozenset({"830000"})
"""In residence permits of people from Taiwan; the library's list lacks it."""


def check_symbol(digits: str) -> str:
    """Return the MOD 11-2 check symbol of the first 17 *digits* of a resident number."""
    return ric.calc_check_digit(f"{digits}0")


def check_resident_number(text: str) -> str:
    """Return the resident number *text* in its one spelling: 18 symbols, the last may be X.

    Raises:
        MalformedError: it has another form, holds no date or no place, or its check symbol
            is wrong.
    """
    number = text.strip().upper()
    # The form first: the library would take a line's end for a digit.
    if not _RESIDENT.fullmatch(number):
        raise MalformedError("resident number: must be 17 digits and a digit or X")
    try:
        ric.get_birth_date(number)
    except ValidationError:
        raise MalformedError("resident number: holds no date of birth") from None
    if not _is_place(number[:_PLACE_DIGITS]):
        raise MalformedError("resident number: the first six digits are no place: read it again")
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
    if not luhn.is_valid(number):
        raise MalformedError("card number: the check digit is wrong: read it again")
    return number


def luhn_digit(digits: str) -> str:
    """Return the check digit that follows *digits*."""
    return luhn.calc_check_digit(digits)


@lru_cache(maxsize=8_192)
def _is_place(code: str) -> bool:
    """Say whether *code* was ever a county's, a city district's or a region's."""
    if code in _NOT_LISTED:
        return True
    found = numdb.get("cn/loc").info(code)
    return any("county" in properties for _, properties in found)
