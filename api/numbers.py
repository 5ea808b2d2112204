"""Whole numbers in paths and queries: decimal digits in their one spelling.

What reads them otherwise takes ``0.0``, ``+1`` and ``1_000`` as well, which the published
document does not allow. ``tests/api/test_numbers.py``.
"""

import re
from typing import Final

from pydantic import BeforeValidator

_SPELT = re.compile(r"0|-?[1-9][0-9]{0,18}")


def _read(value: object) -> object:
    if isinstance(value, str) and not _SPELT.fullmatch(value):
        raise ValueError("must be a whole number in decimal digits")
    return value


SPELT: Final = BeforeValidator(_read)
"""Last of the marks of an ``int`` in a path or query, so that bounds stay the number's own."""
