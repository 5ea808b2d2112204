"""F16, equivocation: any two holders prove it offline, in 4 KiB and 50 ms."""

import timeit
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.errors import MalformedError, SignatureFailedError, VerificationError
from chain.hashes import LeafHash, TreeHash, TreeSize
from chain.merkle import Node, NodeReader, root_of
from chain.misbehaviour import (
    MAX_HASHES,
    MisbehaviourProof,
    NoContradictionError,
    make_misbehaviour_proof,
    verify_misbehaviour,
)
from chain.note import sign_note
from chain.vkey import KeyType, SigningKey
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, key, signers
from tests.chain.tree import leaves

KEYS = (LOG.verifier_key, LOG_PQ.verifier_key)
OTHER = key("other.example/log", KeyType.ED25519)


def tree(size: int, shared: int) -> list[LeafHash]:
    """Return the leaves of a log that leaves the honest one after *shared* entries."""
    forged = [LeafHash(sha256(b"forged %d" % n).digest()) for n in range(shared, size)]
    return [*leaves(min(shared, size)), *forged]


def reader(of: list[LeafHash]) -> NodeReader:
    return lambda nodes: [_hash(of, node) for node in nodes]


def _hash(of: list[LeafHash], node: Node) -> TreeHash:
    start = node.position << node.level
    return root_of(of[start : start + (1 << node.level)])


def note(of: list[LeafHash], by: tuple[SigningKey, ...] = (LOG, LOG_PQ)) -> bytes:
    return sign_checkpoint(
        Checkpoint(by[0].name, TreeSize(len(of)), root_of(of)), signers(*by), seconds=1
    )


SIZES = [(5, 5, 3), (5, 9, 4), (8, 9, 7), (1, 2, 0), (16, 300, 0), (300, 301, 299)]


@pytest.mark.parametrize(("old", "new", "shared"), SIZES)
def test_f16_two_checkpoints_of_a_fork_prove_misbehaviour(old: int, new: int, shared: int) -> None:
    honest, fork = leaves(old), tree(new, shared)
    # Either side of the fork may be the larger one; who holds them may hand them in any order.
    for one, other, large in [(honest, fork, fork), (tree(old, shared), leaves(new), leaves(new))]:
        proof = make_misbehaviour_proof(note(other), note(one), KEYS, reader(large))
        data = proof.to_bytes()
        assert len(data) <= 4096
        shown = verify_misbehaviour(MisbehaviourProof.parse(data), KEYS)
        assert (shown.old.size, shown.new.size, shown.old.origin) == (old, new, ORIGIN)
        assert shown.is_split_view == (old == new)
        assert shown.implied_root != shown.old.root
        assert shown.is_split_view or shown.implied_root == root_of(large[:old])


def test_f16_the_largest_proof_has_4_kib_and_is_verified_in_50_ms() -> None:
    honest, fork = leaves(300), tree(301, 0)
    proof = make_misbehaviour_proof(note(honest), note(fork), KEYS, reader(fork))
    largest = MisbehaviourProof(proof.old, proof.new, (TreeHash(bytes(32)),) * MAX_HASHES)
    assert len(largest.to_bytes()) <= 4096
    seconds = min(timeit.repeat(lambda: verify_misbehaviour(proof, KEYS), number=1, repeat=5))
    assert seconds <= 0.050


@pytest.mark.parametrize(("old", "new"), [(5, 5), (5, 9), (8, 9), (0, 9), (0, 0), (256, 300)])
def test_an_honest_log_cannot_be_accused(old: int, new: int) -> None:
    with pytest.raises(NoContradictionError):
        make_misbehaviour_proof(note(leaves(old)), note(leaves(new)), KEYS, reader(leaves(new)))


@given(old=st.integers(1, 20), more=st.integers(1, 20), data=st.data())
def test_no_hashes_accuse_an_honest_log(old: int, more: int, data: st.DataObject) -> None:
    """Whatever somebody puts in for the hashes, it does not lead to the larger signed root."""
    new = old + more
    honest = note(leaves(old), (LOG,)), note(leaves(new), (LOG,))
    some = [TreeHash(bytes(32)), *[root_of(leaves(n)) for n in range(1, 9)]]
    hashes = data.draw(st.lists(st.sampled_from(some), max_size=8))
    with pytest.raises((VerificationError, MalformedError)):
        verify_misbehaviour(MisbehaviourProof(*honest, tuple(hashes)), KEYS)


def test_every_changed_byte_of_a_proof_is_refused() -> None:
    honest, fork = leaves(5), tree(9, 2)
    data = make_misbehaviour_proof(note(honest), note(fork), KEYS, reader(fork)).to_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((VerificationError, MalformedError)):
            verify_misbehaviour(MisbehaviourProof.parse(changed), KEYS)
    for end in range(len(data)):
        with pytest.raises((VerificationError, MalformedError)):
            verify_misbehaviour(MisbehaviourProof.parse(data[:end]), KEYS)


def test_checkpoints_that_the_log_has_not_signed_prove_nothing() -> None:
    honest = note(leaves(5))
    unsigned = sign_checkpoint(
        Checkpoint(OTHER.name, TreeSize(5), root_of(tree(5, 0))), signers(OTHER)
    )
    with pytest.raises(SignatureFailedError):
        make_misbehaviour_proof(honest, unsigned, KEYS)
    with pytest.raises(VerificationError, match="of two logs"):
        make_misbehaviour_proof(honest, unsigned, (*KEYS, OTHER.verifier_key))


def test_a_key_speaks_for_its_own_log_alone() -> None:
    """A stranger's key among those that a verifier knows cannot sign under our origin."""
    text = Checkpoint(ORIGIN, TreeSize(5), root_of(tree(5, 0))).text()

    false = sign_note(text, signers(OTHER))
    with pytest.raises(VerificationError, match="no key of"):
        make_misbehaviour_proof(note(leaves(5)), false, (*KEYS, OTHER.verifier_key))


def test_a_log_with_a_post_quantum_key_alone_is_accused_too() -> None:
    one, other = note(leaves(5), (LOG_PQ,)), note(tree(5, 1), (LOG_PQ,))
    proof = make_misbehaviour_proof(one, other, KEYS)
    assert verify_misbehaviour(MisbehaviourProof.parse(proof.to_bytes()), KEYS).is_split_view


def test_the_tiles_of_the_larger_tree_are_asked_for() -> None:
    with pytest.raises(MalformedError, match="tiles"):
        make_misbehaviour_proof(note(leaves(5)), note(tree(9, 2)), KEYS)
    with pytest.raises(VerificationError, match="lead"):
        make_misbehaviour_proof(note(leaves(5)), note(tree(9, 2)), KEYS, reader(leaves(9)))
