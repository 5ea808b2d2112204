"""The published folder, read by code that is not ours.

Nothing of ours looks at the files here (only the forger uses our tools): bundles and
checkpoints are taken apart by hand, ``pymerkle`` computes roots, and ``witness-log``'s C2SP
witness judges growth.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from struct import unpack_from

import psycopg
import pytest
from pymerkle import InmemoryTree
from witness_log import WitnessService

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.command import Command, NewEvent
from chain.cosignature import signer_of
from chain.hashes import TreeSize, leaf_hash
from chain.merkle import root_of
from chain.store.files import Folder
from chain.store.log import Log
from chain.store.prover import Prover
from chain.store.publisher import LOG_FOLDER, Publisher
from chain.store.signer import Signer, read_verifier_keys
from chain.vkey import SigningKey
from tests.chain.store.published import make_home

SIZES = [1, 2, 7, 255, 256, 257, 512, 700, 1300]
NOW = 1_795_000_000


class Stranger:
    """Someone with the published folder and a text editor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def checkpoint(self) -> tuple[str, int, bytes, str]:
        text = (self._folder / "checkpoint").read_text(encoding="utf-8")
        origin, size, root, *_ = text.split("\n")
        return origin, int(size), b64decode(root), text

    def entries(self, size: int) -> Iterator[bytes]:
        for number in range(-(-size // 256)):
            digits = f"{number:03d}"
            width = min(256, size - 256 * number)
            path = self._folder / "tile" / "entries" / digits
            data = (
                path if width == 256 else path.with_name(f"{digits}.p") / str(width)
            ).read_bytes()
            at = 0
            while at < len(data):
                (length,) = unpack_from(">H", data, at)
                yield data[at + 2 : at + 2 + length]
                at += 2 + length


def append(log: Log, start: int, stop: int) -> None:
    events = [
        NewEvent(f"ord_{n % 13}", n // 13 + 1, "order.placed", f'{{"n":{n},"名":"惜友"}}'.encode())
        for n in range(start, stop)
    ]
    log.sequencer.append(Command(f"cmd_{start}", events))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path)


@pytest.fixture
def publisher(log: Log, home: Path) -> Iterator[Publisher]:
    with Publisher(log.database, home, Signer(home), clock=lambda: datetime.now(UTC)) as made:
        yield made


def test_pymerkle_computes_the_checkpoints_root_from_the_bundles_at_every_size(
    log: Log, home: Path, publisher: Publisher
) -> None:
    stranger = Stranger(home / LOG_FOLDER)
    tree = InmemoryTree(algorithm="sha256")
    start = 0
    for size in SIZES:
        append(log, start, size)
        publisher.publish_once()
        _, published, root, _ = stranger.checkpoint()
        assert published == size
        entries = list(stranger.entries(size))
        assert len(entries) == size
        for entry in entries[start:]:
            tree.append_entry(entry)
        assert tree.get_root() == root
        start = size
    with psycopg.connect(log.database.url) as connection:
        rows = connection.execute("SELECT entry FROM ledger.entries ORDER BY leaf_index").fetchall()
    assert [bytes(entry) for (entry,) in rows] == entries


def witness_of(home: Path) -> WitnessService:
    witness = WitnessService.new("witness.example/court", bytes(range(32)))
    [ed25519] = [
        key for key in read_verifier_keys(home) if key.text().split("+")[2].startswith("A")
    ]
    witness.add_log(ed25519.name, ed25519.text())
    return witness


def submission(old: int, proof: list[bytes], note: str) -> str:
    lines = [f"old {old}", *(b64encode(each).decode() for each in proof)]
    return "\n".join(lines) + "\n\n" + note


def test_a_strangers_witness_cosigns_our_growth_and_refuses_our_fork(
    log: Log, home: Path, publisher: Publisher
) -> None:
    stranger = Stranger(home / LOG_FOLDER)
    witness = witness_of(home)
    prover = Prover(Folder(home / LOG_FOLDER), read_verifier_keys(home))
    old = 0
    for size in SIZES:
        append(log, old, size)
        publisher.publish_once()
        note = stranger.checkpoint()[3]
        proof = [bytes(each) for each in prover.prove_consistency(old, size)] if old else []
        status, _, answer = witness.handle_add_checkpoint_http(submission(old, proof, note), NOW)
        assert status == 200, answer
        assert answer.startswith("— witness.example/court ")
        old = size
    # The same log again from its 256th entry on, signed by the same keys: a fork.
    fork = fork_of(home, stranger, 256, old + 10)
    assert witness.handle_add_checkpoint_http(submission(old, [], fork), NOW)[0] in {409, 422}
    forged = [sha256(bytes([n])).digest() for n in range(8)]
    assert witness.handle_add_checkpoint_http(submission(old, forged, fork), NOW)[0] == 422
    honest = stranger.checkpoint()[3]
    assert witness.handle_add_checkpoint_http(submission(old, [], honest), NOW)[0] == 200


def fork_of(home: Path, stranger: Stranger, shared: int, size: int) -> str:
    """Sign a tree of *size* that leaves the log after *shared* entries, past the signer's mark."""
    entries = [*list(stranger.entries(shared)), *[b"forged %d" % n for n in range(shared, size)]]
    root = root_of([leaf_hash(entry) for entry in entries])
    keys = [
        SigningKey.parse(path.read_text().strip())
        for path in sorted((home / "keys").iterdir())
        if path.read_text().startswith("PRIVATE+KEY+")
    ]
    origin = stranger.checkpoint()[0]
    checkpoint = Checkpoint(origin, TreeSize(size), root)
    return sign_checkpoint(checkpoint, [signer_of(key) for key in keys], seconds=NOW).decode()
