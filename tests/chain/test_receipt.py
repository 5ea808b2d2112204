"""What a receipt's digest is made of, and that nothing else makes the same one."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MalformedError
from chain.hashes import LeafHash, leaf_hash
from chain.receipt import MAX_COMMAND_ID_SIZE, receipt_digest

LEAVES = st.lists(st.binary(min_size=32, max_size=32).map(LeafHash), max_size=4)


def test_the_digest_covers_length_command_and_leaves_in_order() -> None:
    first, second = leaf_hash(b"one"), leaf_hash(b"two")
    expected = sha256(b"\x00\x05order" + first + second).digest()
    assert receipt_digest("order", [first, second]) == expected


def test_the_length_counts_bytes_and_not_characters() -> None:
    assert receipt_digest("订", []) == sha256(b"\x00\x03" + "订".encode()).digest()


@given(st.text(max_size=4), LEAVES, st.text(max_size=4), LEAVES)
def test_two_receipts_have_one_digest_only_if_they_are_the_same(
    one: str, one_leaves: list[LeafHash], two: str, two_leaves: list[LeafHash]
) -> None:
    same = (one, one_leaves) == (two, two_leaves)
    assert (receipt_digest(one, one_leaves) == receipt_digest(two, two_leaves)) is same


def test_a_command_id_that_does_not_fit_its_length_is_refused() -> None:
    receipt_digest("x" * MAX_COMMAND_ID_SIZE, [])
    with pytest.raises(MalformedError, match="over the limit"):
        receipt_digest("x" * (MAX_COMMAND_ID_SIZE + 1), [])


def test_a_command_id_that_is_not_text_is_refused() -> None:
    with pytest.raises(MalformedError, match="lone surrogate at 1"):
        receipt_digest("a\ud800", [])
