"""Runs of rows against the RFC's own recursion."""

import pytest

from chain.errors import MalformedError, ProofFailedError
from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.inclusion import prove_inclusion
from chain.merkle import Node, root_of
from chain.stream_index.inclusion import prove_run, verify_run
from tests.chain.reference import mth

ROWS = [b"row %d\n" % number for number in range(70)]
LEAVES = [leaf_hash(each) for each in ROWS]


def read(nodes: list[Node]) -> list[TreeHash]:
    return [
        root_of(LEAVES[node.position << node.level : (node.position + 1) << node.level])
        for node in nodes
    ]


def runs(size: int) -> list[tuple[int, int]]:
    return [
        (first, first + width)
        for width in (1, 2, 3, 7, size)
        for first in range(size - width + 1)
        if width <= size
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 31, 33, 64, 70])
def test_every_run_leads_to_the_root(size: int) -> None:
    root = TreeHash(mth(ROWS[:size]))
    for first, end in runs(size):
        proof = prove_run(first, end, size, read)  # type: ignore[arg-type]
        verify_run(LEAVES[first:end], first, size, proof, root)
        if end - first == 1:
            assert proof == prove_inclusion(first, size, read)  # type: ignore[arg-type]
        for other in range(size - (end - first) + 1):
            if other != first:
                with pytest.raises((ProofFailedError, MalformedError)):
                    verify_run(LEAVES[first:end], other, size, proof, root)


def test_two_neighbours_cost_little_more_than_one() -> None:
    for first in range(63):
        assert len(prove_run(first, first + 2, 64, read)) <= 10  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("leaves", "first", "size", "proof"),
    [
        ([], 0, 4, []),
        (LEAVES[:2], 3, 4, []),
        (LEAVES[:1], -1, 4, []),
        (LEAVES[:1], 0, 4, [b"x" * 32]),
        (LEAVES[:1], 0, 4, [b"x" * 32] * 3),
        (LEAVES[:1], 0, 4, [b"x" * 31] * 2),
        ([LeafHash(b"x" * 31)], 0, 1, []),
    ],
)
def test_what_fits_no_tree_is_malformed(
    leaves: list[LeafHash], first: int, size: int, proof: list[TreeHash]
) -> None:
    with pytest.raises(MalformedError):
        verify_run(leaves, first, size, proof, TreeHash(b"r" * 32))
