"""From signed to final: our witness and a stranger's, real processes on loopback."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from chain.checkpoint import Checkpoint
from chain.errors import QuorumNotMetError, VerificationError
from chain.hashes import TreeHash, TreeSize
from chain.note import Note, Signature, make_signature
from chain.note import Signer as NoteSigner
from chain.quorum import Policy, PolicyGroup, PolicyLog, PolicyWitness, verify_checkpoint
from chain.store.auditor import audit_both
from chain.store.database import Database
from chain.store.files import Folder
from chain.store.finality import read_state
from chain.store.http import post
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher, Quorum
from chain.store.reader import LogReader
from chain.store.signer import Signer, history_of, read_verifier_keys
from chain.store.witness import create_witness, watch_log
from chain.store.witnesses import EXCHANGE_TIMEOUT, FIRST_PAUSE
from chain.vkey import KeyType, VerifierKey
from chain.witness import SIZE_TYPE, Submission
from scripts.witness import WitnessProcess
from tests.chain.keys import W1, W2, signers
from tests.chain.store.owners import REPOSITORY
from tests.chain.store.published import AT, commands, make_home
from tests.chain.store.test_strangers import Stranger as ForkingStranger
from tests.chain.store.test_strangers import fork_of
from tests.chain.store.writing import write

BLOCKED = EXCHANGE_TIMEOUT - 1
"""Seconds: who waited for a silent witness to the end of its exchange took longer."""

STRANGER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from witness_log import WitnessService
service = WitnessService.new("witness.example/stranger", bytes(range(32)))
service.add_log(sys.argv[1], sys.argv[2])
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, kind, answer = service.handle_add_checkpoint_http(body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(answer.encode())
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, service.vkey(), flush=True)
server.serve_forever()
"""


class Stranger:
    """``witness-log``'s witness in a process of its own."""

    def __init__(self, key: VerifierKey) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STRANGER, key.name, key.text()],
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        assert self.process.stdout is not None
        port, vkey = self.process.stdout.readline().split()
        self.vkey = VerifierKey.parse(vkey)
        self.url = f"http://127.0.0.1:{port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


Answer = Callable[[Submission], tuple[int, str, bytes]]


class Liar(http.server.ThreadingHTTPServer):
    """A witness that answers as a test wants it to."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Lying)
        self.answer = answer
        self.asked: list[Submission] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}/"


class _Lying(http.server.BaseHTTPRequestHandler):
    server: Liar

    def do_POST(self) -> None:
        assert self.path == "/add-checkpoint"
        submission = Submission.parse(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(submission)
        status, kind, body = self.server.answer(submission)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "log")


def ed25519(home: Path) -> VerifierKey:
    return next(key for key in read_verifier_keys(home) if key.type is KeyType.ED25519)


def our_witness(running: ExitStack, home: Path, name: str = "court") -> WitnessProcess:
    folder = home.parent / name
    if not folder.exists():
        create_witness(folder, f"witness.example/{name}", Random(name).randbytes)
        watch_log(folder, read_verifier_keys(home))
    return running.enter_context(WitnessProcess(folder))


def liar(running: ExitStack, answer: Answer) -> Liar:
    server = Liar(answer)
    running.callback(server.server_close)
    running.callback(server.shutdown)
    return server


def quorum(threshold: int, *members: tuple[VerifierKey, str], deadline: float = 20.0) -> Quorum:
    witnesses = {key.name: PolicyWitness(key, url) for key, url in members}
    groups = {"witnesses": PolicyGroup(threshold, tuple(witnesses))}
    return Quorum(Policy((), witnesses, groups, "witnesses"), deadline)


def publisher_of(database: Database, home: Path, asked: Quorum) -> Publisher:
    return Publisher(database, home, Signer(home), quorum=asked, clock=lambda: AT)


def shown(home: Path) -> bytes:
    return Folder(home / LOG_FOLDER).read(CHECKPOINT)


def verified(home: Path, asked: Quorum) -> tuple[int, set[str]]:
    """Return size and witnesses of what is shown, as a verifier with the policy finds them."""
    policy = asked.of(read_verifier_keys(home)).policy
    witnessed = verify_checkpoint(shown(home), policy)
    return witnessed.checkpoint.size, {name for name, _ in witnessed.witnesses}


def state_of(home: Path) -> dict[str, Any]:
    state = read_state(home)
    assert state is not None
    return state


def test_our_witness_and_a_strangers_cosign_what_is_shown(
    database: Database, home: Path, running: ExitStack
) -> None:
    court, stranger = our_witness(running, home), Stranger(ed25519(home))
    running.callback(stranger.kill)
    both = quorum(2, (court.vkey, court.url), (stranger.vkey, stranger.url), deadline=20)
    with publisher_of(database, home, both) as publisher:
        for first, count in ((0, 5), (5, 300), (305, 300)):
            write(database, commands(first, count))
            checkpoint = publisher.publish_once()
            assert checkpoint is not None
            assert verified(home, both) == (checkpoint.size, {court.vkey.name, stranger.vkey.name})
            # What is kept is what is shown, cosignatures and all.
            assert LogReader(database).checkpoint(checkpoint.size) == shown(home)
        assert publisher.publish_once() is None
    state = state_of(home)
    assert (state["met"], state["signed"], state["final"]) == (True, 605, 605)
    assert [each["size"] for each in state["witnesses"]] == [605, 605]
    assert audit_both(database, home).findings == ()


def test_without_the_quorum_the_newest_final_checkpoint_stays_and_the_state_says_since_when(
    database: Database, home: Path, running: ExitStack
) -> None:
    court = our_witness(running, home)
    asked = quorum(1, (court.vkey, court.url), deadline=20)
    write(database, commands(0, 5))
    now = [AT]
    with Publisher(database, home, Signer(home), quorum=asked, clock=lambda: now[0]) as publisher:
        publisher.publish_once()
        before = shown(home)
        court.stop()
        for later in (1, 2, 3):
            now[0] = AT + timedelta(minutes=later)
            write(database, commands(5 * later, 5))
            assert publisher.publish_once() is None
        # Signed and kept, but not shown.
        assert shown(home) == before
        assert LogReader(database).checkpoint(20) is not None
        state = state_of(home)
        assert (state["signed"], state["final"], state["met"]) == (20, 5, False)
        assert state["missing_since"] == "2026-11-22T12:01:00Z"
        assert "no answer" in state["witnesses"][0]["error"]
    # It is not forgotten over a restart, and made good when the witness is back.
    with Publisher(database, home, Signer(home), quorum=asked, clock=lambda: now[0]) as publisher:
        assert publisher.publish_once() is None
        assert state_of(home)["missing_since"] == "2026-11-22T12:01:00Z"
        running.enter_context(WitnessProcess(court.home, court.port))
    with Publisher(database, home, Signer(home), quorum=asked, clock=lambda: now[0]) as publisher:
        checkpoint = publisher.publish_once()
        assert checkpoint is not None
    assert verified(home, asked)[0] == 20
    assert state_of(home)["missing_since"] is None
    assert [tree.size for tree in history_of(home)] == [5, 10, 15, 20]
    assert audit_both(database, home).findings == ()


def test_a_frozen_witness_holds_nobody_up_and_is_taken_late(
    database: Database, home: Path, running: ExitStack
) -> None:
    court, other = our_witness(running, home), our_witness(running, home, "association")
    asked = quorum(1, (court.vkey, court.url), (other.vkey, other.url), deadline=3)
    write(database, commands(0, 5))
    with publisher_of(database, home, asked) as publisher:
        court.freeze()
        started = monotonic()
        assert publisher.publish_once() is not None
        # Enough have answered: not even the deadline is waited for.
        assert monotonic() - started < BLOCKED
        assert verified(home, asked) == (5, {other.vkey.name})
        before = shown(home)
        other.freeze()
        write(database, commands(5, 5))
        started = monotonic()
        assert publisher.publish_once() is None
        assert 0.4 < monotonic() - started < BLOCKED
        court.thaw()
        other.thaw()
        end = monotonic() + 20
        while len(LogReader(database).cosigners(-1)) < 4 and monotonic() < end:
            publisher.publish_once()
    names = {court.vkey.name, other.vkey.name}
    assert verified(home, asked) == (10, names)
    assert shown(home) == LogReader(database).checkpoint(10)
    # The cosignature of size 5 came late and was kept under what was shown before.
    late = LogReader(database).checkpoint(5)
    assert late is not None
    assert late.startswith(before)
    policy = asked.of(read_verifier_keys(home)).policy
    assert {name for name, _ in verify_checkpoint(late, policy).witnesses} == names


TRUE = signers(W1)[0]


def cosigned(submission: Submission, signer: NoteSigner = TRUE) -> bytes:
    note = Note.parse(submission.note)
    data = signer.sign(note.text, 1_795_000_000)
    return Signature(W1.name, W1.verifier_key.id, data).line().encode()


def other_text(submission: Submission) -> bytes:
    note = Note.parse(submission.note)
    lines = note.text.split("\n")
    text = Checkpoint(
        lines[0], TreeSize(int(lines[1]) + 1), Checkpoint.parse(note.text).root
    ).text()
    return cosigned(Submission(0, (), Note(text, note.signatures).to_bytes()))


LIES: dict[str, Answer] = {
    "another key": lambda s: (200, "text/plain", cosigned(s, signers(W2)[0])),
    "another checkpoint": lambda s: (200, "text/plain", other_text(s)),
    "nothing": lambda s: (200, "text/plain", b""),
    "no lines": lambda s: (200, "text/plain", b"\xff\x00"),
    "without end": lambda s: (200, "text/plain", b"x" * 200_000),
    "one line by a stranger": lambda s: (200, "text/plain", signers_line(s)),
    "a size beyond": lambda s: (409, SIZE_TYPE, b"99\n"),
    "the size it was sent": lambda s: (409, SIZE_TYPE, b"%d\n" % s.old_size),
    "ever other sizes": lambda s: (409, SIZE_TYPE, b"%d\n" % ((s.old_size + 1) % 5)),
    "no size": lambda s: (409, SIZE_TYPE, b"five\n"),
    "a split view": lambda s: (409, "text/plain", b"two roots\n"),
    "a fault": lambda s: (500, "text/html", b"<script>"),
    "elsewhere": lambda s: (307, "text/plain", b""),
}


def signers_line(submission: Submission) -> bytes:
    text = Note.parse(submission.note).text
    return make_signature(text, signers(W2)[0], 1).line().encode()


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_witness_gets_nothing_shown_and_the_true_one_is_enough(
    database: Database, home: Path, running: ExitStack, lie: str
) -> None:
    lying, true = (
        liar(running, LIES[lie]),
        liar(running, lambda s: (200, "text/plain", cosigned(s))),
    )
    write(database, commands(0, 5))
    alone = quorum(1, (W1.verifier_key, lying.url), deadline=20)
    with publisher_of(database, home, alone) as publisher:
        started = monotonic()
        assert publisher.publish_once() is None
        # It has answered: nobody waits for the deadline.
        assert monotonic() - started < BLOCKED
    assert not (home / LOG_FOLDER / CHECKPOINT).exists()
    assert LogReader(database).cosigners(-1) == []
    state = state_of(home)
    assert state["witnesses"][0]["error"]
    assert state["witnesses"][0]["ahead"] == (99 if lie == "a size beyond" else None)
    assert len(lying.asked) <= 3
    # The same witness, honest again.
    with publisher_of(database, home, quorum(1, (W1.verifier_key, true.url))) as publisher:
        assert publisher.publish_once() is not None


def test_a_witness_that_sends_a_byte_now_and_then_is_left_at_the_deadline(
    database: Database, home: Path, running: ExitStack
) -> None:
    release = threading.Event()

    def slowly(_: Submission) -> tuple[int, str, bytes]:
        release.wait(20)
        return 500, "text/plain", b""

    dripping = liar(running, slowly)
    running.callback(release.set)
    write(database, commands(0, 5))
    with publisher_of(
        database, home, quorum(1, (W1.verifier_key, dripping.url), deadline=0.3)
    ) as publisher:
        started = monotonic()
        assert publisher.publish_once() is None
        write(database, commands(5, 5))
        assert publisher.publish_once() is None
        assert monotonic() - started < BLOCKED


def test_a_witness_that_is_busy_with_an_earlier_checkpoint_is_waited_for(
    database: Database, home: Path, running: ExitStack
) -> None:
    """On the way up it is asked about what is shown, and then at once about what is new."""

    def slowly(submission: Submission) -> tuple[int, str, bytes]:
        sleep(0.3)
        return 200, "text/plain", cosigned(submission)

    slow = liar(running, slowly)
    write(database, commands(0, 5))
    with Publisher(database, home, Signer(home), clock=lambda: AT) as publisher:
        publisher.publish_once()
    write(database, commands(5, 5))
    with publisher_of(database, home, quorum(1, (W1.verifier_key, slow.url))) as publisher:
        checkpoint = publisher.publish_once()
    assert checkpoint is not None
    assert checkpoint.size == 10
    asked = [Checkpoint.parse(Note.parse(each.note).text).size for each in slow.asked]
    assert asked == [5, 10]


def test_a_witness_that_knows_another_size_is_followed_there(
    database: Database, home: Path, running: ExitStack
) -> None:
    """What a 409 says is where the next proof starts: after a restart, or with a new witness."""
    court = our_witness(running, home)
    asked = quorum(1, (court.vkey, court.url), deadline=20)
    for first in (0, 300):
        write(database, commands(first, 300))
        # A new publisher knows nothing of what the witness has cosigned.
        with publisher_of(database, home, asked) as publisher:
            assert publisher.publish_once() is not None
    assert verified(home, asked)[0] == 600


def test_a_false_cosignature_in_the_database_is_never_shown(
    database: Database, home: Path, owner_url: str, running: ExitStack
) -> None:
    court = our_witness(running, home)
    asked = quorum(1, (court.vkey, court.url), deadline=20)
    write(database, commands(0, 5))
    with publisher_of(database, home, asked) as publisher:
        publisher.publish_once()
    before = shown(home)
    false = before.splitlines(keepends=True)[-1].decode()
    court.stop()
    write(database, commands(5, 5))
    with publisher_of(database, home, asked) as publisher:
        publisher.publish_once()
        with database.connection() as connection:
            connection.execute(
                "INSERT INTO cosignatures (size, name, key_id, line, position)"
                " VALUES (10, %s, %s, %s, 0)",
                [court.vkey.name, court.vkey.id, false],
            )
        write(database, commands(10, 5))
        with pytest.raises(VerificationError, match="xiyou audit"):
            publisher.publish_once()
    assert shown(home) == before


def test_a_fork_is_refused_by_each_witness_with_the_status_of_the_specification(
    database: Database, home: Path, running: ExitStack
) -> None:
    """Signed by the log's own keys: what an operator would do who shows two logs."""
    court, stranger = our_witness(running, home), Stranger(ed25519(home))
    running.callback(stranger.kill)
    urls = [court.url, stranger.url]
    both = quorum(2, (court.vkey, urls[0]), (stranger.vkey, urls[1]), deadline=20)
    write(database, commands(0, 300))
    with publisher_of(database, home, both) as publisher:
        publisher.publish_once()
    folder = ForkingStranger(home / LOG_FOLDER)
    same_size, larger = (fork_of(home, folder, 256, size).encode() for size in (300, 310))
    proof = tuple(TreeHash(bytes([n]) * 32) for n in range(6))
    for url in urls:

        def answer(old: int, note: bytes, proof: tuple[TreeHash, ...] = (), url: str = url) -> int:
            body = Submission(old, proof, note).to_bytes()
            return post(f"{url}/add-checkpoint", body, "text/plain", 10).status

        # The stranger looks at the proof first; the specification would have it say 409.
        allowed = {HTTPStatus.CONFLICT} | ({422} if url == stranger.url else set())
        assert answer(300, same_size) in allowed
        assert answer(300, larger, proof) == HTTPStatus.UNPROCESSABLE_ENTITY
        assert answer(0, larger) == HTTPStatus.CONFLICT
        # The honest log goes on.
        assert answer(300, shown(home)) == HTTPStatus.OK


def test_f15_a_log_rolled_back_together_with_its_mark_gets_nothing_final(
    database: Database, home: Path, owner_url: str, running: ExitStack
) -> None:
    """An old backup of everything that is ours: what the witness remembers is not ours."""
    court = our_witness(running, home)
    asked = quorum(1, (court.vkey, court.url))
    write(database, commands(0, 10))
    with publisher_of(database, home, asked) as publisher:
        publisher.publish_once()
    with psycopg.connect(owner_url, options="-c search_path=ledger") as owner:
        owner.execute("SET session_replication_role = replica")
        for table in ("entries", "receipts", "checkpoints", "cosignatures"):
            owner.execute(f"DELETE FROM {table}".encode())
        owner.execute("UPDATE head SET size = 0, at = '', edge = ''")
    restored = make_home(home.parent / "restored")
    write(database, commands(100, 5))
    with publisher_of(database, restored, asked) as publisher:
        assert publisher.publish_once() is None
        write(database, commands(105, 10))
        # Past the old size too: the new tree does not begin with what was cosigned.
        sleep(FIRST_PAUSE)
        assert publisher.publish_once() is None
    assert not (restored / LOG_FOLDER / CHECKPOINT).exists()
    assert "answered 422" in state_of(restored)["witnesses"][0]["error"]
    assert state_of(restored)["witnesses"][0]["ahead"] == 10


def test_a_policy_with_a_witness_that_has_not_cosigned_is_not_met(
    database: Database, home: Path, running: ExitStack
) -> None:
    court = our_witness(running, home)
    write(database, commands(0, 5))
    with publisher_of(database, home, quorum(1, (court.vkey, court.url), deadline=20)) as publisher:
        publisher.publish_once()
    policy = Policy(
        tuple(PolicyLog(key) for key in read_verifier_keys(home)),
        {"w2": PolicyWitness(W2.verifier_key)}, {}, "w2",
    )  # fmt: skip
    with pytest.raises(QuorumNotMetError):
        verify_checkpoint(shown(home), policy)
