"""That a list's tree holds these neighbouring rows at this place: one row, or two.

An inclusion proof (RFC 6962, section 2.1.1) of a run of leaves: for a run of one it is the
RFC's own proof, hash for hash. For two neighbours it is little longer, since their paths
share most of their hashes, and it proves that nothing stands between them.
``tests/chain/stream_index/test_inclusion.py``.
"""

from collections.abc import Iterator, Sequence

from chain.errors import MalformedError, ProofFailedError
from chain.hashes import LeafHash, TreeHash, node_hash
from chain.merkle import NodeReader, check_hashes, subtree_hashes


def siblings_of_run(first: int, end: int, size: int) -> list[tuple[int, int]]:
    """Return the subtrees [start, end) whose hashes prove the leaves [first, end).

    They go from the leaves up, at each level the left one before the right one.

    Raises:
        MalformedError: the run is empty or not in a tree of *size* leaves.
    """
    _check_run(first, end, size)
    found = []
    low, high, last, level = first, end - 1, size - 1, 0
    while last:
        if low & 1:
            found.append(((low - 1) << level, low << level))
        if not high & 1 and high < last:
            found.append(((high + 1) << level, min((high + 2) << level, size)))
        low, high, last, level = low >> 1, high >> 1, last >> 1, level + 1
    return found


def prove_run(first: int, end: int, size: int, read: NodeReader) -> list[TreeHash]:
    """Return the proof of the leaves [first, end) in the tree of *size* leaves.

    *read* is called at most once.

    Raises:
        MalformedError: the run is not in the tree, or *read* answered wrongly.
    """
    return subtree_hashes(siblings_of_run(first, end, size), read)


def root_from_run(
    leaves: Sequence[LeafHash], first: int, size: int, proof: Sequence[TreeHash]
) -> TreeHash:
    """Return the root to which *proof* leads from *leaves*, which begin at place *first*.

    Raises:
        MalformedError: the run is not in a tree of *size* leaves, a hash is not 32 bytes, or
            the proof has the wrong number of hashes.
    """
    _check_run(first, first + len(leaves), size)
    check_hashes("leaf", leaves)
    check_hashes("run proof", proof)
    rest = iter(proof)
    run: list[bytes] = list(leaves)
    low, last = first, size - 1
    while last:
        high = low + len(run) - 1
        if low & 1:
            run.insert(0, _take(rest, len(proof)))
        if not high & 1 and high < last:
            run.append(_take(rest, len(proof)))
        # A last node without a sibling stands for itself one level up.
        run = [
            node_hash(*pair) if len(pair) > 1 else pair[0]
            for pair in (run[at : at + 2] for at in range(0, len(run), 2))
        ]
        low, last = low >> 1, last >> 1
    if next(rest, None) is not None:
        raise MalformedError(f"run proof: {len(proof)} hashes are too many")
    return TreeHash(run[0])


def verify_run(
    leaves: Sequence[LeafHash], first: int, size: int, proof: Sequence[TreeHash], root: TreeHash
) -> None:
    """Check that *root*, of a tree of *size* leaves, has *leaves* from place *first* on.

    Raises:
        MalformedError: as `root_from_run`.
        ProofFailedError: the proof leads to another root.
    """
    check_hashes("root", [root])
    if root_from_run(leaves, first, size, proof) != root:
        raise ProofFailedError(
            f"the proof does not lead from rows {first} to {first + len(leaves) - 1} to the root"
            f" of the list of {size}"
        )


def _take(rest: Iterator[TreeHash], given: int) -> TreeHash:
    found = next(rest, None)
    if found is None:
        raise MalformedError(f"run proof: {given} hashes are too few")
    return found


def _check_run(first: int, end: int, size: int) -> None:
    if not 0 <= first < end <= size:
        raise MalformedError(f"rows {first} to {end - 1} are not in a list of {size}")
