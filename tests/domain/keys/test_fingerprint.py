"""Fingerprints: the same raw key in whatever spacing, and no bare hash."""

from hashlib import sha256

import pytest

from chain.errors import MalformedError
from domain.keys.fingerprint import fingerprint
from tests.domain.given import SECRET


@pytest.mark.parametrize(
    "other",
    ["AAAABBBB", "AAAA BBBB", " AAAA-BBBB ", "ＡＡＡＡ-ＢＢＢＢ", "AAAA\u2010BBBB"],  # noqa: RUF001 — full width is the point
)
def test_other_spacing_and_width_is_the_same_raw_key(other: str) -> None:
    assert fingerprint(other, SECRET) == fingerprint("AAAA-BBBB", SECRET)


def test_other_case_differs_exactly_and_agrees_folded() -> None:
    upper, lower = fingerprint("AAAA-BBBB", SECRET), fingerprint("aaaa-bbbb", SECRET)
    assert upper.exact != lower.exact
    assert upper.folded == lower.folded


def test_a_fingerprint_hangs_on_the_index_key() -> None:
    mark = fingerprint("AAAA", SECRET).exact
    assert mark != fingerprint("AAAA", SECRET[::-1]).exact
    assert mark != sha256(b"AAAA").hexdigest()


def test_nothing_but_spaces_is_no_raw_key() -> None:
    with pytest.raises(MalformedError, match="is empty"):
        fingerprint(" - - ", SECRET)


def test_a_short_index_key_is_refused() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        fingerprint("AAAA", b"short")
