"""Keyed randomness: repeatable with the secret, different without."""

import pytest

from domain.entropy import KeyedEntropy
from tests.domain.given import SECRET


def test_the_same_secret_and_label_give_the_same_bytes() -> None:
    one, other = KeyedEntropy(SECRET, "cmd/1"), KeyedEntropy(SECRET, "cmd/1")
    assert [one(16) for _ in range(5)] == [other(16) for _ in range(5)]


def test_no_two_draws_agree() -> None:
    draws = {KeyedEntropy(SECRET, f"{label}")(16) for label in range(100)}
    entropy = KeyedEntropy(SECRET, "x")
    draws |= {entropy(16) for _ in range(100)} | {KeyedEntropy(SECRET[::-1], "1")(16)}
    assert len(draws) == 201


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyedEntropy(b"short", "x")


@pytest.mark.parametrize("size", [0, -1, 65])
def test_only_what_one_block_holds_is_given(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 64 bytes"):
        KeyedEntropy(SECRET, "x")(size)
