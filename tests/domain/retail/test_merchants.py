"""The merchant rule."""

import pytest

from domain.retail.merchants import merchant_of


@pytest.mark.parametrize(
    ("code", "merchant"),
    [
        ("85123A", "M-85"),
        ("22423", "M-22"),
        ("79323LP", "M-79"),
        ("DCGS0003", "M-DG"),
        ("DCGSSBOY", "M-DG"),
        ("GIFT_0001_80", "M-DG"),
        ("POST", "SVC"),
        ("M", "SVC"),
        ("BANK CHARGES", "SVC"),
        ("C2", "SVC"),
        ("PADS", "SVC"),
        ("224231", "SVC"),
    ],
)
def test_a_code_says_whose_it_is(code: str, merchant: str) -> None:
    assert merchant_of(code) == merchant
