"""Receipts: entry and proof beside each other, once signed, and again once final."""

from pathlib import Path

import pytest

from chain.errors import QuorumNotMetError
from chain.quorum import Policy, PolicyGroup, PolicyLog, PolicyWitness
from chain.store.database import Database
from chain.store.files import Folder
from chain.store.party_receipts import Written, receipt_path, write_receipts
from chain.store.prover import Prover
from chain.store.publisher import LOG_FOLDER, Publisher, Quorum
from chain.store.reader import LogReader
from chain.store.signer import Signer, read_verifier_keys
from chain.store.witness import create_witness, watch_log
from chain.tlog_proof import TlogProof, verify_proof
from scripts.witness import WitnessProcess
from tests.chain.store.published import commands, make_home
from tests.chain.store.writing import write

INDEXES = [0, 3, 7]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "log")


def prover_of(database: Database, home: Path) -> Prover:
    keys = read_verifier_keys(home)
    return Prover(Folder(home / LOG_FOLDER), keys, LogReader(database).checkpoint)


def test_a_receipt_is_written_once_signed_and_again_once_final(
    database: Database, home: Path, tmp_path: Path
) -> None:
    court = tmp_path / "court"
    vkey = create_witness(court, "witness.example/court", lambda n: b"x" * n)
    watch_log(court, read_verifier_keys(home))
    with WitnessProcess(court) as witness:
        url = witness.url
    policy = Policy(
        tuple(PolicyLog(key) for key in read_verifier_keys(home)),
        {"court": PolicyWitness(vkey, url)},
        {"all": PolicyGroup(1, ("court",))},
        "all",
    )
    out, prover = tmp_path / "mine", prover_of(database, home)
    write(database, commands(0, 8))
    assert write_receipts(out, INDEXES, prover, policy, 0) == Written(0, 0, 3)
    assert list(out.glob("*.t*")) == []
    # The witness is away: signed, not final.
    quorum = Quorum(policy, 20)
    with Publisher(database, home, Signer(home), quorum=quorum) as publisher:
        publisher.publish_once()
    assert write_receipts(out, [*INDEXES, 8], prover, policy, 8) == Written(0, 3, 1)
    proof = TlogProof.parse((out / receipt_path(3, ".tlog-proof")).read_bytes())
    entry = (out / receipt_path(3, ".txt")).read_bytes()
    with pytest.raises(QuorumNotMetError):
        verify_proof(proof, policy, entry)
    verify_proof(proof, Policy(policy.logs), entry)
    with (
        WitnessProcess(court, int(url.rpartition(":")[2])),
        Publisher(database, home, Signer(home), quorum=quorum) as publisher,
    ):
        publisher.publish_once()
    assert write_receipts(out, INDEXES, prover, policy, 8) == Written(3, 0, 0)
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == sorted(
        receipt_path(index, kind) for index in INDEXES for kind in (".txt", ".tlog-proof")
    )
    for index in INDEXES:
        proof = TlogProof.parse((out / receipt_path(index, ".tlog-proof")).read_bytes())
        entry = (out / receipt_path(index, ".txt")).read_bytes()
        assert proof.extra is None
        assert verify_proof(proof, policy, entry).witnesses[0][0] == "court"
        assert entry == LogReader(database).entry(index).entry


def test_a_final_receipt_is_left_alone_and_a_damaged_one_made_anew(
    database: Database, home: Path, tmp_path: Path
) -> None:
    policy = Policy(tuple(PolicyLog(key) for key in read_verifier_keys(home)))
    out, prover = tmp_path / "mine", prover_of(database, home)
    write(database, commands(0, 8))
    with Publisher(database, home, Signer(home)) as publisher:
        publisher.publish_once()
        write_receipts(out, INDEXES, prover, policy, 8)
        kept = (out / receipt_path(3, ".tlog-proof")).read_bytes()
        write(database, commands(8, 300))
        publisher.publish_once()
    (out / receipt_path(7, ".txt")).write_bytes(b"damaged")
    assert write_receipts(out, INDEXES, prover, policy, 308) == Written(3, 0, 0)
    assert (out / receipt_path(3, ".tlog-proof")).read_bytes() == kept
    assert (out / receipt_path(7, ".txt")).read_bytes() == LogReader(database).entry(7).entry
