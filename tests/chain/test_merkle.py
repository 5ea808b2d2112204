"""The tree's shape and right edge against the vectors and the RFC's own recursion."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash
from chain.merkle import (
    Node,
    RightEdge,
    fold,
    perfect_subtrees,
    root_of,
    split_hashes,
    subtree_hashes,
)
from tests.chain import reference
from tests.chain.tree import entries, leaf, leaves, read, vectors

EIGHT = vectors("rfc6962_eight_leaves.json")
HASH = TreeHash(bytes(32))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_vectors(size: int) -> None:
    hashes = [LeafHash(bytes.fromhex(each)) for each in EIGHT["leaf_hashes_hex"][:size]]
    assert root_of(hashes).hex() == EIGHT["root_hashes_by_size_hex"][size]


def test_appending_one_by_one_gives_the_recursive_root_of_every_size() -> None:
    edge = RightEdge()
    for size in range(131):
        assert edge.size == size
        assert edge.root() == reference.mth(entries(size))
        edge.append(leaf(size))


@given(st.lists(st.integers(0, 300), max_size=6))
def test_extending_in_any_steps_is_appending(steps: list[int]) -> None:
    edge = RightEdge()
    for step in steps:
        edge.extend([leaf(index) for index in range(edge.size, edge.size + step)])
    assert edge.root() == root_of(leaves(sum(steps)))
    one_by_one = RightEdge()
    for each in leaves(sum(steps)):
        one_by_one.append(each)
    assert edge == one_by_one


@settings(max_examples=10)
@given(st.integers(131, 2000))
def test_a_large_root_is_the_recursive_one(size: int) -> None:
    assert root_of(leaves(size)) == reference.mth(entries(size))


@given(st.integers(0, 600), st.integers(0, 50))
def test_an_edge_survives_a_restart(size: int, more: int) -> None:
    edge = RightEdge()
    edge.extend(leaves(size))
    restarted = RightEdge.from_bytes(edge.size, edge.to_bytes())
    assert restarted == edge
    assert len(edge.to_bytes()) == 32 * size.bit_count()
    restarted.extend([leaf(index) for index in range(size, size + more)])
    assert restarted.root() == root_of(leaves(size + more))


def test_a_copy_grows_apart() -> None:
    edge = RightEdge()
    edge.extend(leaves(3))
    copied = edge.copy()
    copied.append(leaf(3))
    assert edge.size == 3
    assert edge.root() == root_of(leaves(3))
    assert copied != edge


@given(st.integers(0, 400))
def test_perfect_subtrees_cover_a_tree_from_left_to_right(size: int) -> None:
    nodes = list(perfect_subtrees(0, size))
    place = 0
    for level, position in nodes:
        assert position << level == place
        place += 1 << level
    assert place == size
    assert len(nodes) == size.bit_count()
    assert fold(read(nodes)) == root_of(leaves(size))


BAD_EDGES: dict[str, tuple[int, bytes]] = {
    "negative-size": (-1, bytes(32)),
    "empty-for-one": (1, b""),
    "one-for-empty": (0, bytes(32)),
    "one-too-many": (2, bytes(64)),
    "one-too-few": (3, bytes(32)),
    "cut-short": (3, bytes(63)),
    "trailing-garbage": (3, bytes(65)),
}


@pytest.mark.parametrize(("size", "data"), BAD_EDGES.values(), ids=BAD_EDGES)
def test_a_bad_edge_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(MalformedError, match="right edge"):
        RightEdge.from_bytes(size, data)


def test_an_edge_of_short_hashes_is_refused() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        RightEdge(1, [TreeHash(b"short")])


def test_hashes_that_end_early_are_refused() -> None:
    with pytest.raises(MalformedError, match="whole number"):
        split_hashes(bytes(33))


@pytest.mark.parametrize(
    "answer", [[], [HASH, HASH], [TreeHash(b"")]], ids=["few", "many", "short"]
)
def test_a_reader_that_answers_wrongly_is_found_out(answer: list[TreeHash]) -> None:
    def wrong(_: Sequence[Node], /) -> list[TreeHash]:
        return answer

    with pytest.raises(MalformedError):
        subtree_hashes([(0, 4)], wrong)
