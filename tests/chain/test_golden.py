"""The golden files: made again byte for byte, read by the parsers, and true."""

import pytest

from chain.entry import Entry
from chain.errors import QuorumNotMetError
from chain.hashes import leaf_hash
from chain.merkle import RightEdge
from chain.quorum import Policy
from chain.sealed import parse_reference, unseal
from chain.tiles import parse_bundle, parse_tile
from chain.tlog_proof import TlogProof, verify_proof
from chain.vkey import SigningKey, VerifierKey
from tests.golden.chain import generate

NAMES = sorted(path.name for path in generate.HERE.iterdir() if path.is_file())
KEPT = ["generate.py", "log.mldsa44-line", "w3.mldsa44-line"]


def golden(name: str) -> bytes:
    return (generate.HERE / name).read_bytes()


def test_generating_again_gives_the_same_bytes() -> None:
    made = generate.build()
    assert sorted([*made, *KEPT]) == NAMES
    for name, content in made.items():
        assert content == golden(name), name


def test_the_proof_verifies_against_the_policy() -> None:
    policy = Policy.parse(golden("policy"))
    result = verify_proof(TlogProof.parse(golden("refund.tlog-proof")), policy)
    assert result.checkpoint.size == 5
    assert [name for name, _ in result.witnesses] == ["w1", "w2", "w3"]
    assert {at for _, at in result.witnesses} == {generate.SECONDS}
    assert len(result.logs) == 2


def test_the_proof_fails_without_one_witness() -> None:
    policy = Policy.parse(golden("policy"))
    proof = TlogProof.parse(golden("refund.tlog-proof"))
    lines = proof.checkpoint.split(b"\n")
    without = b"\n".join(line for line in lines if b"example/w2" not in line)
    with pytest.raises(QuorumNotMetError):
        verify_proof(TlogProof(proof.index, proof.hashes, without, proof.extra), policy)


def test_the_entries_are_those_of_the_bundle_and_the_tile() -> None:
    entries = parse_bundle(golden("tile_entries_000.p_5"), 5)
    assert entries == [golden(f"entry-{index}.txt") for index in range(5)]
    hashes = parse_tile(golden("tile_0_000.p_5"), 5)
    assert b"".join(map(leaf_hash, entries)) == b"".join(hashes)
    assert [Entry.parse(entry).seq for entry in entries] == [1, 2, 3, 0, 1]


def test_the_edge_has_the_checkpoints_root() -> None:
    edge = RightEdge.from_bytes(5, golden("right-edge.bin"))
    result = verify_proof(
        TlogProof.parse(golden("refund.tlog-proof")), Policy.parse(golden("policy"))
    )
    assert edge.root() == result.checkpoint.root


def test_the_sealed_value_is_the_one_the_first_entry_refers_to() -> None:
    body = golden("entry-0.txt").split(b"\n")[1]
    digest = parse_reference({"sealed": body.split(b'"sealed":"')[1][:64].decode()})
    assert unseal(golden("sealed.json"), digest) == "惜友"


def test_the_keys_are_read_back() -> None:
    secrets = [
        SigningKey.parse(line) for line in golden("signing-keys-test-only.txt").decode().split()
    ]
    public = [VerifierKey.parse(line) for line in golden("vkeys.txt").decode().split()]
    assert [each.verifier_key for each in secrets] == public
