"""Inclusion proofs: that a tree of some size has this leaf at this index.

RFC 6962, section 2.1.1 (RFC 9162, section 2.1.3). ``tests/vectors/merkle_inclusion.json``
holds other implementations' proofs, good and bad; ``tests/chain/test_inclusion.py`` runs
them and compares both functions with the RFC's own recursion.
"""

from collections.abc import Sequence

from chain.errors import MalformedError, ProofFailedError
from chain.hashes import LeafHash, TreeHash, node_hash
from chain.merkle import NodeReader, check_hashes, split_point, subtree_hashes


def prove_inclusion(index: int, size: int, read: NodeReader) -> list[TreeHash]:
    """Return the proof for the leaf at *index* in the tree of *size* leaves.

    The hashes go from the leaf's sibling up, at most 1 + log2(size) of them. *read* is
    called at most once.

    Raises:
        MalformedError: *index* is outside the tree, or *read* answered wrongly.
    """
    _check_index(index, size)
    siblings: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split_point(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return subtree_hashes(siblings[::-1], read)


def verify_inclusion(
    leaf: LeafHash, index: int, size: int, proof: Sequence[TreeHash], root: TreeHash
) -> None:
    """Check that *root*, of a tree of *size* leaves, commits to *leaf* at *index*.

    Returns nothing: a caller cannot forget to look at the answer.

    Raises:
        MalformedError: *index* is outside the tree, a hash is not 32 bytes, or the
            proof has the wrong number of hashes for this index and size.
        ProofFailedError: the proof leads to another root.
    """
    check_hashes("root", [root])
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofFailedError(
            f"the proof does not lead from leaf {index} to the root of the tree of size {size}"
        )


def root_from_inclusion(
    leaf: LeafHash, index: int, size: int, proof: Sequence[TreeHash]
) -> TreeHash:
    """Return the root to which *proof* leads from *leaf*; compare it with a trusted one.

    Raises:
        MalformedError: as `verify_inclusion`.
    """
    _check_index(index, size)
    check_hashes("leaf", [leaf])
    check_hashes("inclusion proof", proof)
    # From the leaf up: inside the tree the index's own bits say on which side the
    # sibling stands; on the right edge it is always left, and a level without a
    # sibling adds no hash to the proof.
    computed: bytes = leaf
    rest = iter(proof)
    node, last = index, size - 1
    while last:
        if node & 1 or node < last:
            sibling = next(rest, None)
            if sibling is None:
                raise MalformedError(f"inclusion proof: {len(proof)} hashes are too few")
            pair = (sibling, computed) if node & 1 else (computed, sibling)
            computed = node_hash(*pair)
        node, last = node >> 1, last >> 1
    if next(rest, None) is not None:
        raise MalformedError(f"inclusion proof: {len(proof)} hashes are too many")
    return TreeHash(computed)


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise MalformedError(f"leaf index {index} is not in a tree of size {size}")
