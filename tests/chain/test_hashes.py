"""Leaf, node and chain hashes against other implementations' answers."""

import pytest

from chain.hashes import (
    EMPTY_ROOT,
    LeafIndex,
    chain_hash,
    leaf_hash,
    leaf_index,
    node_hash,
    notification_id,
)
from tests.chain.tree import vectors

EIGHT = vectors("rfc6962_eight_leaves.json")


@pytest.mark.parametrize(
    ("entry", "expected"),
    list(zip(EIGHT["leaf_inputs_hex"], EIGHT["leaf_hashes_hex"], strict=True)),
)
def test_a_leaf_is_hashed_as_the_vectors_say(entry: str, expected: str) -> None:
    assert leaf_hash(bytes.fromhex(entry)).hex() == expected


def test_two_leaves_make_the_node_of_the_vectors() -> None:
    left, right = map(bytes.fromhex, EIGHT["leaf_hashes_hex"][:2])
    assert node_hash(left, right).hex() == EIGHT["root_hashes_by_size_hex"][2]


def test_the_empty_tree_has_the_root_of_the_vectors() -> None:
    assert EMPTY_ROOT.hex() == EIGHT["root_hashes_by_size_hex"][0]


def test_the_chain_hash_is_blake3() -> None:
    # The empty input's hash in the BLAKE3 team's own test_vectors.json.
    assert chain_hash(b"").hex() == (
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    )


def test_the_first_leaf_is_the_recorders_number_one() -> None:
    assert notification_id(LeafIndex(0)) == 1
    assert leaf_index(notification_id(LeafIndex(41))) == 41
