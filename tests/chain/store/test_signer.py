"""The signer extends what it has signed, and refuses everything else."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from chain.checkpoint import open_checkpoint
from chain.consistency import prove_consistency
from chain.cosignature import verifier_of
from chain.errors import MalformedError, VerificationError
from chain.hashes import EMPTY_ROOT, LeafHash, TreeHash, leaf_hash, node_hash
from chain.merkle import Node, NodeReader, root_of
from chain.store.files import MissingFileError
from chain.store.signed_history import SignedHistory, SignedTree
from chain.store.signer import (
    KEY_FILES,
    RefusedToSignError,
    Signer,
    create_keys,
    has_keys,
    history_of,
    read_verifier_keys,
)
from chain.vkey import KeyType

ORIGIN = "ledger.example/test"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
LEAVES = [leaf_hash(b"%d" % i) for i in range(40)]
FORKED = [*LEAVES[:7], leaf_hash(b"other"), *LEAVES[8:]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_keys(tmp_path, ORIGIN, Random(1).randbytes)
    return tmp_path


def reader(leaves: list[LeafHash]) -> NodeReader:
    def at(level: int, index: int) -> TreeHash:
        if not level:
            return TreeHash(leaves[index])
        return node_hash(at(level - 1, 2 * index), at(level - 1, 2 * index + 1))

    return lambda nodes: [at(*node) for node in nodes]


def sign(signer: Signer, size: int, leaves: list[LeafHash] = LEAVES) -> bytes:
    mark = signer.mark()
    proof: list[TreeHash] = []
    if mark is not None and 0 < mark.size <= size:
        proof = prove_consistency(mark.size, size, reader(leaves))
    return signer.sign(size, root_of(leaves[:size]), proof, AT)


def test_both_keys_sign_a_growing_tree(home: Path) -> None:
    signer = Signer(home)
    verifiers = [verifier_of(key) for key in read_verifier_keys(home)]
    for size in (1, 2, 7, 8, 8, 33):
        checkpoint, verified = open_checkpoint(sign(signer, size), verifiers)
        assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
        assert checkpoint.root == root_of(LEAVES[:size])
        assert [each.key_id for each in verified] == [key.id for key in signer.verifier_keys]
        assert signer.mark() == (size, root_of(LEAVES[:size]))
    assert [tree.size for tree in history_of(home)] == [1, 2, 7, 8, 33]


def test_the_mark_outlives_the_process(home: Path) -> None:
    sign(Signer(home), 9)
    with pytest.raises(RefusedToSignError, match="entries 8 to 8 are missing") as caught:
        sign(Signer(home), 8)
    assert caught.value.known_size == 9


def test_an_empty_tree_may_be_signed_first(home: Path) -> None:
    signer = Signer(home)
    signer.sign(0, EMPTY_ROOT, [], AT)
    sign(signer, 3)
    assert signer.mark() == (3, root_of(LEAVES[:3]))


@pytest.mark.parametrize(
    ("size", "leaves", "proof", "words"),
    [
        pytest.param(11, LEAVES, [], "entries 11 to 11 are missing", id="smaller"),
        pytest.param(12, FORKED, [], "size 12 was signed with root", id="same-size-other-root"),
        pytest.param(20, FORKED, None, "below 12 was changed", id="fork"),
        pytest.param(20, LEAVES, [], "too few", id="no-proof"),
        pytest.param(20, LEAVES, [EMPTY_ROOT] * 4, "does not lead", id="wrong-proof"),
        pytest.param(20, LEAVES, [TreeHash(b"short")] * 5, "32 bytes", id="short-hash"),
    ],
)
def test_what_does_not_extend_the_mark_is_refused(
    home: Path, size: int, leaves: list[LeafHash], proof: list[TreeHash] | None, words: str
) -> None:
    signer = Signer(home)
    sign(signer, 12)
    if proof is None:
        proof = prove_consistency(12, size, reader(leaves))
    with pytest.raises(RefusedToSignError, match=words) as caught:
        signer.sign(size, root_of(leaves[:size]), proof, AT)
    assert caught.value.known_size == 12
    assert signer.mark() == (12, root_of(LEAVES[:12]))


def test_a_lost_mark_is_not_a_fresh_start(home: Path) -> None:
    signer = Signer(home)
    sign(signer, 5)
    history_of(home).path.unlink()
    with pytest.raises(RefusedToSignError, match="is lost"):
        sign(signer, 6)
    with pytest.raises(RefusedToSignError, match="xiyou recover"):
        Signer(home)
    with pytest.raises(FileExistsError, match="history is lost"):
        create_keys(home, ORIGIN, Random(2).randbytes)
    assert not history_of(home).path.exists()


def test_a_mark_that_was_rolled_back_is_noticed_by_a_published_checkpoint(home: Path) -> None:
    signer = Signer(home)
    sign(signer, 5)
    older = history_of(home).path.read_bytes()
    published, _ = open_checkpoint(sign(signer, 8), map(verifier_of, signer.verifier_keys))
    signer.check_covers(published)
    history_of(home).path.write_bytes(older)
    with pytest.raises(RefusedToSignError, match=r"ends at size 5.* size 8 .*rolled back"):
        signer.check_covers(published)


def test_a_line_that_was_torn_by_a_crash_was_never_signed(home: Path) -> None:
    signer = Signer(home)
    sign(signer, 5)
    path = history_of(home).path
    whole = path.read_bytes()
    sign(signer, 8)
    longer = path.read_bytes()
    for end in range(len(whole), len(longer)):
        path.write_bytes(longer[:end])
        mark = signer.mark()
        assert mark is not None
        assert mark.size == 5
        sign(signer, 9)
        assert [tree.size for tree in history_of(home)] == [5, 9]


@pytest.mark.parametrize(
    "line", [b"x\n", b"05 " + b"a" * 64 + b"\n", b"5 " + b"A" * 64 + b"\n", b"5 aa\n", b"\n"]
)
def test_a_history_that_is_not_one_is_refused(home: Path, line: bytes) -> None:
    history_of(home).path.write_bytes(line)
    with pytest.raises(MalformedError, match="not a size and a root"):
        Signer(home)


class FailingHistory(SignedHistory):
    """Reports a failure of the next append, which did or did not happen."""

    outcome: str | None = None

    def append(self, tree: SignedTree) -> None:
        outcome, self.outcome = self.outcome, None
        if outcome != "lost":
            super().append(tree)
        if outcome is not None:
            raise OSError(outcome)


@pytest.mark.parametrize("outcome", ["lost", "kept_but_reported_lost"])
def test_a_failed_write_of_the_mark_never_lets_two_trees_be_signed(
    home: Path, outcome: str
) -> None:
    history = FailingHistory(history_of(home).path)
    signer = Signer(home, history=history)
    sign(signer, 5)
    history.outcome = outcome
    with pytest.raises(OSError, match=outcome):
        sign(signer, 8)
    if outcome == "kept_but_reported_lost":
        with pytest.raises(RefusedToSignError):
            sign(signer, 8, FORKED)
    sign(signer, 8)
    assert [tree.size for tree in history_of(home)] == [5, 8]


def _sign_own_branch(home: Path, name: bytes) -> None:
    signer = Signer(home)
    leaves = [leaf_hash(name)] * 40
    try:
        signer.sign(8, root_of(leaves[:8]), [], AT)
    except RefusedToSignError:
        raise SystemExit(7) from None


def test_of_two_signers_by_mistake_one_is_refused(home: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_sign_own_branch, args=(home, name)) for name in (b"a", b"b")]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert sorted(process.exitcode or 0 for process in both) == [0, 7]
    assert len(list(history_of(home))) == 1


def test_keys_are_their_owners_alone_and_made_once(home: Path) -> None:
    for name in KEY_FILES.values():
        assert (home / "keys" / name).stat().st_mode & 0o777 == 0o600
    assert has_keys(home)
    with pytest.raises(FileExistsError):
        create_keys(home, ORIGIN, Random(3).randbytes)
    assert [key.type for key in read_verifier_keys(home)] == list(KEY_FILES)


@pytest.mark.parametrize("made", [0, 1, 2])
def test_keys_that_a_crash_left_incomplete_are_made_anew(home: Path, made: int) -> None:
    (home / "keys" / "log.vkeys").unlink()
    for name in list(KEY_FILES.values())[made:]:
        (home / "keys" / name).unlink()
    create_keys(home, ORIGIN, Random(4).randbytes)
    assert Signer(home).verifier_keys == read_verifier_keys(home)


def test_a_home_without_keys_is_named(tmp_path: Path) -> None:
    assert not has_keys(tmp_path)
    with pytest.raises(MissingFileError, match="log-ed25519"):
        Signer(tmp_path)
    with pytest.raises(MissingFileError, match=r"log\.vkeys"):
        read_verifier_keys(tmp_path)


def test_a_key_that_others_may_read_is_refused(home: Path) -> None:
    (home / "keys" / KEY_FILES[KeyType.ML_DSA_44]).chmod(0o644)
    with pytest.raises(VerificationError, match="chmod 600"):
        Signer(home)


def damage_swap(home: Path) -> None:
    one, two = (home / "keys" / name for name in KEY_FILES.values())
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def damage_cut(home: Path) -> None:
    path = home / "keys" / KEY_FILES[KeyType.ED25519]
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("damage", [damage_swap, damage_cut])
def test_a_damaged_key_is_refused_without_repeating_it(
    home: Path, damage: Callable[[Path], None]
) -> None:
    secret = (home / "keys" / KEY_FILES[KeyType.ED25519]).read_text().rsplit("+", 1)[1][:20]
    damage(home)
    with pytest.raises(MalformedError, match="log-ed25519") as caught:
        Signer(home)
    assert secret not in str(caught.value)


def test_node_reader_of_this_file_is_right() -> None:
    assert reader(LEAVES)([Node(2, 1)]) == [root_of(LEAVES[4:8])]
