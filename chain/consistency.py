"""Consistency proofs: that an older tree is a prefix of a newer one.

RFC 6962, section 2.1.2 (RFC 9162, section 2.1.4). ``tests/vectors/merkle_consistency.json``
holds other implementations' proofs, good and bad; ``tests/chain/test_consistency.py`` runs
them and compares both functions with the RFC's own recursion.

A proof from size 0 says nothing (every tree begins with the empty one), so it is refused
here; the witness protocol, which allows it, handles it before it calls us.
"""

from collections.abc import Sequence

from chain.errors import MalformedError, ProofFailedError
from chain.hashes import TreeHash, node_hash
from chain.merkle import NodeReader, check_hashes, split_point, subtree_hashes


def prove_consistency(old: int, new: int, read: NodeReader) -> list[TreeHash]:
    """Return the proof that the tree of *old* leaves is a prefix of that of *new*.

    Empty if the sizes are equal. *read* is called at most once.

    Raises:
        MalformedError: not 0 < *old* <= *new*, or *read* answered wrongly.
    """
    _check_sizes(old, new)
    runs: list[tuple[int, int]] = []
    start, end = 0, new
    while end != old:
        middle = start + split_point(end - start)
        if old <= middle:
            runs.append((middle, end))
            end = middle
        else:
            runs.append((start, middle))
            start = middle
    # The verifier knows the old root, so the old tree itself (start 0) is not repeated.
    if start:
        runs.append((start, end))
    return subtree_hashes(runs[::-1], read)


def verify_consistency(
    old_size: int,
    old_root: TreeHash,
    new_size: int,
    new_root: TreeHash,
    proof: Sequence[TreeHash],
) -> None:
    """Check that the tree of *new_root* begins with the tree of *old_root*.

    Raises:
        MalformedError: not 0 < *old_size* <= *new_size*, a hash is not 32 bytes, or
            the proof has the wrong number of hashes for these sizes.
        ProofFailedError: the proof does not lead to both roots.
    """
    _check_sizes(old_size, new_size)
    check_hashes("old root", [old_root])
    check_hashes("new root", [new_root])
    if old_size == new_size:
        _verify_same(old_size, old_root, new_root, proof)
        return
    complete = old_size & (old_size - 1) == 0
    hashes = [old_root, *proof] if complete else proof
    old, new = implied_roots(old_size, new_size, hashes)
    if old != old_root:
        raise ProofFailedError(f"the proof does not lead to the old root, of size {old_size}")
    if new != new_root:
        raise ProofFailedError(f"the proof does not lead to the new root, of size {new_size}")


def implied_roots(old: int, new: int, hashes: Sequence[TreeHash]) -> tuple[TreeHash, TreeHash]:
    """Return the roots of the trees of *old* and *new* leaves that *hashes* lead to.

    *hashes* is a consistency proof in which the first perfect subtree is never left out, as
    RFC 6962 does where the old tree is one. Whatever it is, the first root is that of a
    tree with which the second begins.

    Raises:
        MalformedError: not 0 < *old* < *new*, a hash is not 32 bytes, or there is the wrong
            number of hashes for these sizes.
    """
    if not 0 < old < new:
        raise MalformedError(f"sizes: need 0 < old < new, not {old} and {new}")
    check_hashes("consistency proof", hashes)
    node, last = old - 1, new - 1
    # Skip what lies inside one perfect subtree of the old tree: its hash is the first.
    while node & 1:
        node, last = node >> 1, last >> 1
    rest = list(reversed(hashes))
    old_root = new_root = _take(rest)
    while last:
        if node & 1 or node == last:
            # The sibling is on the left, in both trees.
            sibling = _take(rest)
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            # On the right edge, a level without a sibling adds no hash.
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            # The sibling is on the right, where the old tree has nothing.
            new_root = node_hash(new_root, _take(rest))
        node, last = node >> 1, last >> 1
    if rest:
        raise MalformedError(f"consistency proof: {len(hashes)} hashes are too many")
    return old_root, new_root


def _check_sizes(old: int, new: int) -> None:
    if not 0 < old <= new:
        raise MalformedError(f"sizes: need 0 < old <= new, not {old} and {new}")


def _verify_same(
    size: int, old_root: TreeHash, new_root: TreeHash, proof: Sequence[TreeHash]
) -> None:
    if proof:
        raise MalformedError("consistency proof: must be empty between equal sizes")
    if old_root != new_root:
        raise ProofFailedError(f"two roots for one size, {size}: a split view")


def _take(rest: list[TreeHash]) -> TreeHash:
    if not rest:
        raise MalformedError("consistency proof: too few hashes")
    return rest.pop()
