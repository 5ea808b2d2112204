"""A witness with its memory: restart, races, and a memory that fails."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from random import Random

import pytest

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.consistency import prove_consistency
from chain.errors import MalformedError, VerificationError
from chain.hashes import LeafHash, TreeHash, TreeSize, leaf_hash
from chain.merkle import Node, root_of
from chain.misbehaviour import make_misbehaviour_proof, verify_misbehaviour
from chain.note import Note
from chain.store.files import LockedError, MissingFileError
from chain.store.witness import (
    DamagedMemoryError,
    Witness,
    create_witness,
    log_folder,
    read_witness_key,
    watch_log,
    watched_logs,
)
from chain.vkey import KeyType, SigningKey
from chain.witness import Answer, Submission, cosignature_in, known_size_in
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, key, signers
from tests.chain.store.published import FailingFolder
from tests.chain.tree import leaves

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
OTHER = key("other.example/log", KeyType.ED25519)


def clock() -> datetime:
    return AT


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_witness(tmp_path, "witness.example/court", Random(7).randbytes)
    watch_log(tmp_path, (LOG.verifier_key, LOG_PQ.verifier_key))
    watch_log(tmp_path, (OTHER.verifier_key,))
    return tmp_path


@pytest.fixture
def witness(home: Path) -> Iterator[Witness]:
    with Witness(home, clock) as opened:
        yield opened


def branch(size: int, name: str = "") -> list[LeafHash]:
    """Return leaves that leave the honest log after the fourth; without a *name*, the honest."""
    if not name:
        return leaves(size)
    return [*leaves(4), *(leaf_hash(f"{name} {n}".encode()) for n in range(4, size))]


def submission(old: int, size: int, name: str = "", by: SigningKey = LOG) -> bytes:
    tree = branch(size, name)

    def read(nodes: Sequence[Node], /) -> list[TreeHash]:
        starts = [(node.position << node.level, 1 << node.level) for node in nodes]
        return [root_of(tree[start : start + width]) for start, width in starts]

    checkpoint = Checkpoint(by.name, TreeSize(size), root_of(tree))
    note = sign_checkpoint(checkpoint, signers(by))
    proof = prove_consistency(old, size, read) if old else []
    return Submission(old, tuple(proof), note).to_bytes()


def ask(witness: Witness, old: int, size: int, name: str = "", by: SigningKey = LOG) -> Answer:
    return witness.answer(submission(old, size, name, by))


def test_growth_is_cosigned_and_outlives_a_restart(home: Path) -> None:
    with Witness(home, clock) as witness:
        assert ask(witness, 0, 5).status is HTTPStatus.OK
        given = ask(witness, 5, 9)
        text = Note.parse(Submission.parse(submission(5, 9)).note).text
        cosignature_in(given.body, text, read_witness_key(home).verifier_key)
    with Witness(home, clock) as witness:
        latest = witness.latest(ORIGIN)
        assert latest is not None
        assert latest.size == 9
        assert known_size_in(ask(witness, 5, 10).body) == 9
        assert ask(witness, 9, 10).status is HTTPStatus.OK


def test_each_log_has_a_memory_of_its_own(witness: Witness) -> None:
    assert ask(witness, 0, 9).status is HTTPStatus.OK
    assert ask(witness, 0, 5, by=OTHER).status is HTTPStatus.OK
    assert ask(witness, 5, 8, by=OTHER).status is HTTPStatus.OK
    assert known_size_in(ask(witness, 0, 9).body) == 9


def test_of_two_branches_submitted_at_once_one_is_cosigned(home: Path) -> None:
    """The race of the specification: looking and replacing are one step."""
    rounds = 20
    for round_ in range(rounds):
        origin = key(f"log.example/{round_}", KeyType.ED25519)
        watch_log(home, (origin.verifier_key,))
    with Witness(home, clock) as witness, ThreadPoolExecutor(8) as pool:
        for round_ in range(rounds):
            origin = key(f"log.example/{round_}", KeyType.ED25519)
            assert ask(witness, 0, 4, by=origin).status is HTTPStatus.OK
            bodies = [submission(4, 9, name, origin) for name in ("a", "b", "c", "d") * 2]
            answers = list(pool.map(witness.answer, bodies))
            winners = {
                name
                for name, answer in zip(("a", "b", "c", "d") * 2, answers, strict=True)
                if answer.status is HTTPStatus.OK
            }
            assert len(winners) == 1
            assert {answer.status for answer in answers} <= {HTTPStatus.OK, HTTPStatus.CONFLICT}


def test_of_two_sizes_submitted_at_once_the_smaller_never_comes_back(witness: Witness) -> None:
    ask(witness, 0, 4)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(witness.answer, [submission(4, size) for size in (9, 5, 7, 6, 8, 9, 5)]))
    latest = witness.latest(ORIGIN)
    assert latest is not None
    again = ask(witness, latest.size, latest.size)
    assert again.status is HTTPStatus.OK
    assert known_size_in(ask(witness, 4, 5).body) == latest.size


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept but reported lost"])
def test_a_memory_that_fails_cosigns_nothing_and_then_goes_on(home: Path, kept: bool) -> None:  # noqa: FBT001 — a column of the table
    files = FailingFolder(home / "logs")
    with Witness(home, clock, files) as witness:
        assert ask(witness, 0, 5).status is HTTPStatus.OK
        files.fail_at, files.kept = files.changes, kept
        failed = ask(witness, 5, 9)
        assert failed.status is HTTPStatus.INTERNAL_SERVER_ERROR
        assert failed.body == b"the witness cannot write\n"
        # Another branch now: what may have been kept decides, not what was said.
        fork = ask(witness, 5, 9, "fork")
        if kept:
            assert (fork.status, known_size_in(fork.body)) == (HTTPStatus.CONFLICT, 9)
        else:
            assert fork.status is HTTPStatus.UNPROCESSABLE_ENTITY
        # The log asks again, and from the size that it is told of.
        known = 9 if kept else 5
        files.fail_at = None
        before = files.changes
        assert ask(witness, known, 9).status is HTTPStatus.OK
        # Also what seemed to be there already was written anew before it was cosigned.
        assert files.changes == before + 1


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff"], ids=["cut", "a letter", "no text"])
def test_a_damaged_memory_is_no_fresh_start(home: Path, damage: bytes) -> None:
    with Witness(home, clock) as witness:
        assert ask(witness, 0, 5).status is HTTPStatus.OK
        path = home / "logs" / log_folder(ORIGIN) / "latest"
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + damage)
        given = ask(witness, 0, 9, "fork")
        assert given.status is HTTPStatus.INTERNAL_SERVER_ERROR
        assert b"restore its newest backup" in given.body
        # The other log goes on.
        assert ask(witness, 0, 5, by=OTHER).status is HTTPStatus.OK
        path.unlink()
        assert ask(witness, 0, 9, "fork").status is HTTPStatus.INTERNAL_SERVER_ERROR
        with pytest.raises(DamagedMemoryError):
            witness.latest(ORIGIN)
        path.write_bytes(whole)
        assert ask(witness, 5, 9).status is HTTPStatus.OK


def test_what_a_log_signed_and_was_refused_is_kept_and_proves_its_misbehaviour(
    home: Path, witness: Witness
) -> None:
    ask(witness, 0, 9)
    assert ask(witness, 9, 9, "fork").status is HTTPStatus.CONFLICT
    assert ask(witness, 9, 12, "fork").status is HTTPStatus.UNPROCESSABLE_ENTITY
    # What the log has not signed is not worth keeping.
    assert ask(witness, 9, 9, "fork", by=W1).status is HTTPStatus.NOT_FOUND
    folder = home / "logs" / log_folder(ORIGIN)
    kept = [path.read_bytes() for path in sorted((folder / "refused").iterdir())]
    assert len(kept) == 2
    [same_size] = [note for note in kept if note.split(b"\n")[1] == b"9"]
    keys = [LOG.verifier_key]
    proof = make_misbehaviour_proof((folder / "latest").read_bytes(), same_size, keys)
    assert verify_misbehaviour(proof, keys).is_split_view


def test_one_process_serves_a_witness(home: Path, witness: Witness) -> None:
    with pytest.raises(LockedError, match="already serving"):
        Witness(home, clock)


def test_a_witness_is_made_once_and_its_key_stays_secret(home: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        create_witness(home, "again", Random(1).randbytes)
    assert (home / "key").stat().st_mode & 0o077 == 0
    (home / "key").chmod(0o644)
    with pytest.raises(VerificationError, match="0644"):
        read_witness_key(home)
    with pytest.raises(MissingFileError):
        read_witness_key(tmp_path / "nobody")
    with pytest.raises(MalformedError, match="not for cosignatures"):
        create_witness(tmp_path / "bad", "x", Random(1).randbytes, KeyType.ED25519)


def test_a_log_is_watched_once_and_by_its_own_keys(home: Path) -> None:
    with pytest.raises(FileExistsError):
        watch_log(home, (LOG.verifier_key,))
    with pytest.raises(MalformedError, match="one name"):
        watch_log(home, (LOG.verifier_key, OTHER.verifier_key))
    with pytest.raises(MalformedError, match="witness's"):
        watch_log(home, (W1.verifier_key,))
    assert set(watched_logs(home)) == {ORIGIN, OTHER.name}
    path = home / "logs" / log_folder(ORIGIN) / "vkeys"
    path.write_text(OTHER.verifier_key.text() + "\n")
    with pytest.raises(MalformedError, match="belongs there"):
        watched_logs(home)


def test_a_watch_that_died_half_way_is_taken_up(home: Path) -> None:
    new = key("third.example/log", KeyType.ED25519)
    folder = home / "logs" / log_folder(new.name)
    folder.mkdir()
    (folder / "latest").write_bytes(b"")
    assert watch_log(home, (new.verifier_key,)) == new.name
    with Witness(home, clock) as witness:
        assert ask(witness, 0, 5, by=new).status is HTTPStatus.OK


def test_a_witness_may_sign_with_a_post_quantum_key(tmp_path: Path) -> None:
    made = create_witness(tmp_path, "w", Random(1).randbytes, KeyType.ML_DSA_44)
    watch_log(tmp_path, (LOG.verifier_key,))
    with Witness(tmp_path, clock) as witness:
        given = ask(witness, 0, 5)
    cosignature_in(given.body, Note.parse(Submission.parse(submission(0, 5)).note).text, made)
