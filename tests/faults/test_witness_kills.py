"""A witness killed at any point never cosigns two checkpoints that contradict each other.

``XIYOU_TEST_FAULT_SCALE=50`` kills it fifty times as often.
"""

import http.client
import os
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from time import sleep

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.consistency import prove_consistency
from chain.hashes import LeafHash, TreeHash, TreeSize, leaf_hash
from chain.merkle import Node, root_of
from chain.note import Note
from chain.store.witness import create_witness, watch_log
from chain.witness import PATH, Submission, known_size_in
from scripts.witness import WitnessProcess
from tests.chain.keys import LOG, signers
from tests.chain.store.owners import until

SCALE = int(os.environ.get("XIYOU_TEST_FAULT_SCALE", "1"))
SEED = int(os.environ.get("XIYOU_TEST_FAULT_SEED", "20261122"))
KILLS = 3 * SCALE
BRANCHES = ("a", "b", "c")
SHARED = 16


def leaves_of(branch: str, size: int) -> list[LeafHash]:
    """Return a log that differs from every other branch after its sixteenth entry."""
    return [leaf_hash(f"{branch if n >= SHARED else ''}{n}".encode()) for n in range(size)]


class Log(threading.Thread):
    """A log's operator that shows one branch to a witness, for as long as it may."""

    def __init__(self, branch: str, port: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._branch, self._port = branch, port
        self._random = random.Random(seed)
        self.cosigned: list[Checkpoint] = []
        self.refused = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        old = 0
        while not self.stopped.is_set():
            tree = leaves_of(self._branch, max(old, SHARED - 2) + self._random.randrange(3))
            status, body, text = self._ask(old, tree)
            if status == 200:
                old = len(tree)
                self.cosigned.append(Checkpoint.parse(text))
            self.refused += status in {409, 422}
            if status == 409 and body[:1].isdigit():
                old = known_size_in(body)

    def _ask(self, old: int, tree: list[LeafHash]) -> tuple[int, bytes, str]:
        def read(nodes: Sequence[Node], /) -> list[TreeHash]:
            starts = [(node.position << node.level, 1 << node.level) for node in nodes]
            return [root_of(tree[start : start + width]) for start, width in starts]

        checkpoint = Checkpoint(LOG.name, TreeSize(len(tree)), root_of(tree))
        note = sign_checkpoint(checkpoint, signers(LOG))
        proof = prove_consistency(old, len(tree), read) if old else []
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", PATH, Submission(old, tuple(proof), note).to_bytes())
            response = connection.getresponse()
            return response.status, response.read(), Note.parse(note).text
        except (OSError, http.client.HTTPException):
            sleep(0.01)
            return 0, b"", ""
        finally:
            connection.close()


def answers(logs: list[Log]) -> int:
    return sum(len(log.cosigned) + log.refused for log in logs)


def test_a_witness_killed_under_load_never_cosigns_two_branches(tmp_path: Path) -> None:
    create_witness(tmp_path, "witness.example/killed", random.Random(SEED).randbytes)
    watch_log(tmp_path, (LOG.verifier_key,))
    plan = random.Random(SEED)
    witness = WitnessProcess(tmp_path)
    logs = [Log(branch, witness.port, SEED + n) for n, branch in enumerate(BRANCHES)]
    try:
        for log in logs:
            log.start()
        for _ in range(KILLS):
            # However slow the machine is, it is killed while it answers.
            before = answers(logs)
            until(lambda before=before: answers(logs) > before + 6, 60)  # type: ignore[misc]
            sleep(plan.uniform(0, 0.1))
            witness.stop()
            witness = WitnessProcess(tmp_path, witness.port)
        before = answers(logs)
        until(lambda: answers(logs) > before + 6, 60)
    finally:
        for log in logs:
            log.stopped.set()
        for log in logs:
            log.join(10)
        witness.stop()
    beyond = dict.fromkeys(BRANCHES, 0)
    for branch, log in zip(BRANCHES, logs, strict=True):
        assert log.cosigned or log.refused, f"seed {SEED}: {branch} was never answered"
        beyond[branch] = sum(each.size > SHARED for each in log.cosigned)
        sizes = [each.size for each in log.cosigned]
        assert sizes == sorted(sizes)
    # Beyond what they share one branch was cosigned and no other.
    assert sum(count > 0 for count in beyond.values()) == 1, f"seed {SEED}: {beyond}"
    assert sum(len(log.cosigned) for log in logs) >= KILLS
