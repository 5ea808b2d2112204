"""Consistency proofs against the vectors, the RFC's recursion, and tampering."""

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.consistency import prove_consistency, verify_consistency
from chain.errors import ChainError, MalformedError, ProofFailedError
from chain.hashes import TreeHash
from chain.merkle import root_of
from tests.chain import reference
from tests.chain.tree import entries, leaves, read, vectors

VECTORS = vectors("merkle_consistency.json")["vectors"]

# Valid upstream with roots that are not 32 bytes long; we check lengths first.
NOT_HASHES = "sizes are equal (one) and proof is empty"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["file"]))
def test_the_vectors_are_accepted_and_refused_as_they_say(vector: dict[str, Any]) -> None:
    def verify() -> None:
        verify_consistency(
            vector["size1"],
            TreeHash(b64decode(vector["root1"] or "")),
            vector["size2"],
            TreeHash(b64decode(vector["root2"] or "")),
            [TreeHash(b64decode(each)) for each in vector["proof"] or []],
        )

    if not vector["wantErr"] and vector["desc"] != NOT_HASHES:
        verify()
        return
    with pytest.raises(ChainError):
        verify()


def test_all_vectors_are_there_and_one_is_the_exception() -> None:
    assert len(VECTORS) == 98
    (exception,) = [each for each in VECTORS if each["desc"] == NOT_HASHES]
    assert not exception["wantErr"]
    assert len(b64decode(exception["root1"])) != 32


@pytest.mark.parametrize("new", [*range(1, 34), 63, 64, 65, 127, 128, 129, 130])
def test_every_proof_to_a_small_tree_is_the_recursive_one_and_verifies(new: int) -> None:
    whole = entries(new)
    for old in range(1, new + 1):
        proof = prove_consistency(old, new, read)
        assert proof == reference.proof(old, whole)
        verify_consistency(old, root_of(leaves(old)), new, root_of(leaves(new)), proof)


@given(st.data())
def test_proofs_between_any_trees_are_the_recursive_ones(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 700))
    old = data.draw(st.integers(1, new))
    proof = prove_consistency(old, new, read)
    assert proof == reference.proof(old, entries(new))
    verify_consistency(old, root_of(leaves(old)), new, root_of(leaves(new)), proof)


@given(st.data())
def test_one_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 200))
    old = data.draw(st.integers(1, new - 1))
    parts = [
        root_of(leaves(old)),
        root_of(leaves(new)),
        *prove_consistency(old, new, read),
    ]
    which = data.draw(st.integers(0, len(parts) - 1))
    flipped = bytearray(parts[which])
    flipped[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    parts[which] = TreeHash(bytes(flipped))
    with pytest.raises(ProofFailedError):
        verify_consistency(old, parts[0], new, parts[1], parts[2:])


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_sizes_that_do_not_grow_from_one_are_refused(old: int, new: int) -> None:
    root = root_of(leaves(5))
    with pytest.raises(MalformedError, match="sizes"):
        prove_consistency(old, new, read)
    with pytest.raises(MalformedError, match="sizes"):
        verify_consistency(old, root, new, root, [])


def test_two_roots_for_one_size_are_a_split_view() -> None:
    with pytest.raises(ProofFailedError, match="split view"):
        verify_consistency(5, root_of(leaves(5)), 5, root_of(leaves(6)), [])


@pytest.mark.parametrize("change", ["too-short", "too-long", "short-hash", "not-empty"])
def test_a_proof_of_the_wrong_shape_is_malformed(change: str) -> None:
    old, new = (7, 7) if change == "not-empty" else (5, 7)
    proof = prove_consistency(5, 7, read)
    if change == "too-short":
        proof.pop()
    elif change == "too-long":
        proof.append(proof[0])
    elif change == "short-hash":
        proof[0] = TreeHash(b"")
    with pytest.raises(MalformedError):
        verify_consistency(old, root_of(leaves(old)), new, root_of(leaves(new)), proof)
