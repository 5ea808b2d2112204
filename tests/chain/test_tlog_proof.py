"""tlog-proof files against the vectors, and whole proofs against a policy."""

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.errors import MalformedError, ProofFailedError, SignatureFailedError, VerificationError
from chain.hashes import TreeHash, TreeSize
from chain.inclusion import prove_inclusion
from chain.merkle import root_of
from chain.quorum import Policy, PolicyLog
from chain.tlog_proof import TlogProof, verify_proof
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, signers
from tests.chain.tree import entry, leaves, read, vectors

VECTORS = vectors("tlog_proof_parse.json")
POLICY = Policy((PolicyLog(LOG.verifier_key), PolicyLog(LOG_PQ.verifier_key)))
SIZE, INDEX = 13, 5
HASHES = tuple(prove_inclusion(INDEX, SIZE, read))
NOTE = sign_checkpoint(Checkpoint(ORIGIN, TreeSize(SIZE), root_of(leaves(SIZE))), signers(LOG))
PROOF = TlogProof(INDEX, HASHES, NOTE, entry(INDEX))

proofs = st.builds(
    TlogProof,
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=32, max_size=32).map(TreeHash), max_size=63).map(tuple),
    st.binary(max_size=50).map(lambda data: data + b"\n"),
    st.none() | st.binary(min_size=1, max_size=50),
)


@pytest.mark.parametrize("vector", VECTORS["marshal"], ids=lambda v: f"index-{v['index']}")
def test_the_good_texts_of_the_vectors_are_written_and_read(vector: dict[str, Any]) -> None:
    proof = TlogProof(
        vector["index"],
        tuple(TreeHash(b64decode(each)) for each in vector["hashes"]),
        vector["checkpoint"].encode(),
        vector["extra"].encode() if vector["extra"] else None,
    )
    assert proof.to_bytes() == vector["want"].encode()
    assert TlogProof.parse(vector["want"].encode()) == proof


@pytest.mark.parametrize("text", VECTORS["parse_errors"])
def test_the_bad_texts_of_the_vectors_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        TlogProof.parse(text.encode())


@given(proofs)
def test_parsing_undoes_writing(proof: TlogProof) -> None:
    assert TlogProof.parse(proof.to_bytes()) == proof


@given(st.binary(max_size=60))
def test_what_parses_is_what_would_be_written(data: bytes) -> None:
    whole = b"c2sp.org/tlog-proof@v1\nindex 1" + data
    try:
        proof = TlogProof.parse(whole)
    except MalformedError:
        return
    assert proof.to_bytes() == whole


def test_our_proof_verifies_with_the_entry_it_carries_or_the_one_given() -> None:
    proof = TlogProof.parse(PROOF.to_bytes())
    assert verify_proof(proof, POLICY).checkpoint.size == SIZE
    verify_proof(proof, POLICY, entry(INDEX))
    verify_proof(TlogProof(INDEX, HASHES, NOTE), POLICY, entry(INDEX))


def test_a_proof_without_an_entry_needs_one() -> None:
    with pytest.raises(MalformedError, match="give the entry"):
        verify_proof(TlogProof(INDEX, HASHES, NOTE), POLICY)


def test_another_entry_than_the_carried_one_is_untrue() -> None:
    with pytest.raises(VerificationError, match="another entry"):
        verify_proof(PROOF, POLICY, entry(INDEX + 1))


UNTRUE: dict[str, TlogProof] = {
    "another-entry": TlogProof(INDEX, HASHES, NOTE, entry(INDEX + 1)),
    "another-index": TlogProof(INDEX - 1, HASHES, NOTE, entry(INDEX)),
    "a-flipped-hash": TlogProof(INDEX, (TreeHash(bytes(32)), *HASHES[1:]), NOTE, entry(INDEX)),
}


@pytest.mark.parametrize("proof", UNTRUE.values(), ids=UNTRUE)
def test_an_untrue_proof_fails(proof: TlogProof) -> None:
    with pytest.raises(ProofFailedError):
        verify_proof(proof, POLICY)


def test_a_checkpoint_with_another_size_fails_by_its_signature() -> None:
    forged = NOTE.replace(b"\n13\n", b"\n14\n")
    with pytest.raises(SignatureFailedError):
        verify_proof(TlogProof(INDEX, HASHES, forged, entry(INDEX)), POLICY)


def test_a_hash_too_few_is_malformed() -> None:
    with pytest.raises(MalformedError, match="too few"):
        verify_proof(TlogProof(INDEX, HASHES[:-1], NOTE, entry(INDEX)), POLICY)


GOOD = PROOF.to_bytes()
BAD_FILES: dict[str, bytes] = {
    "empty": b"",
    "another-version": GOOD.replace(b"@v1", b"@v2"),
    "carriage-return": GOOD.replace(b"\n", b"\r\n", 1),
    "leading-newline": b"\n" + GOOD,
    "no-index": GOOD.replace(b"index 5\n", b""),
    "index-with-zero": GOOD.replace(b"index 5", b"index 05"),
    "index-with-plus": GOOD.replace(b"index 5", b"index +5"),
    "index-2^63": GOOD.replace(b"index 5", b"index 9223372036854775808"),
    "index-of-5000-digits": GOOD.replace(b"index 5", b"index " + b"5" * 5000),
    "index-twice": GOOD.replace(b"index 5", b"index 5\nindex 5"),
    "extra-after-index": GOOD.replace(b"extra", b"xtra"),
    "extra-twice": GOOD.replace(b"\nextra", b"\nextra AAAA\nextra"),
    "extra-empty": b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx\n",
    "extra-loose": b"c2sp.org/tlog-proof@v1\nextra AB==\nindex 0\n\nx\n",
    "hash-short": b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx\n",
    "hashes-64": b"c2sp.org/tlog-proof@v1\nindex 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx\n",
    "no-checkpoint": GOOD[: GOOD.index(b"\n\n") + 2],
    "no-empty-line": GOOD[: GOOD.index(b"\n\n") + 1],
    "checkpoint-cut": GOOD[:-1],
    "not-ascii": GOOD.replace(b"index 5", "index \u0665".encode()),
}


@pytest.mark.parametrize("data", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        TlogProof.parse(data)


BAD_PROOFS: dict[str, TlogProof] = {
    "index-negative": TlogProof(-1, (), b"x\n"),
    "index-2^63": TlogProof(2**63, (), b"x\n"),
    "hash-short": TlogProof(0, (TreeHash(b""),), b"x\n"),
    "hashes-64": TlogProof(0, (TreeHash(bytes(32)),) * 64, b"x\n"),
    "checkpoint-empty": TlogProof(0, (), b""),
    "extra-empty": TlogProof(0, (), b"x\n", b""),
}


@pytest.mark.parametrize("proof", BAD_PROOFS.values(), ids=BAD_PROOFS)
def test_a_bad_proof_is_not_written(proof: TlogProof) -> None:
    with pytest.raises(MalformedError):
        proof.to_bytes()
