"""Which merchant sold a product, by its code (``features.md``, section 8, Merchant rule).

``tests/domain/retail/test_merchants.py``.
"""

import re
from functools import lru_cache
from typing import Final

SERVICE: Final = "SVC"
"""The account of everything that is no goods: postage, manual entries, discounts, fees."""

_GOODS = re.compile(r"[0-9]{5}[A-Z]*")


@lru_cache(maxsize=8192)
def merchant_of(code: str) -> str:
    """Return the merchant of the product *code*, which is in upper case."""
    if _GOODS.fullmatch(code):
        return f"M-{code[:2]}"
    if code.startswith(("DCGS", "GIFT_")):
        return "M-DG"
    return SERVICE
