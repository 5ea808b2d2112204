"""Fingerprints: the same raw key in whatever spacing, and no bare hash."""

from hashlib import sha256

import pytest

from chain.errors import MalformedError
from domain.identity.person import IndexKey
from domain.keys.fingerprint import (
    IndexRing,
    fingerprint,
    index_key_of,
    normal_form,
)
from tests.domain.given import RING, SECRET

KEY = RING.current
OTHER = IndexKey("other", SECRET[::-1])


@pytest.mark.parametrize(
    "other",
    ["AAAABBBB", "AAAA BBBB", " AAAA-BBBB ", "ＡＡＡＡ-ＢＢＢＢ", "AAAA\u2010BBBB"],  # noqa: RUF001 — full width is the point
)
def test_other_spacing_and_width_is_the_same_raw_key(other: str) -> None:
    assert fingerprint(other, KEY) == fingerprint("AAAA-BBBB", KEY)


def test_other_case_differs_exactly_and_agrees_folded() -> None:
    upper, lower = fingerprint("AAAA-BBBB", KEY), fingerprint("aaaa-bbbb", KEY)
    assert upper.exact != lower.exact
    assert upper.folded == lower.folded


def test_a_fingerprint_hangs_on_the_index_key() -> None:
    mark = fingerprint("AAAA", KEY).exact
    assert mark != fingerprint("AAAA", OTHER).exact
    assert mark != sha256(b"AAAA").digest()


def test_nothing_but_spaces_is_no_raw_key() -> None:
    with pytest.raises(MalformedError, match="is empty"):
        fingerprint(" - - ", KEY)


def test_a_short_index_key_is_refused() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        index_key_of(b"short")


def test_an_index_key_s_id_follows_from_it_and_tells_nothing() -> None:
    key = index_key_of(SECRET)
    assert key.id == index_key_of(SECRET).id != index_key_of(SECRET[::-1]).id
    assert sha256(SECRET).hexdigest()[:16] != key.id
    assert key.id not in SECRET.hex()


def test_a_ring_asks_the_key_in_use_and_the_one_before() -> None:
    ring = IndexRing(OTHER, KEY)
    normal = normal_form("AAAA-BBBB")
    marks = ring.fingerprints(normal)
    assert (marks.current, marks.former) == (
        fingerprint("AAAABBBB", OTHER),
        fingerprint("AAAABBBB", KEY),
    )
    assert RING.fingerprints(normal) == (fingerprint("AAAABBBB", KEY), None)
    assert ring.find("test") is KEY
    with pytest.raises(MalformedError, match="not on the ring"):
        RING.find("other")
