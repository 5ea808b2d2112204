"""Inclusion proofs against the vectors, the RFC's recursion, and tampering."""

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import ChainError, MalformedError, ProofFailedError
from chain.hashes import LeafHash, TreeHash
from chain.inclusion import prove_inclusion, verify_inclusion
from chain.merkle import root_of
from tests.chain import reference
from tests.chain.tree import entries, leaf, leaves, read, vectors

VECTORS = vectors("merkle_inclusion.json")["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
def test_the_vectors_are_accepted_and_refused_as_they_say(vector: dict[str, Any]) -> None:
    def verify() -> None:
        verify_inclusion(
            LeafHash(b64decode(vector["leafHash"] or "")),
            vector["leafIdx"],
            vector["treeSize"],
            [TreeHash(b64decode(each)) for each in vector["proof"] or []],
            TreeHash(b64decode(vector["root"] or "")),
        )

    if not vector["wantErr"]:
        verify()
        return
    with pytest.raises(ChainError):
        verify()


def test_all_vectors_are_there() -> None:
    assert len(VECTORS) == 98


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 127, 128, 129, 130])
def test_every_proof_of_a_small_tree_is_the_recursive_one_and_verifies(size: int) -> None:
    root = root_of(leaves(size))
    whole = entries(size)
    for index in range(size):
        proof = prove_inclusion(index, size, read)
        assert proof == reference.path(index, whole)
        verify_inclusion(leaf(index), index, size, proof, root)


@given(st.data())
def test_proofs_of_any_tree_are_the_recursive_ones(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, read)
    assert proof == reference.path(index, entries(size))
    verify_inclusion(leaf(index), index, size, proof, root_of(leaves(size)))


@given(st.data())
def test_one_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 200))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, read)
    root = root_of(leaves(size))
    parts: list[bytes] = [leaf(index), root, *proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    flipped = bytearray(parts[which])
    flipped[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    parts[which] = bytes(flipped)
    with pytest.raises(ProofFailedError):
        verify_inclusion(
            LeafHash(parts[0]),
            index,
            size,
            [TreeHash(each) for each in parts[2:]],
            TreeHash(parts[1]),
        )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 3)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(MalformedError, match="not in a tree"):
        prove_inclusion(index, size, read)
    with pytest.raises(MalformedError, match="not in a tree"):
        verify_inclusion(leaf(0), index, size, [], root_of(leaves(1)))


@pytest.mark.parametrize("change", ["too-short", "too-long", "short-hash", "empty-root-and-leaf"])
def test_a_proof_of_the_wrong_shape_is_malformed(change: str) -> None:
    proof, root, first = prove_inclusion(2, 5, read), root_of(leaves(5)), leaf(2)
    if change == "too-short":
        proof.pop()
    elif change == "too-long":
        proof.append(root)
    elif change == "short-hash":
        proof[0] = TreeHash(proof[0][:-1])
    else:
        first, root = LeafHash(b""), TreeHash(b"")
    with pytest.raises(MalformedError):
        verify_inclusion(first, 2, 5, proof, root)
