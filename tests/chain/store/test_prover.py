"""Proofs from the published files verify with the policy alone."""

from pathlib import Path

import pytest

from chain.consistency import verify_consistency
from chain.errors import ChainError, VerificationError
from chain.quorum import Policy, PolicyLog
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError
from chain.store.prover import Prover
from chain.store.publisher import LOG_FOLDER, Publisher
from chain.store.reader import LogReader, UnknownEntryError
from chain.store.signer import Signer, read_verifier_keys
from chain.tlog_proof import TlogProof, verify_proof
from tests.chain.store.published import commands, make_home
from tests.chain.store.writing import write

SIZES = (100, 200, 600)


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    home = make_home(tmp_path)
    at = 0
    with Publisher(database, home, Signer(home)) as publisher:
        for size in SIZES:
            write(database, commands(at, size - at))
            publisher.publish_once()
            at = size
        write(database, commands(600, 3))
    return home


@pytest.fixture
def prover(database: Database, home: Path) -> Prover:
    kept = LogReader(database).checkpoint
    return Prover(Folder(home / LOG_FOLDER), read_verifier_keys(home), kept)


@pytest.fixture
def policy(home: Path) -> Policy:
    return Policy(logs=tuple(PolicyLog(key) for key in read_verifier_keys(home)))


@pytest.mark.parametrize("index", [0, 1, 99, 255, 256, 511, 512, 599])
def test_a_proof_verifies_offline(
    database: Database, prover: Prover, policy: Policy, index: int
) -> None:
    proof = TlogProof.parse(prover.prove(index))
    assert proof.extra == LogReader(database).entry(index).entry
    assert verify_proof(proof, policy).checkpoint.size == 600


@pytest.mark.parametrize("size", SIZES)
def test_a_proof_may_be_asked_for_in_an_earlier_tree(
    prover: Prover, policy: Policy, size: int
) -> None:
    proof = TlogProof.parse(prover.prove(size - 1, size))
    assert verify_proof(proof, policy).checkpoint.size == size


def test_removed_partial_tiles_are_cut_out_of_the_full_ones(
    database: Database, prover: Prover, policy: Policy, home: Path
) -> None:
    write(database, commands(603, 300))
    with Publisher(database, home, Signer(home)) as publisher:
        publisher.publish_once()
    assert not (home / LOG_FOLDER / "tile/0/000.p").exists()
    for index in (0, 42, 99):
        verify_proof(TlogProof.parse(prover.prove(index, 100)), policy)


def test_consistency_between_kept_checkpoints_is_proved(prover: Prover) -> None:
    for old in SIZES:
        for new in SIZES:
            if old <= new:
                one, other = prover.checkpoint(old)[0], prover.checkpoint(new)[0]
                proof = prover.prove_consistency(old, new)
                verify_consistency(one.size, one.root, other.size, other.root, proof)


@pytest.mark.parametrize("index", [-1, 600, 602, 10**9])
def test_what_is_not_published_yet_has_no_proof(prover: Prover, index: int) -> None:
    with pytest.raises(UnknownEntryError, match="600 entries are published"):
        prover.prove(index)


def test_a_size_without_checkpoint_has_no_proof(prover: Prover) -> None:
    with pytest.raises(UnknownEntryError, match="no checkpoint of that size"):
        prover.prove(0, 101)


def test_before_the_first_publication_there_is_no_proof(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="checkpoint"):
        Prover(Folder(tmp_path / "empty"), []).prove(0)


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("tile/0/000", 0),
        ("tile/entries/000", 0),
        ("tile/0/001", 300),
        ("tile/1/000.p/2", 512),
        ("tile/0/002.p/88", 0),
    ],
)
def test_a_damaged_file_never_makes_a_proof(
    prover: Prover, home: Path, path: str, index: int
) -> None:
    file = home / LOG_FOLDER / path
    data = bytearray(file.read_bytes())
    data[40] ^= 1
    file.write_bytes(data)
    with pytest.raises(VerificationError, match="run xiyou audit"):
        prover.prove(index)
    file.write_bytes(data[:-1])
    with pytest.raises(ChainError):
        prover.prove(index)
    file.unlink()
    with pytest.raises(MissingFileError, match=path.split(".", maxsplit=1)[0]):
        prover.prove(index)
